"""The reports of all worlds, kept: a change to the rules shows as a change of their verdicts, on a machine without root."""

import lzma
from collections.abc import Sequence
from pathlib import Path

import msgspec

from imdoctor import registry
from imdoctor.model import Report
from imdoctor.runner import judge
from tests.lab.outcome import Outcome, named

FOLDER = Path(__file__).parents[1] / "replay"
REPORTS = FOLDER / "reports.jsonl.xz"
VERDICTS = FOLDER / "verdicts.txt"


class Kept(msgspec.Struct, frozen=True):
    """One world's report."""

    world: str
    report: Report


def save(outcomes: Sequence[Outcome]) -> None:
    """Keep the reports and their verdicts."""
    ordered = sorted((one for one in outcomes if one.report is not None), key=lambda one: one.world)
    lines = [msgspec.json.encode({"world": one.world, "report": one.report}) for one in ordered]
    FOLDER.mkdir(exist_ok=True)
    REPORTS.write_bytes(lzma.compress(b"\n".join(lines), preset=lzma.PRESET_EXTREME))
    rejudge()


def rejudge() -> None:
    """Write the verdicts that the rules as they are now give for the kept reports."""
    VERDICTS.write_text("".join(f"{line}\n" for line in judged()))


def judged() -> list[str]:
    """Return the verdicts that the rules as they are now give for the kept reports."""
    checks = registry.load().checks
    return [verdict(kept.world, judge(kept.report, checks)) for kept in load()]


def load() -> list[Kept]:
    """Return the reports that were kept."""
    return msgspec.json.Decoder(Kept).decode_lines(lzma.decompress(REPORTS.read_bytes()))


def verdict(world: str, report: Report) -> str:
    """Return a report's verdict as a line for people."""
    causes = "; ".join(f"{one.cause} {one.severity} {one.confidence}" for one in named(report)) or "nothing"
    return f"{world}: {causes}"


def pretty(outcome: Outcome) -> str:
    """Return a world's report, to be read."""
    return msgspec.json.format(msgspec.json.encode(outcome.report), indent=1).decode()
