"""Whether a time has changed, or only varies: pure."""

from collections.abc import Sequence
from statistics import median

import msgspec

LEAST_SECONDS, LEAST_RATIO = 0.005, 0.2
"""A time has changed by more than both of these, or it has not: what is less matters to nobody who waits for an answer."""
LARGE_SECONDS, LARGE_RATIO = 0.1, 3.0
"""With one sample on a side there is no spread to go by, and one late packet or a busy moment makes tens of milliseconds. So a change
is called one only where it exceeds that, and the larger is a multiple of the smaller."""


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """Several measurements of one thing, in seconds."""

    median: float
    low: float
    high: float
    count: int


def samples_of(values: Sequence[float]) -> Samples:
    """Return what several measurements come to."""
    return Samples(median=median(values), low=min(values), high=max(values), count=len(values))


def judge(before: Samples, after: Samples) -> bool | None:
    """Tell whether a time has changed: by more than the least effect and by more than either side's spread. None: not to be told.

    The spread is the whole range of a side's samples, since they are few.
    """
    effect, smaller = abs(after.median - before.median), min(before.median, after.median)
    spread = max(before.high - before.low, after.high - after.low)
    if effect <= max(LEAST_SECONDS, LEAST_RATIO * smaller, spread):
        return False
    if min(before.count, after.count) > 1:
        return True
    return True if effect >= LARGE_SECONDS and smaller + effect >= LARGE_RATIO * smaller else None
