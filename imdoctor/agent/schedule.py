"""When each target's checks are due: slots that never drift, counted in whole microseconds of a clock that is handed in."""

import hashlib
import heapq
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import msgspec

MICRO = 1_000_000
"""Microseconds in a second. As whole numbers they add up without rounding, and a float holds those of 285 years exactly."""
BEFORE = -1
"""Stands for the slot before the first."""


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A target whose checks are due. ``at`` is when they were meant to start, in seconds of the schedule's clock."""

    target: str
    at: float
    checks: frozenset[str]


@dataclass(frozen=True)
class Calendar:
    """The slots of every target, in microseconds after its phase: the multiples of every period.

    ``groups`` holds the checks of each period. All of them are due at 0, the first slot.
    """

    groups: Mapping[int, frozenset[str]]
    periods: tuple[int, ...]
    """Those that bring slots of their own: none is a multiple of another."""

    @classmethod
    def of(cls, checks: Sequence[str], every: float, periods: Mapping[str, float]) -> "Calendar":
        """Return the calendar of checks, each with a period of its own or else with ``every`` (seconds). Raises ValueError."""
        groups: dict[int, set[str]] = {}
        for check in checks:
            groups.setdefault(_period(periods.get(check, every)), set()).add(check)
        lengths = sorted(groups) or [_period(every)]
        own = [one for index, one in enumerate(lengths) if all(one % other for other in lengths[:index])]
        return cls({period: frozenset(names) for period, names in groups.items()}, tuple(own))

    def after(self, slot: int) -> int:
        """Return the next slot."""
        return min((slot // period + 1) * period for period in self.periods)

    def until(self, moment: int) -> int:
        """Return the last slot that is not after a moment, BEFORE if there is none."""
        return max(moment // period * period for period in self.periods) if moment >= 0 else BEFORE

    def count(self, slot: int) -> int:
        """Return how many slots there are from the first to this one: multiples of several periods once (inclusion–exclusion)."""
        several = (some for size in range(1, len(self.periods) + 1) for some in combinations(self.periods, size))
        return 1 + sum((1 if len(some) % 2 else -1) * (slot // math.lcm(*some)) for some in several)

    def checks(self, last: int, slot: int) -> frozenset[str]:
        """Return the checks that were due at any slot after ``last``, up to this one."""
        due = (names for period, names in self.groups.items() if slot // period > last // period)
        return frozenset[str]().union(*due)


def _period(seconds: float) -> int:
    period = round(seconds * MICRO)
    if period < 1:
        raise ValueError(f"a period of {seconds:g} seconds is none: write a longer one, such as 60s")
    return period


@dataclass(slots=True)
class Place:
    """A target's place in the schedule: where its slots begin, and how far they have gone."""

    target: str
    origin: int
    """Microseconds of the clock at its first slot."""
    last: int = BEFORE
    """The slot that last started a run."""
    seen: int = BEFORE
    """The slot that last started a run or was missed."""


@dataclass
class Schedule:
    """Which targets are due now, and with which checks. A step costs O(log n) for n targets.

    ``every`` is a target's period, ``periods`` those of single checks, all in seconds; ``jitter``, a ratio of ``every``,
    is the most by which a slot is put off. ``clock`` returns monotonic seconds. ``busy`` names targets that are running
    already. A slot that comes while its target is busy is counted in ``missed`` and not made up; so are all but the last of the slots
    that passed while nobody called. What was due in them is due in the next slot that starts. Raises ValueError.
    """

    targets: Sequence[str]
    checks: Sequence[str] = field(kw_only=True)
    every: float = field(kw_only=True)
    periods: Mapping[str, float] = field(kw_only=True)
    jitter: float = field(kw_only=True)
    clock: Callable[[], float] = field(kw_only=True)
    busy: Collection[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        self.missed, self._newly = dict.fromkeys(self.targets, 0), dict[str, int]()
        self._busy = set(self.busy)
        self._calendar = Calendar.of(self.checks, self.every, self.periods)
        self._most = round(self.jitter * self.every * MICRO)
        self._places = places(self.targets, self._now(), round(self.every * MICRO))
        self._heap = [(self._start(place, 0), order) for order, place in enumerate(self._places)]
        heapq.heapify(self._heap)

    def next_at(self) -> float:
        """Return when the next slot comes (seconds of the clock): in the past while one waits for room, never without targets."""
        return self._heap[0][0] / MICRO if self._heap else math.inf

    def due(self, limit: int | None = None) -> list[Slot]:
        """Return the slots whose time has come, at most ``limit``; their targets are busy from now on. The rest stay due."""
        now, slots = self._now(), list[Slot]()
        while self._heap and self._heap[0][0] <= now:
            place = self._places[self._heap[0][1]]
            if place.target in self._busy:
                self._miss(place.target, self._pass(place, now))
            elif limit is None or len(slots) < limit:
                slots.append(self._begin(place, now))
            else:
                break
            heapq.heapreplace(self._heap, (self._start(place, self._calendar.after(place.seen)), self._heap[0][1]))
        return slots

    def newly_missed(self) -> dict[str, int]:
        """Return how many slots of which targets were missed since this was asked the last time."""
        newly, self._newly = self._newly, {}
        return newly

    def done(self, target: str) -> None:
        """Take note that a target's run has ended."""
        self._busy.discard(target)

    def _begin(self, place: Place, now: int) -> Slot:
        """Start the last of the slots that have passed; the others are missed."""
        self._miss(place.target, self._pass(place, now) - 1)
        checks = self._calendar.checks(place.last, place.seen)
        place.last = place.seen
        self._busy.add(place.target)
        return Slot(target=place.target, at=self._start(place, place.seen) / MICRO, checks=checks)

    def _miss(self, target: str, slots: int) -> None:
        if slots:
            self.missed[target] += slots
            self._newly[target] = self._newly.get(target, 0) + slots

    def _pass(self, place: Place, now: int) -> int:
        """Go on to the last slot that has passed, and return how many have since the last one that was seen."""
        slot, seen = self._calendar.until(now - place.origin), place.seen
        if self._start(place, slot) > now:  # it was put off, and is still to come
            slot = self._calendar.until(slot - 1)
        place.seen = slot
        return self._calendar.count(slot) - self._calendar.count(seen)

    def _start(self, place: Place, slot: int) -> int:
        """Return a slot's start on the clock. It is put off by less than the time to the next slot, so none overtakes another."""
        most = min(self._most, self._calendar.after(slot) - slot)
        return place.origin + slot + (_hash(f"{place.target}\0{slot}") * most >> 64)

    def _now(self) -> int:
        return round(self.clock() * MICRO)


def places(targets: Sequence[str], now: int, every: int) -> list[Place]:
    """Spread the targets evenly over their period, in the order of a hash of their names. All in microseconds."""
    ordered = sorted(targets, key=lambda target: (_hash(target), target))
    return [Place(target, now + every * order // len(ordered)) for order, target in enumerate(ordered)]


def _hash(text: str) -> int:
    """Return 64 bits that are the same in every process, unlike hash()."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
