"""What took how long: the phases of calls, and the times for which a check has a limit. From measurements alone, of any check."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from imdoctor.model import Measurement
from imdoctor.render.past import Stretch
from imdoctor.speech import say

TOTAL = "total"
"""The name of a measurement whose neighbours are its phases."""
OTHER = "other"
"""What of a total is in no phase."""

Parts = Mapping[str, float]
"""Seconds by the name of a phase, in the order in which they follow each other."""


class Call(msgspec.Struct, frozen=True):
    """One call: its labels, as one text, and its phases with the rest."""

    name: str
    parts: Parts

    @property
    def total(self) -> float:
        """Seconds from end to end."""
        return sum(self.parts.values())


class Limited(msgspec.Struct, frozen=True):
    """A time that should not be long, and the limit over which its check warns (seconds)."""

    seconds: float
    limit: float


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took in each stretch, in parts of one run: the slowest of the stretch. None is a gap."""

    title: str
    columns: tuple[Parts | None, ...]
    limit: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all parts, what is in no phase last."""
        names = dict.fromkeys(name for column in self.columns if column for name in column)
        return tuple(sorted(names, key=lambda name: name == OTHER))

    @property
    def longest(self) -> float:
        """The longest of all columns, in seconds."""
        return max((sum(column.values()) for column in self.columns if column), default=0.0)


def calls(measurements: Sequence[Measurement]) -> list[Call]:
    """Return what is told with its total and phases."""
    if all(item.name != TOTAL for item in measurements):  # a day has thousands of runs to look through
        return []
    return [call for group in groups(measurements) if (call := _call(group)) is not None]


def groups(measurements: Sequence[Measurement]) -> Iterator[list[Measurement]]:
    """Yield measurements of one thing: those with the same labels, up to a name that is there already. What is no number is left out."""
    group: list[Measurement] = []
    for item in (one for one in measurements if one.unit != "info"):
        if group and (item.labels != group[0].labels or item.name in {one.name for one in group}):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _call(group: Sequence[Measurement]) -> Call | None:
    taken = {item.name: item.value for item in group if item.value is not None and item.unit == "seconds"}
    total = taken.pop(TOTAL, None)
    if total is None:
        return None
    rest = total - sum(taken.values())
    return Call(" ".join(group[0].labels.values()), {**taken, OTHER: rest} if rest > 0 else taken)


def limited(measurements: Sequence[Measurement]) -> dict[str, Limited]:
    """Return the slowest of each time that has a limit, by name."""
    found: dict[str, Limited] = {}
    for item in measurements:
        if item.value is None or item.unit != "seconds" or item.warn is msgspec.UNSET:
            continue
        least, most = item.warn
        if least == 0 and most is not None and (item.name not in found or item.value > found[item.name].seconds):
            found[item.name] = Limited(item.value, most)
    return found


def series(past: Sequence[Stretch]) -> list[Series]:
    """Return what to draw of a check: its first call by phases, or each of its times that has a limit."""
    firsts = [
        _slowest([made[0] for point in stretch.points if (made := calls(point.measurements))]) for stretch in past
    ]
    if any(firsts):
        name = next(call.name for call in firsts if call)
        return [
            Series(
                title=say("{name} call", name=name).lstrip(),
                columns=tuple(call.parts if call else None for call in firsts),
            )
        ]
    seen = [limited([item for point in stretch.points for item in point.measurements]) for stretch in past]
    return [_limited_series(name, seen) for name in dict.fromkeys(name for one in seen for name in one)]


def _slowest(made: Sequence[Call]) -> Call | None:
    return max(made, key=lambda call: call.total, default=None)


def _limited_series(name: str, seen: Sequence[Mapping[str, Limited]]) -> Series:
    limit = next(one[name].limit for one in reversed(seen) if name in one)
    columns = tuple({name: one[name].seconds} if name in one else None for one in seen)
    return Series(title=name, columns=columns, limit=limit)
