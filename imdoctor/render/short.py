"""The report in one line for each target: status, target, first cause with its code, and how long."""

from imdoctor.model import Report, TargetReport
from imdoctor.render.text import COLOURS, WORDS, duration, gist, title_of
from imdoctor.render.wrap import clean
from imdoctor.speech import say


def render(report: Report, *, colour: bool = False) -> str:
    """Return the report as lines, which no width breaks: they are there to be searched and counted."""
    if not report.targets:
        return f"{say('{who}: {told}', who=WORDS['unknown'], told=say('no target was examined'))}\n"
    return "".join(f"{_line(target, colour=colour)}\n" for target in report.targets)


def _line(target: TargetReport, *, colour: bool) -> str:
    word = WORDS[target.status]
    shown = f"\x1b[{COLOURS[target.status]}m{word}\x1b[0m" if colour else word
    codes = [cause.cause for cause in target.diagnosis[:1]]
    tried = max((len(check.attempts) for check in target.checks), default=0)
    again = [say("tried {times} times", times=tried + 1)] if tried else []
    told = say(", ").join([*codes, *again, duration(_longest(target))])
    said = say("{target}: {gist} ({told})", target=title_of(target), gist=gist(target), told=told)
    return f"{shown} {clean(said)}"


def _longest(target: TargetReport) -> float | None:
    """Return how long the slowest check took: they all start at once."""
    times = [check.duration_seconds for check in target.checks if check.duration_seconds is not None]
    return max(times, default=None)
