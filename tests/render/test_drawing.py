"""Drawings: every figure that they are made of lies within them, and what is out of sight is left out."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.model import Status
from imdoctor.render.drawing import bar, columns, counted, scale, strip
from imdoctor.render.history import history, lasted
from imdoctor.render.past import Past, Point, Run, Stretch
from imdoctor.render.times import Call, Series
from tests.render.reports import FAILED, LEDGER

ORDER: tuple[Status, ...] = ("ok", "warn", "unknown", "fail")


def past(*statuses: Status | None) -> list[Stretch]:
    """Return a stretch of a minute for each status; None is a gap."""
    points = [() if status is None else (Point(status=status),) for status in statuses]
    return [Stretch(60.0 * place, 60.0 * place + 60, one) for place, one in enumerate(points)]


def rectangles(drawing: ET.Element) -> list[tuple[str | None, float, float, float]]:
    """Return the class, the place, the width and the height of each rectangle."""
    return [
        (one.get("class"), *(float(one.get(name, "nan")) for name in ("x", "width", "height")))  # type: ignore[misc]  # three of them
        for one in drawing.iter("rect")
    ]


def test_the_worse_the_higher() -> None:
    """A bar is read without its colour: each status that decides something is higher than the better one."""
    heights = [height for *_, height in rectangles(strip(past(*ORDER), "a", "k"))]
    assert heights == sorted(heights)
    assert len(set(heights)) == len(ORDER)


def test_neighbours_of_one_status_are_one() -> None:
    """Stretches that are alike are one rectangle, and a gap stays empty."""
    drawn = rectangles(strip(past("ok", "ok", None, "fail", "ok"), "a", "k"))
    assert [(name, x, width) for name, x, width, _ in drawn] == [("o-ok", 0, 2), ("o-fail", 3, 1), ("o-ok", 4, 1)]
    assert counted(past("ok", None, "fail", "ok")) == "1 fail, 2 ok"
    assert counted(past(None)) == "no run"


SCALES = {
    "no limit": (0.4, None, 0.4),
    "a limit far above": (0.4, 1.0, 0.4),
    "a limit in sight": (0.6, 1.0, 1.0),
    "over the limit": (2.0, 1.0, 2.0),
    "nothing": (0.0, None, 1.0),
}


@pytest.mark.parametrize("name", SCALES)
def test_the_limit_is_drawn_where_it_is_in_sight(name: str) -> None:
    """The scale ends at the longest column, or at the limit if that is near; a limit far above is told and not drawn."""
    longest, limit, top = SCALES[name]
    times = Series(title="a", columns=({"a": longest},), limit=limit)
    assert scale(times) == top
    lines = list(columns(times, "tcp", "k").iter("line"))
    assert len(lines) == (limit is not None and limit <= top)


@given(st.lists(st.one_of(st.none(), st.lists(st.floats(0, 1e6), min_size=3, max_size=3)), min_size=1, max_size=96))
def test_columns_stay_within_the_drawing(times: list[list[float] | None]) -> None:
    """The parts of a column stand upon each other, and the highest column reaches the top and no further."""
    shown = tuple(None if one is None else dict(zip("abc", one, strict=True)) for one in times)
    drawing = columns(Series(title="a", columns=shown), "tcp", "k")
    for steps in (path.get("d", "") for path in drawing.iter("path")):
        for floor, height in re.findall(r"M\S+ (\S+)h\.8v-(\S+?)h", steps):
            assert -0.05 <= float(floor) - float(height) <= 100


def test_a_bar_is_its_call() -> None:
    """The phases of the longest call fill the whole width, those of a shorter one their share."""
    call = Call("cold", LEDGER)
    for longest, width in ((call.total, 100), (2 * call.total, 50)):
        drawn = rectangles(bar(call, longest, list(LEDGER), "k"))
        assert sum(one[2] for one in drawn) == pytest.approx(width, abs=0.01)
        assert drawn[-1][1] + drawn[-1][2] == pytest.approx(width, abs=0.01)


LASTED: dict[float, str] = {
    0: "0 s",
    119: "119 s",
    120: "2 min",
    7199: "120 min",
    7200: "2 h",
    172799: "48 h",
    172800: "2 days",
}


@pytest.mark.parametrize("seconds", LASTED)
def test_lengths_of_time(seconds: float) -> None:
    """A length of time is told in the largest unit of which there are two."""
    assert lasted(seconds) == LASTED[seconds]


@given(st.lists(st.tuples(st.floats(0, 4e9), st.sampled_from(ORDER)), min_size=1, max_size=50))
def test_any_clock_makes_a_history(runs: list[tuple[float, Status]]) -> None:
    """Whatever this host's clock did, back and forth, every run is in the history."""
    told = [Run(at=at, status=status, checks={"dns": Point(status=status)}) for at, status in runs]
    drawn = history(FAILED, Past(runs=tuple(told)), 2, "k")
    assert drawn is not None
    texts = "".join(drawn.itertext())
    assert f"{len(runs)} runs, from " in texts
    count = {status: sum(one == status for _, one in runs) for status in ORDER}
    expected = ", ".join(f"{count[status]} {status}" for status in reversed(ORDER) if count[status])
    assert texts.count(expected) >= 2
