"""The report as workflow commands of GitHub Actions: an annotation for each cause, the worst first.

The format and its escapes are those of actions/toolkit (packages/core/src/command.ts). GitHub shows ten annotations of a
kind for a step at the most; these are ten in all, and the last one says what is left out.
"""

from collections.abc import Iterator

from imdoctor.model import RANK, Cause, Report, TargetReport
from imdoctor.render.causes import plain
from imdoctor.render.text import chosen, gist, headline, title_of, verdict_on
from imdoctor.render.wrap import clean
from imdoctor.speech import mark, say, translated

MOST = 10
LEVELS = {"ok": "notice", "info": "notice", "warn": "warning", "fail": "error", "unknown": "error"}
"""What is not known is an error as well: the step fails by it (exit code 3)."""
SUMMARY_LIMIT = 1024 * 1024
"""Bytes of a step's summary (docs.github.com: "isolated between steps and restricted to a maximum size of 1 MiB")."""
CUT_OFF = mark("\n\n*Cut off here: a step's summary takes no more.*\n")


def render(report: Report) -> str:
    """Return the report as workflow commands, one a line, with a line end."""
    told = [item for target in report.targets for item in _target(target)]
    told.sort(key=lambda item: -RANK[item[0]])
    commands = [command for _, command in told]
    if not commands:
        commands = [_command(report.status, "imdoctor", clean(headline(report)))]
    if len(commands) > MOST:
        left, worst = len(commands) - MOST + 1, told[MOST - 1][0]
        commands[MOST - 1 :] = [
            _command(worst, "imdoctor", say("{number} more are left out here: see the whole report", number=left))
        ]
    return "".join(f"{command}\n" for command in commands)


def _target(target: TargetReport) -> Iterator[tuple[str, str]]:
    """Yield what to tell of a target, each with its status: its causes; where it has none, its verdict."""
    for number, cause in enumerate(target.diagnosis, 1):
        yield cause.severity, _cause(number, cause, target)
    if target.status not in {cause.severity for cause in target.diagnosis}:
        yield (
            target.status,
            _command(
                target.status,
                say("{who}: {told}", who="imdoctor", told=gist(target)),
                "\n".join(_about(verdict_on(target), target)),
            ),
        )


def _cause(number: int, cause: Cause, target: TargetReport) -> str:
    text = "\n".join([*_about(title_of(target), target), "", *plain(number, cause)])
    return _command(cause.severity, say("{who}: {told}", who=cause.cause, told=cause.title), text)


def _about(text: str, target: TargetReport) -> list[str]:
    """Return a line about a target, and the one that says what chose its endpoint where nobody gave it."""
    return [clean(line) for line in (text, chosen(target)) if line]


def _command(status: str, title: str, text: str) -> str:
    return f"::{LEVELS[status]} title={_property(clean(title))}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def fitting(text: str, room: int) -> bytes:
    """Return a summary as bytes that fit into ``room``, cut at the end of a line with a word of it; b"" where nothing fits."""
    whole = text.encode("utf-8", "backslashreplace")
    if len(whole) <= room:
        return whole
    end = translated(CUT_OFF).encode()
    kept = whole[: max(0, room - len(end))].rpartition(b"\n")[0]
    return kept + end if kept else b""
