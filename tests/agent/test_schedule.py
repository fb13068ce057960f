"""The schedule: no drift, no overlap, starts spread evenly, and every slot either started or counted as missed."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.agent.schedule import Calendar, Schedule, Slot

WEEK = 7 * 86400.0
CHECKS = ("dns", "probe", "usersig")


@dataclass
class Clock:
    """A clock that stands until it is set."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


@dataclass
class Simulation:
    """A schedule in virtual time, with runs that take as long as they are told."""

    schedule: Schedule
    clock: Clock
    ends: list[tuple[float, str]] = field(default_factory=list)
    started: list[tuple[float, Slot]] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        targets: Sequence[str],
        *,
        checks: Sequence[str] = CHECKS,
        every: float = 60.0,
        periods: Mapping[str, float] | None = None,
        jitter: float = 0.1,
    ) -> "Simulation":
        """Return a simulation that begins now."""
        clock = Clock()
        return cls(
            Schedule(targets, checks=checks, every=every, periods=periods or {}, jitter=jitter, clock=clock), clock
        )

    def run(self, until: float, seconds: Sequence[float] = (0.0,)) -> None:
        """Let time go on; the n-th run takes the n-th of the seconds, over and over."""
        while min(self.schedule.next_at(), *(end for end, _ in self.ends), math.inf) <= until:
            self.clock.now = min(self.schedule.next_at(), *(end for end, _ in self.ends), math.inf)
            for end, target in [item for item in self.ends if item[0] <= self.clock.now]:
                self.schedule.done(target)
                self.ends.remove((end, target))
            for slot in self.schedule.due():
                took = seconds[len(self.started) % len(seconds)]
                self.started.append((self.clock.now, slot))
                self.ends.append((self.clock.now + took, slot.target))


PERIODS = st.floats(0.3, 5000).map(lambda seconds: round(seconds, 3))
LONG = st.floats(600, 90000).map(lambda seconds: round(seconds, 6))
NAMES = st.lists(st.text(min_size=1, max_size=8), unique=True, min_size=1, max_size=12)
TIMES = st.lists(st.floats(0, 500), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("periods", "slots"),
    [
        pytest.param({}, {0: "dpu", 60: "dpu", 120: "dpu", 180: "dpu"}, id="one period for all"),
        pytest.param({"usersig": 120.0}, {0: "dpu", 60: "dp", 120: "dpu", 180: "dp"}, id="a longer one"),
        pytest.param({"usersig": 30.0}, {0: "dpu", 30: "u", 60: "dpu", 90: "u", 120: "dpu"}, id="a shorter one"),
        pytest.param({"usersig": 90.0}, {0: "dpu", 60: "dp", 90: "u", 120: "dp", 180: "dpu"}, id="one that is odd"),
        pytest.param(
            {"other": 1.0}, {0: "dpu", 60: "dpu", 120: "dpu", 180: "dpu"}, id="one of a check that is not run"
        ),
        pytest.param(dict.fromkeys(CHECKS, 90.0), {0: "dpu", 90: "dpu", 180: "dpu"}, id="nothing at the base period"),
    ],
)
def test_a_slot_names_the_checks_that_are_due(periods: Mapping[str, float], slots: Mapping[int, str]) -> None:
    """Each check comes at the multiples of its own period, all are due at the first slot, and what coincides is one slot."""
    simulation = Simulation.of(["prod"], periods=periods, jitter=0)
    simulation.run(1000.0 + max(slots))
    seen = {round(at - 1000): "".join(sorted(name[0] for name in slot.checks)) for at, slot in simulation.started}
    assert seen == slots


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-7, math.nan])
def test_a_period_that_is_none_is_refused(seconds: float) -> None:
    """A period under a microsecond is an error with a sentence, as base and as a check's own."""
    with pytest.raises(ValueError, match=r"write a longer one|cannot convert"):
        Calendar.of(CHECKS, seconds, {})
    with pytest.raises(ValueError, match=r"write a longer one|cannot convert"):
        Calendar.of(CHECKS, 60, {"dns": seconds})


def test_fifty_targets_at_fifty_seconds_start_one_second_apart() -> None:
    """The targets' phases are spread evenly, and their order does not depend on the configuration's."""
    names = [f"app-{number}" for number in range(50)]
    one, other = Simulation.of(names, every=50, jitter=0), Simulation.of(names[::-1], every=50, jitter=0)
    for simulation in (one, other):
        simulation.run(1049.5)
    assert [at for at, _ in one.started] == [1000.0 + second for second in range(50)]
    assert [slot.target for _, slot in one.started] == [slot.target for _, slot in other.started]
    assert [slot.target for _, slot in one.started] != names


@given(names=NAMES, every=PERIODS, jitter=st.floats(0, 1))
def test_starts_are_spread(names: list[str], every: float, jitter: float) -> None:
    """In no part of a period do more targets start than its share, and those that jitter can bring in from before."""
    simulation = Simulation.of(names, every=every, jitter=jitter)
    simulation.run(1000 + 2 * every)
    parts = 4
    buckets = Counter(int((at - 1000) / every * parts) for at, _ in simulation.started)
    share = math.ceil(len(names) / parts * (1 + jitter * parts)) + 1
    assert all(count <= share for part, count in buckets.items() if part < 2 * parts)


@given(every=LONG, own=LONG, jitter=st.floats(0, 1))
def test_no_drift_over_a_week(every: float, own: float, jitter: float) -> None:
    """After a week every slot still starts at a multiple of a period, put off by no more than the jitter; none is left out or doubled."""
    simulation = Simulation.of(["prod"], every=every, periods={"usersig": own}, jitter=jitter)
    simulation.run(1000 + WEEK)
    for check, period in (("dns", every), ("usersig", own)):
        starts = [at - 1000 for at, slot in simulation.started if check in slot.checks]
        late = [at - number * period for number, at in enumerate(starts)]
        assert all(-1e-6 <= seconds <= jitter * every + 1e-6 for seconds in late)
        assert WEEK // period <= len(starts) <= WEEK // period + 1


@given(names=NAMES, every=PERIODS, own=PERIODS, jitter=st.floats(0, 1), seconds=TIMES)
def test_nothing_overlaps_and_nothing_is_lost(
    names: list[str], every: float, own: float, jitter: float, seconds: list[float]
) -> None:
    """However long runs take: never two of one target, and each slot that passed was started or counted as missed."""
    simulation = Simulation.of(names, every=every, periods={"usersig": own}, jitter=jitter)
    end = 1000 + 20 * min(every, own)
    simulation.run(end, seconds)
    idle = Simulation.of(names, every=every, periods={"usersig": own}, jitter=jitter)
    idle.run(end)
    assert sum(idle.schedule.missed.values()) == 0
    for name in names:
        runs = [
            (at, at + seconds[number % len(seconds)])
            for number, (at, slot) in enumerate(simulation.started)
            if slot.target == name
        ]
        assert all(before[1] <= after[0] for before, after in pairwise(runs))
        passed = sum(slot.target == name for _, slot in idle.started)
        assert len(runs) + simulation.schedule.missed[name] == passed


@given(every=PERIODS, own=PERIODS, seconds=TIMES)
def test_what_was_due_in_a_missed_slot_is_due_in_the_next(every: float, own: float, seconds: list[float]) -> None:
    """A check whose slot was missed comes with the next run: no check waits longer than its period and the run in its way."""
    simulation = Simulation.of(["prod"], every=every, periods={"usersig": own}, jitter=0)
    simulation.run(1000 + 200 * min(every, own), seconds)
    for check, period in (("dns", every), ("usersig", own)):
        last = 1000.0
        for number, (at, slot) in enumerate(simulation.started):
            if check in slot.checks:
                last = at
            else:
                before = seconds[(number - 1) % len(seconds)]
                assert at - last <= period + before + 1e-3


@given(every=st.integers(1, 30), own=st.integers(1, 30), third=st.integers(1, 30), upto=st.integers(0, 2000))
def test_slots_are_counted_without_walking_them(every: int, own: int, third: int, upto: int) -> None:
    """The arithmetic agrees with a walk from slot to slot."""
    calendar = Calendar.of(CHECKS, every, {"usersig": own, "probe": third})
    walked = sorted({k for period in (every, own, third) for k in range(0, upto + 1, period)})
    last = calendar.until(upto * 1_000_000)
    assert (last // 1_000_000, calendar.count(last)) == (walked[-1], len(walked))
    assert calendar.after(last) > upto * 1_000_000


def test_a_loop_that_was_away_runs_once() -> None:
    """After a week in which nobody called there is one run, with every check; the rest of its slots are counted."""
    simulation = Simulation.of(["prod"], periods={"usersig": 3600.0}, jitter=0)
    simulation.run(1000)
    simulation.clock.now += WEEK
    (slot,) = simulation.schedule.due()
    assert (slot.at, slot.checks) == (1000 + WEEK, frozenset(CHECKS))
    assert simulation.schedule.missed == {"prod": WEEK / 60 - 1}
    assert simulation.schedule.next_at() == 1000 + WEEK + 60


def test_the_rest_stays_due_when_there_is_no_room() -> None:
    """A limit leaves slots where they are, those that wait longest come first, and a busy target takes no room."""
    clock = Clock()
    schedule = Schedule(
        ["a", "b", "c"], checks=CHECKS, every=60, periods={}, jitter=0, clock=clock, busy=["b", "not ours"]
    )
    clock.now += 59
    assert schedule.due(0) == []
    assert schedule.next_at() <= clock.now
    first, second = schedule.due(1), schedule.due()
    assert (len(first), len(second)) == (1, 1)
    assert first[0].at < second[0].at
    assert {first[0].target, second[0].target} == {"a", "c"}
    assert schedule.missed == {"a": 0, "b": 1, "c": 0}
    assert schedule.newly_missed() == {"b": 1}
    schedule.done("b")
    clock.now += 60
    assert [slot.target for slot in schedule.due()] == ["b"]
    assert schedule.missed == {"a": 1, "b": 1, "c": 1}
    assert [schedule.newly_missed() for _ in range(2)] == [{"a": 1, "c": 1}, {}]


def test_no_targets() -> None:
    """Nothing is ever due of no targets."""
    simulation = Simulation.of([])
    assert simulation.schedule.due() == []
    assert simulation.schedule.next_at() == math.inf


@given(every=st.floats(0.3, 5000), jitter=st.floats(0, 5))
def test_jitter_repeats_itself_and_never_reorders(every: float, jitter: float) -> None:
    """Two schedules put a slot off by the same, and no slot is overtaken by the one before it, however great the jitter."""
    one, other = (Simulation.of(["prod"], every=every, periods={"usersig": 1.1 * every}, jitter=jitter) for _ in "ab")
    one.run(1000 + 30 * every)
    other.run(1000 + 30 * every)
    starts = [at for at, _ in one.started]
    assert starts == [at for at, _ in other.started]
    assert all(before < after for before, after in pairwise(starts))


def test_a_hundred_thousand_targets() -> None:
    """Three minutes of 100,000 targets: each slot starts, and every second has its share of them, 1,667 on average."""
    names = [f"app-{number}" for number in range(100_000)]
    clock = Clock()
    schedule = Schedule(names, checks=CHECKS, every=60, periods={"usersig": 3600.0}, jitter=0.1, clock=clock)
    counts = []
    for _ in range(180):
        clock.now += 1
        slots = schedule.due()
        counts.append(len(slots))
        for slot in slots:
            schedule.done(slot.target)
    assert sum(schedule.missed.values()) == 0
    assert max(counts) < 2000
    assert min(counts[10:]) > 1400
