"""A stepped wall clock and a late loop, noticed from what they are told."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.agent.clocks import ClockWatch, TickWatch


@pytest.mark.parametrize(
    ("looks", "step"),
    [
        pytest.param([(0, 100), (60, 160)], None, id="in step"),
        pytest.param([(0, 100), (60, 160.9)], None, id="less than a second"),
        pytest.param([(0, 100), (60, 162)], 2.0, id="forward"),
        pytest.param([(0, 100), (60, 40)], -120.0, id="back"),
        pytest.param([(0, 100), (7200, 7304)], None, id="slewed for two hours"),
        pytest.param([(0, 100), (7200, 7306)], 6.0, id="more than any slewing"),
        pytest.param([(0, 100), (1, 1101), (2, 1102)], None, id="told once"),
        pytest.param(
            [(0, 100), *((60 * n, 100 + 60.02 * n) for n in range(1, 200))], None, id="slow slewing adds up to nothing"
        ),
    ],
)
def test_stepped_clock(looks: list[tuple[float, float]], step: float | None) -> None:
    """The last look tells a step since the look before it, and no slewing."""
    watch = ClockWatch()
    *_, last = [watch.look(monotonic, wall) for monotonic, wall in looks]
    assert last == (step if step is None else pytest.approx(step))


@pytest.mark.parametrize(
    ("ticks", "told"),
    [
        pytest.param([(1, 1.0), (2, 2.49)], [None, None], id="soon enough"),
        pytest.param([(1, 1.5)], [0.5], id="late is told at once"),
        pytest.param([(1, 2), (3, 5), (6, 7)], [1, None, None], id="then not for a minute"),
        pytest.param([(1, 2), (3, 6), (7, 8), (62, 62)], [1, None, None, 3], id="then the worst of it"),
        pytest.param([(1, 2), (70, 70), (80, 81)], [1, None, 1], id="nothing to tell after a quiet minute"),
        pytest.param([(5, 4)], [None], id="early is not late"),
    ],
)
def test_late_ticks(ticks: list[tuple[float, float]], told: list[float | None]) -> None:
    """A late loop is told at once, and then at most once a minute with the worst."""
    watch = TickWatch()
    assert [watch.look(expected, real) for expected, real in ticks] == told


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 20))))
def test_late_ticks_are_told_in_moderation(steps: list[tuple[float, float]]) -> None:
    """Whatever the ticks, no two tellings stand less than a minute apart, and none is less than what is late."""
    watch, now, told = TickWatch(), 0.0, []
    for passed, lateness in steps:
        now += passed + lateness
        if (worst := watch.look(now - lateness, now)) is not None:
            told.append((now, worst))
    assert all(later[0] - earlier[0] >= 60 for earlier, later in pairwise(told))
    assert all(worst >= 0.5 for _, worst in told)
