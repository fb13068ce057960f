"""Stretches of the past: equal, in order, none of a run's outcome lost, and a gap where nobody looked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.model import Status
from imdoctor.render.past import STRETCHES, Point, Run, Stretch, points_of, stretches

OK, WARN, FAIL = (Point(status=status) for status in ("ok", "warn", "fail"))

STATUSES: dict[str, tuple[list[Status], Status | None]] = {
    "nothing": ([], None),
    "one": (["ok"], "ok"),
    "the worst counts": (["ok", "fail", "warn", "unknown"], "fail"),
    "what was not asked decides nothing": (["blocked", "ok"], "ok"),
    "nothing was asked": (["skipped", "blocked"], "blocked"),
}


@pytest.mark.parametrize("name", STATUSES)
def test_the_status_of_a_stretch(name: str) -> None:
    """A stretch has the worst status in it; without a run it has none, and is no good one."""
    statuses, expected = STATUSES[name]
    assert Stretch(0.0, 1.0, tuple(Point(status=status) for status in statuses)).status == expected


def test_a_late_run_leaves_no_gap() -> None:
    """Runs that are a little early or late fill every stretch; a time without any is a gap."""
    late = [(float(at), OK) for at in (0, 66, 114, 180, 246, 294)]
    assert all(stretch.points for stretch in stretches(late, 0.0, 294.0))
    gone = [(float(at), OK) for at in (0, 60, 120, 600, 660, 720)]
    shown = stretches(gone, 0.0, 720.0)
    assert [bool(stretch.points) for stretch in shown] == [True, True, False, False, False, False, True, True, True]


def test_a_rare_check_has_longer_stretches() -> None:
    """A check that is asked once an hour has no gaps among others that are asked each minute."""
    hourly = [(float(at), OK) for at in range(0, 86400, 3600)]
    assert all(stretch.points for stretch in stretches(hourly, 0.0, 86340.0))


def test_a_check_has_the_runs_in_which_it_was_asked() -> None:
    """Only runs that asked a check are points of its past."""
    runs = [Run(at=1.0, status="ok", checks={"a": OK}), Run(at=2.0, status="warn", checks={"b": WARN})]
    assert points_of(runs, "b") == [(2.0, WARN)]


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=300))
def test_no_run_is_lost(times: list[float]) -> None:
    """Whenever the runs were, each is in one stretch, in order, and there are not many stretches."""
    points = [(at, Point(status="ok")) for at in sorted(times)]
    shown = stretches(points, points[0][0], points[-1][0])
    assert 1 <= len(shown) <= STRETCHES + 1
    assert sum(len(stretch.points) for stretch in shown) == len(points)
    for before, after in pairwise(shown):
        assert before.end == pytest.approx(after.begin)
