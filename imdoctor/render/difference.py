"""A comparison of two reports for people: one line where nothing differs, else the worst first, grouped."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from imdoctor.comparison import Change, Comparison, Side, TargetComparison, TimeChange
from imdoctor.model import RANK
from imdoctor.render.text import duration
from imdoctor.render.wrap import wrap
from imdoctor.spread import Samples

TITLES = {"cause": "causes", "finding": "findings", "check": "checks", "setting": "settings"}
COMPARED = "causes, findings, what was seen and times"


def render(told: Comparison, *, width: int = 80) -> str:
    """Return a comparison as text of at most ``width`` columns."""
    return "\n".join(line.rstrip() for line in _lines(told, width)) + "\n"


def _lines(told: Comparison, width: int) -> Iterator[str]:
    if told.same:
        yield f"The same: {COMPARED} do not differ{_unjudged_count(told)}."
        return
    yield "DIFFERENT"
    yield from wrap(_side(told.before), width, "  before: ")
    yield from wrap(_side(told.after), width, "  after:  ")
    for title, names in (("only before", told.gone), ("only after", told.new)):
        yield from (line for name in names for line in wrap(name, width, f"  target {title}: "))
    for target in sorted(told.targets, key=_urgency):
        yield ""
        yield from _target(target, width)


def _unjudged_count(told: Comparison) -> str:
    count = sum(not time.judged for target in told.targets for time in target.times)
    return f"; {count} time{'s' if count > 1 else ''} of one sample each could not be judged" if count else ""


def _side(side: Side) -> str:
    return f"{side.host}, {side.started_at}, imdoctor {side.imdoctor}"


def _urgency(target: TargetComparison) -> tuple[bool, int]:
    """Order what differs before what does not, then by what is worse now."""
    return target.same, -RANK.get(target.after, 0)


def _target(target: TargetComparison, width: int) -> Iterator[str]:
    status = target.after if target.before == target.after else f"{target.before} -> {target.after}"
    yield from wrap(f"{target.name} ({target.endpoint}): {'the same' if target.same else status}", width, rest="  ")
    for topic, changes in groupby(target.changes, key=lambda change: change.topic):
        yield f"  {TITLES.get(topic, topic)}"
        for change in changes:
            yield from _change(change, width)
    yield from _times("times", [time for time in target.times if time.judged], width)
    yield from _times("not judged: one sample on a side", [time for time in target.times if not time.judged], width)


def _change(change: Change, width: int) -> Iterator[str]:
    """Yield one change: what is on both sides once by ->, a list as its items by - and +."""
    named = "" if change.what == change.topic else f"{change.what}: "
    if named and len(change.before) == len(change.after) == 1:
        yield from wrap(f"{named}{change.before[0]} -> {change.after[0]}", width, "    ", "      ")
        return
    for sign, items in (("-", change.before), ("+", change.after)):
        yield from (line for item in items for line in wrap(f"{named}{item}", width, f"    {sign} "))


def _times(title: str, times: Sequence[TimeChange], width: int) -> Iterator[str]:
    if times:
        yield f"  {title}"
    for time in times:
        labels = ", ".join(f"{key} {value}" for key, value in time.labels.items())
        about = f"{time.check} {time.name}{f' ({labels})' if labels else ''}"
        yield from wrap(f"{about}: {_samples(time.before)} -> {_samples(time.after)}", width, "    ", "      ")


def _samples(samples: Samples) -> str:
    if samples.count == 1:
        return duration(samples.median)
    return (
        f"{duration(samples.median)} ({duration(samples.low)} to {duration(samples.high)} in {samples.count} samples)"
    )
