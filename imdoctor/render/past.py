"""What a page shows of a target beside its report: since when, its incidents, and its earlier runs. Plain values."""

import statistics
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

import msgspec

from imdoctor.model import Measurement, Status, worst

STRETCHES = 96
"""Stretches of a drawing at the most: a day in quarters of an hour, and still a few points wide on a telephone."""
JITTER = 1.5
"""Times the usual distance of two runs that a stretch is long, at the least: a run that was a little late leaves no gap."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One check in one run: how it went, and what it measured."""

    status: Status
    measurements: tuple[Measurement, ...] = ()


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a target: when it began (Unix seconds), its verdict, and the checks that were asked in it."""

    at: float
    status: Status
    checks: Mapping[str, Point] = {}


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a target was not healthy (Unix seconds); ``ended`` is None while it lasts. ``causes`` are titles."""

    began: float
    ended: float | None = None
    status: Status
    causes: tuple[str, ...] = ()


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What went before a target's report. The empty Past is "nothing known"."""

    at: float | None = None
    """The start of the run that the report is of (Unix seconds)."""
    since: float | None = None
    """Since when the target's status is what it is (Unix seconds)."""
    flapping: bool = False
    troubles: tuple[Trouble, ...] = ()
    """The newest first."""
    runs: tuple[Run, ...] = ()
    """In the order of time."""


class Stretch(msgspec.Struct, frozen=True):
    """A length of time (Unix seconds) with what was seen in it: no point is a gap."""

    begin: float
    end: float
    points: tuple[Point, ...] = ()

    @property
    def status(self) -> Status | None:
        """The worst that was seen, by what decides anything; None for a gap."""
        if not self.points:
            return None
        decided = worst(point.status for point in self.points)
        return decided if any(point.status == decided for point in self.points) else self.points[-1].status


def points_of(runs: Sequence[Run], check: str) -> list[tuple[float, Point]]:
    """Return a check's points, each with its time."""
    return [(run.at, run.checks[check]) for run in runs if check in run.checks]


def stretches(points: Sequence[tuple[float, Point]], begin: float, end: float) -> list[Stretch]:
    """Return equal stretches from ``begin`` to past ``end`` (Unix seconds), each with the points within it."""
    usual = statistics.median([after - before for (before, _), (after, _) in pairwise(points)] or [0.0])
    width = max((end - begin) / STRETCHES, usual * JITTER, 1.0)
    within = {
        place: tuple(point for _, point in group)
        for place, group in groupby(points, lambda one: _place(one, begin, width))
    }
    last = int((end - begin) / width)
    return [
        Stretch(begin + place * width, begin + (place + 1) * width, within.get(place, ())) for place in range(last + 1)
    ]


def _place(point: tuple[float, Point], begin: float, width: float) -> int:
    return int((point[0] - begin) / width)
