"""What took how long, from the measurements of any check: phases that add up, and times with a limit."""

import msgspec
import pytest

from imdoctor.model import Measurement
from imdoctor.render.past import Point, Stretch
from imdoctor.render.times import OTHER, Call, Limited, calls, groups, limited, series
from tests.render.reports import LEDGER, call


def seconds(name: str, value: float | None, limit: float | None = None) -> Measurement:
    """Return a time, with a limit."""
    return Measurement(name, value, "seconds", warn=msgspec.UNSET if limit is None else (0.0, limit))


def test_phases_add_up_to_the_total() -> None:
    """A call is its phases and what is in none of them; a phase that was not measured is left out."""
    (cold,) = calls(call("cold", **{**LEDGER, "resolve": None}))
    assert cold.name == "cold"
    assert list(cold.parts) == ["connect", "handshake", "send", "wait", "receive", OTHER]
    assert cold.parts[OTHER] == pytest.approx(0.0009)
    assert cold.total == pytest.approx(sum(LEDGER.values()) - LEDGER["resolve"] + 0.0009)


def test_calls_of_one_name_are_told_apart() -> None:
    """Two warm calls are two, and neither is an average."""
    warm = [call("warm", send=0.1), call("warm", send=0.2)]
    assert [one.parts["send"] for one in calls([*warm[0], *warm[1]])] == [0.1, 0.2]
    assert [len(group) for group in groups([*warm[0], *warm[1]])] == [7, 7]


def test_without_a_total_there_is_no_call() -> None:
    """What has no total, or whose total was not measured, is no call."""
    assert calls([seconds("connect", 0.1)]) == []
    assert calls([seconds("connect", 0.1), seconds("total", None)]) == []
    assert calls([]) == []


LIMITED = {
    "the slowest counts": ([seconds("a", 0.1, 1.0), seconds("a", 0.3, 1.0), seconds("a", 0.2, 1.0)], 0.3),
    "not measured": ([seconds("a", None, 1.0)], None),
    "no limit": ([seconds("a", 0.1)], None),
    "may be below nothing": ([Measurement("a", 0.1, "seconds", warn=(None, 1.0))], None),
    "shall not be short": ([Measurement("a", 0.1, "seconds", warn=(0.0, None))], None),
    "no time": ([Measurement("a", 1.0, "count", warn=(0.0, 1.0))], None),
}


@pytest.mark.parametrize("name", LIMITED)
def test_times_with_a_limit(name: str) -> None:
    """What should not take long is drawn with its limit; other numbers are not."""
    items, expected = LIMITED[name]
    assert limited(items) == ({} if expected is None else {"a": Limited(expected, 1.0)})


def stretch(*points: list[Measurement] | tuple[Measurement, ...]) -> Stretch:
    """Return a stretch with such points."""
    return Stretch(0.0, 1.0, tuple(Point(status="ok", measurements=tuple(items)) for items in points))


def test_a_column_is_one_run() -> None:
    """A column shows the slowest call of its stretch whole, so its parts add up; a gap stays a gap."""
    slow, quick = call("cold", connect=0.2, wait=0.1), call("cold", connect=0.01, wait=0.25)
    (drawn,) = series([stretch(quick, slow), stretch(), stretch(quick)])
    assert drawn.title == "cold call"
    assert [None if column is None else column["connect"] for column in drawn.columns] == [0.2, None, 0.01]
    assert drawn.names == ("connect", "wait", OTHER)
    assert drawn.longest == pytest.approx(0.3009)


def test_each_time_with_a_limit_is_a_series() -> None:
    """A check without calls has a series for each of its times, with the limit of the last run."""
    drawn = series([stretch([seconds("a", 0.1, 1.0)]), stretch([seconds("a", 0.3, 2.0), seconds("b", 0.2, 1.0)])])
    assert [(one.title, one.limit, one.longest) for one in drawn] == [("a", 2.0, 0.3), ("b", 1.0, 0.2)]
    assert drawn[1].columns == (None, {"b": 0.2})


def test_without_times_there_is_nothing_to_draw() -> None:
    """A check that measured nothing of the kind has no series."""
    assert series([stretch([]), stretch()]) == []


def test_a_call_is_its_parts() -> None:
    """A call without parts took no time."""
    assert Call("", {}).total == 0
