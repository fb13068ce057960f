"""What came of a world: whether its truth was seen, and whether imdoctor's diagnosis is right."""

import re
import shlex
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from imdoctor import registry
from imdoctor.model import HostReport, Report
from imdoctor.runner import judge
from tests.lab.build import Built, standing
from tests.lab.capture import Capture, Sent, differences, planned
from tests.lab.model import World, addresses, behind_stubs
from tests.lab.network import leave
from tests.lab.outside import third_parties

FAILS = 2
HOST = HostReport(name="client", system="Linux", python="3", openssl="OpenSSL")
"""In the place of the machine on which the worlds ran."""


class Named(msgspec.Struct, frozen=True):
    """A cause that imdoctor named."""

    cause: str
    severity: str
    confidence: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one world."""

    world: str
    expected: tuple[str, ...]
    allowed: tuple[str, ...] = ()
    sure: Mapping[str, str] = {}
    named: tuple[Named, ...] = ()
    exit_code: int | None = None
    untold: tuple[str, ...] = ()
    """Patterns that the messages of findings lack, and findings that should not be there."""
    unplanned: tuple[str, ...] = ()
    """How what the client sent differs from what `imdoctor plan` said."""
    untrue: tuple[str, ...] = ()
    """Looks at the truth that did not show what was planted: the world is not what it says."""
    error: str | None = None
    """Why the world could not be built, or imdoctor gave no report."""
    seconds: float = 0.0
    replays: bool = True
    """Whether the saved report, judged again, gives the same."""
    report: Any = None

    @property
    def told(self) -> tuple[str, ...]:
        """The causes named, but for those that a chance of timing may add."""
        return tuple(one.cause for one in self.named if one.cause in self.expected or one.cause not in self.allowed)

    @property
    def first_right(self) -> bool:
        """Whether the first cause is the right one; in a healthy world, whether there is none."""
        return self.told[:1] == self.expected[:1]

    @property
    def right(self) -> bool:
        """Whether everything is right: the truth, each cause and their order, the exit code."""
        fails = any(one.severity == "fail" for one in self.named)
        exits = self.exit_code == (FAILS if fails else 0)
        sure = all(one.confidence == self.sure.get(one.cause, one.confidence) for one in self.named)
        sound = not (self.error or self.untrue or self.untold or self.unplanned) and self.replays
        return sound and self.told == self.expected and exits and sure


def live(world: World) -> Outcome:
    """Build a world in namespaces of this process's own, look at the truth, run imdoctor, and judge it."""
    started = time.monotonic()
    outcome = Outcome(world=world.name, expected=world.expect, allowed=world.allow, sure=world.sure)
    with tempfile.TemporaryDirectory(prefix="imdoctor-world-") as name:
        try:
            leave()
            Path(name).chmod(0o755)
            with standing(world, Path(name)) as built:
                outcome = _judged(built, outcome)
        except Exception as error:  # noqa: BLE001 - one world that falls down must not take the others with it
            outcome = msgspec.structs.replace(outcome, error=f"{type(error).__name__}: {error}")
    return msgspec.structs.replace(outcome, seconds=time.monotonic() - started)


def _judged(built: Built, outcome: Outcome) -> Outcome:
    before = _untrue(built, after=False)
    client = built.hosts["client"]
    plan = client.finish(*built.plan, environ=built.environ)
    with Capture(client) as capture:
        done = client.finish(*built.command, environ=built.environ)
    untrue = before + _untrue(built, after=True)
    if not done.stdout.startswith("{"):
        return msgspec.structs.replace(
            outcome, untrue=untrue, error=f"exit code {done.returncode}: {done.stderr[-600:]}"
        )
    # What differs from run to run and says nothing of the world is not kept.
    text = done.stdout.replace(str(client.folder), "/lab")
    report = msgspec.json.decode(text, type=Report)
    report = msgspec.structs.replace(report, host=HOST)
    return msgspec.structs.replace(
        outcome,
        named=named(report),
        exit_code=done.returncode,
        untrue=untrue,
        unplanned=tuple(_unplanned(built, plan.stdout, capture.sent)),
        untold=tuple(_untold(built.world, report)),
        report=msgspec.to_builtins(report),
        replays=verdicts(report) == verdicts(judge(report, registry.load().checks)),
    )


def named(report: Report) -> tuple[Named, ...]:
    """Return the causes that a report names."""
    return tuple(Named(one.cause, one.severity, one.confidence) for one in report.targets[0].diagnosis)


def verdicts(report: Report) -> Any:  # noqa: ANN401 - plain JSON, to be compared
    """Return everything in a report that a judgement decides."""
    return [
        (target.status, target.diagnosis, [(one.name, one.status, one.summary, one.findings) for one in target.checks])
        for target in msgspec.json.decode(msgspec.json.encode(report), type=Report).targets
    ]


def _unplanned(built: Built, plan: str, sent: set[Sent]) -> Iterator[str]:
    """Yield how the wire differs from the plan; in healthy worlds the plan from the wire as well."""
    world = built.world
    if not plan.startswith("["):
        yield f"`imdoctor plan` says {plan!r}"
        return
    forwarded = {Sent("udp", one, 53) for one in behind_stubs(world)}
    yield from differences(
        planned(plan), sent - forwarded, {**addresses(world), **third_parties(world)}, whole=not world.expect
    )


def _untold(world: World, report: Report) -> Iterator[str]:
    """Yield what no message of a code's findings, and no note of a check's, holds; and what should not be said at all."""
    findings = [one for check in report.targets[0].checks for one in check.findings]
    for code, pattern in world.told.items():
        said = [one.message for one in findings if one.code == code]
        said += [note for check in report.targets[0].checks if check.name == code for note in check.notes or ()]
        if not any(re.search(pattern, message) for message in said):
            yield f"{code} lacks {pattern!r}: {said}"
    for code, pattern in world.never.items():
        said = [one.message for one in findings if one.code == code and re.search(pattern, one.message)]
        yield from (f"{code} says {pattern!r}: {message}" for message in said)
    yield from (f"{one.code} is found: {one.message}" for one in findings if one.code in world.absent)


def _untrue(built: Built, *, after: bool) -> tuple[str, ...]:
    """Return what the looks at the truth do not show."""
    wrong = []
    for truth in (truth for truth in built.world.truth if truth.after is after):
        said = built.run(truth.host, truth.script)
        if not re.search(truth.says, said):
            wrong.append(f"{truth.host}$ {truth.script}\n  lacks {truth.says!r}: {shlex.quote(said.strip()[-400:])}")
    return tuple(wrong)
