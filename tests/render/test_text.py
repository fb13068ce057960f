"""The text for people: golden pages, no line too wide, nothing that steers a terminal."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.render import FORMATS, Style
from imdoctor.render.text import duration, flow, render
from imdoctor.render.wrap import clean, columns, cut, wrap
from tests.render.reports import REPORTS

GOLDEN = Path(__file__).parent / "golden"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_as_agreed(name: str) -> None:
    """Each report reads as its golden page."""
    assert render(REPORTS[name]) == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_verbose_page_is_as_agreed() -> None:
    """With -v the findings, measurements and observations are there."""
    assert render(REPORTS["one-cause"], verbose=True) == (GOLDEN / "one-cause-verbose.txt").read_text("utf-8")


def test_every_golden_page_is_tested() -> None:
    """No golden page lies about unused."""
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {*REPORTS, "one-cause-verbose"}


@pytest.mark.parametrize("width", [1, 48, 49, 72, 80, 99, 100, 1000])
@pytest.mark.parametrize("name", REPORTS)
def test_no_line_is_too_wide(name: str, width: int) -> None:
    """No line takes more than the columns there are, 99 at the most, wide characters counted as two."""
    most = max(48, min(width, 99))
    for line in render(REPORTS[name], width=width, verbose=True).splitlines():
        assert columns(line) <= most, line


@pytest.mark.parametrize("name", REPORTS)
def test_colours_change_no_word(name: str) -> None:
    """Without its colours a page is the plain page."""
    coloured = render(REPORTS[name], colour=True)
    assert coloured != render(REPORTS[name])
    assert ANSI.sub("", coloured) == render(REPORTS[name])


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_steers_the_terminal(name: str) -> None:
    """No control character but the line end comes through, whatever a server said."""
    text = render(REPORTS[name], verbose=True).replace("\n", "")
    assert text.isprintable()


def test_format_takes_the_style() -> None:
    """The format `text` is this rendering, in the style asked for."""
    page = FORMATS["text"](REPORTS["one-cause"], Style(width=60, verbose=True, colour=True))
    assert page == render(REPORTS["one-cause"], width=60, verbose=True, colour=True)


DURATIONS: dict[float | None, str] = {
    None: "-",
    0.0: "0 us",
    0.00042: "420 us",
    0.0009: "900 us",
    0.001: "1 ms",
    0.0213: "21.3 ms",
    0.1: "100 ms",
    0.9994: "999 ms",
    0.9995: "1.00 s",
    12.3456: "12.35 s",
    172799.0: "172799.00 s",
    172800.0: "2 days",
}


@pytest.mark.parametrize("seconds", DURATIONS)
def test_durations_are_in_peoples_units(seconds: float | None) -> None:
    """What was not measured is a dash, and never 0."""
    assert duration(seconds) == DURATIONS[seconds]


FLOWS: dict[str, tuple[object, str]] = {
    "nothing": (None, ""),
    "nothing seen": ({"a": None, "b": [], "c": {}}, ""),
    "values": ({"a": 1, "b": 0.123456789, "c": False, "d": 0}, "{a: 1, b: 0.123457, c: false, d: 0}"),
    "a list with a gap": ({"a": ["x", None]}, "{a: [x, null]}"),
    "a moment": ({"now": 1795464212.3856938}, "{now: 1795464212}"),
    "a long text": ({"pem": "x" * 200}, "{pem: " + "x" * 99 + "…}"),
}


@pytest.mark.parametrize("name", FLOWS)
def test_observations_are_compact(name: str) -> None:
    """An observation takes one line, without what was not seen."""
    seen, told = FLOWS[name]
    assert flow(seen) == told


WRAPPED = {
    "words": ("aa bb cc dd", 8, ["aa bb cc", "dd"]),
    "just fits": ("aaa bbbb", 8, ["aaa bbbb"]),
    "a word too long is cut": ("abcdefghij", 8, ["abcdefgh", "ij"]),
    "wide characters take two": ("网关应答正常", 8, ["网关应答", "正常"]),
    "punctuation stays with its character": ("网关应，好", 8, ["网关应，", "好"]),
    "a number stays with its unit": ("took 12 ms", 8, ["took", "12 ms"]),
    "a command is not broken": ("see `a b c` now", 10, ["see", "`a b c`", "now"]),
    "what stands between quotes is not": (
        "see `aaa 'bbb ccc' \"d e f\" ggg`",
        14,
        ["see `aaa \\", "'bbb ccc' \\", '"d e f" ggg`'],
    ),
    "a long command is continued": ("see `aaa bbb ccc ddd` now", 12, ["see", "`aaa bbb \\", "ccc ddd` now"]),
    "line ends and tabs are spaces": ("a\r\n\tb", 8, ["a b"]),
    "nothing": ("", 8, [""]),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapping(name: str) -> None:
    """Text is broken where people can read on, commands where the shell can."""
    text, width, lines = WRAPPED[name]
    assert wrap(text, width) == lines


@given(st.text(), st.integers(10, 120), st.sampled_from(["", "  - ", "标题: "]))
def test_wrapping_holds_the_width_and_loses_nothing(text: str, width: int, first: str) -> None:
    """Whatever the text, no line is too wide (8 columns are the least) and no character is lost."""
    lines = wrap(text, width, first)
    assert all(columns(line) <= max(width, columns(first) + 8) for line in lines)
    joined = "".join(lines).removeprefix(first.rstrip() if not text.split() else first)
    kept = joined.replace(" ", "").replace("\\", "")
    assert kept == clean(text).replace(" ", "").replace("\\", "")


@given(st.text(), st.integers(2, 40))
def test_cutting_holds_the_width(text: str, width: int) -> None:
    """A text that is cut says so, and fits."""
    short = cut(text, width)
    assert columns(short) <= width
    assert short == clean(text) or short.endswith("…")
