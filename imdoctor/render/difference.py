"""A comparison of two reports for people: one line where nothing differs, else the worst first, grouped."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from imdoctor.comparison import Change, Comparison, Side, TargetComparison, TimeChange
from imdoctor.model import RANK
from imdoctor.render.text import STATUSES, duration
from imdoctor.render.wrap import wrap
from imdoctor.speech import Words, count, mark, retold, say
from imdoctor.spread import Samples

TITLES: Mapping[str, str] = Words(
    cause=mark("causes"), finding=mark("findings"), check=mark("checks"), setting=mark("settings")
)


def render(told: Comparison, *, width: int = 80) -> str:
    """Return a comparison as text of at most ``width`` columns."""
    return "\n".join(line.rstrip() for line in _lines(told, width)) + "\n"


def _lines(told: Comparison, width: int) -> Iterator[str]:
    if told.same:
        yield say(
            "The same: causes, findings, what was seen and times do not differ{unjudged}.",
            unjudged=_unjudged_count(told),
        )
        return
    yield say("DIFFERENT")
    yield from wrap(_side(told.before), width, say("  before: "))
    yield from wrap(_side(told.after), width, say("  after:  "))
    for title, names in ((say("  target only before: "), told.gone), (say("  target only after: "), told.new)):
        yield from (line for name in names for line in wrap(name, width, title))
    for target in sorted(told.targets, key=_urgency):
        yield ""
        yield from _target(target, width)


def _unjudged_count(told: Comparison) -> str:
    number = sum(not time.judged for target in told.targets for time in target.times)
    if not number:
        return ""
    return count(
        number,
        "; 1 time of one sample each could not be judged",
        "; {number} times of one sample each could not be judged",
    )


def _side(side: Side) -> str:
    return f"{side.host}, {side.started_at}, imdoctor {side.imdoctor}"


def _urgency(target: TargetComparison) -> tuple[bool, int]:
    """Order what differs before what does not, then by what is worse now."""
    return target.same, -RANK.get(target.after, 0)


def _target(target: TargetComparison, width: int) -> Iterator[str]:
    status = STATUSES[target.after]
    if target.before != target.after:
        status = f"{STATUSES[target.before]} -> {status}"
    who = say("{name} ({endpoint})", name=target.name, endpoint=target.endpoint)
    yield from wrap(say("{who}: {told}", who=who, told=say("the same") if target.same else status), width, rest="  ")
    for topic, changes in groupby(target.changes, key=lambda change: change.topic):
        yield f"  {TITLES[topic] if topic in TITLES else retold(topic)}"
        for change in changes:
            yield from _change(change, width)
    yield from _times(say("times"), [time for time in target.times if time.judged], width)
    yield from _times(
        say("not judged: one sample on a side"), [time for time in target.times if not time.judged], width
    )


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
    return say(
        "{median} ({low} to {high} in {number} samples)",
        median=duration(samples.median),
        low=duration(samples.low),
        high=duration(samples.high),
        number=samples.count,
    )
