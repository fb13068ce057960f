"""The text for people: golden pages, no line too wide, nothing that steers a terminal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from imdoctor.model import Report
from imdoctor.render import FORMATS, Style
from imdoctor.render.observed import flow
from imdoctor.render.page import render
from imdoctor.render.text import duration
from imdoctor.render.wrap import clean, columns, cut, wrap
from tests.commands import commands, shell_words
from tests.render.golden_pages import FOLDER, texts
from tests.render.reports import REPORTS
from tests.render.worlds import saved

TEXTS = texts()
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("name", TEXTS)
def test_page_is_as_agreed(name: str) -> None:
    """Each report reads as its golden page."""
    assert TEXTS[name] == (FOLDER / f"{name}.txt").read_text("utf-8")


def test_every_golden_page_is_tested() -> None:
    """No golden page lies about unused."""
    pages = [*FOLDER.glob("*.txt"), *(FOLDER / "worlds").iterdir()]
    assert {str(path.relative_to(FOLDER).with_suffix("")) for path in pages} == set(TEXTS)


@pytest.mark.parametrize("width", [1, 40, 41, 60, 80, 99, 100, 1000])
@pytest.mark.parametrize("name", REPORTS)
def test_no_line_is_too_wide(name: str, width: int) -> None:
    """No line takes more than the columns there are, 99 at the most, wide characters counted as two; a command alone may."""
    most, steps = max(40, min(width, 99)), remedies(REPORTS[name])
    for line in render(REPORTS[name], width=width, verbose=True).splitlines():
        alone = columns(line) <= width and any(f"`{line.strip()}`" in step for step in steps)
        assert columns(line) <= most or alone, line


def remedies(report: Report) -> list[str]:
    """Return every step of a report."""
    return [step for target in report.targets for cause in target.diagnosis for step in cause.remedy]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_world_is_too_wide(width: int) -> None:
    """No page of any world has a line that is too wide, with all that was seen or without."""
    for name, report in saved().items():
        for verbose in (False, True):
            lines = render(report, width=width, verbose=verbose).splitlines()
            assert max(map(columns, lines)) <= width, name


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_every_command_can_be_pasted(width: int) -> None:
    """What a shell makes of a command on a page is what it makes of the command itself, however narrow the page is."""
    for name, report in saved().items():
        page = shell_words(render(report, width=width))
        for step in remedies(report):
            for command in commands(clean(step)):
                assert shell_words(command) in page, (name, command)


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
    "punctuation stays with a Latin word": ("用 abcde，好", 8, ["用", "abcde，", "好"]),
    "a bracket is not left alone at an end": ("网关应（好）", 8, ["网关应", "（好）"]),
    "brackets stay with a Latin word": ("网关（abc）好", 9, ["网关", "（abc）好"]),
    "two marks stay together": ("网关应答）。", 8, ["网关应", "答）。"]),
    "a full stop after a command goes with its backticks": ("看 `a b c`。好", 10, ["看", "  a b c", "好"]),
    "a short command keeps its full stop": ("看：`ab`。好吗", 9, ["看：", "`ab`。好", "吗"]),
    "a number stays with its unit": ("took 12 ms", 8, ["took", "12 ms"]),
    "a command is not broken": ("see `a b c` now", 10, ["see", "  a b c", "now"]),
    "what stands between quotes is not": (
        "see `aaa 'bbb ccc' \"d e f\" ggg`",
        14,
        ["see", "  aaa \\", "  'bbb ccc' \\", '  "d e f" ggg'],
    ),
    "an option stays with its value": ("`aaaa -b ccc -d -e`", 12, ["  aaaa \\", "  -b ccc \\", "  -d -e"]),
    "a command that fits with less indent has less": ("see `aaa bbb ccc`", 12, ["see", " aaa bbb ccc"]),
    "a long command is continued": ("see `aaa bbb ccc ddd` now", 12, ["see", "  aaa bbb \\", "  ccc ddd", "now"]),
    "line ends and tabs are spaces": ("a\r\n\tb", 8, ["a b"]),
    "nothing": ("", 8, [""]),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapping(name: str) -> None:
    """Text is broken where people can read on, commands where the shell can."""
    text, width, lines = WRAPPED[name]
    assert wrap(text, width) == lines


COMMANDS = st.text("ab `.'\"-\\网，）（", max_size=80)
"""Texts that are full of commands."""


@given(st.text() | COMMANDS, st.integers(10, 120), st.sampled_from(["", "  - ", "标题: "]), st.integers(0, 200))
def test_wrapping_holds_the_width_and_loses_nothing(text: str, width: int, first: str, longest: int) -> None:
    """Whatever the text, no line is too wide (8 columns are the least) and nothing is lost but what sets a command off."""
    lines = wrap(text, width, first, longest=longest)
    most = max(width, columns(first) + 8)
    assert all(columns(line) <= (max(most, longest) if "`" in text else most) for line in lines)
    joined = "".join(lines).removeprefix(first.rstrip())
    assert bare(joined) == bare(clean(text))


def bare(text: str) -> str:
    """Return a text without blanks, and without what a command on a line of its own does not have, or has besides."""
    return re.sub(r"[ `\\.,;:，。、；：）？！」』》】]", "", text)


BLOCKS = {
    "Latin": (0x20, 0x7E),
    "marks that stand on others": (0x300, 0x36F),
    "Cyrillic": (0x400, 0x482),
    "Hangul in parts": (0x1100, 0x11FF),
    "kana": (0x3041, 0x30FF),
    "Chinese": (0x4E00, 0x9FFF),
    "Hangul": (0xAC00, 0xD7A3),
    "full and half width": (0xFF01, 0xFF9F),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_columns_are_a_terminals(name: str) -> None:
    """A character takes as many columns here as rich, which is measured against terminals, gives it."""
    first, last = BLOCKS[name]
    letters = [letter for letter in map(chr, range(first, last + 1)) if letter.isprintable()]
    assert {letter for letter in letters if columns(letter) != cell_len(letter)} == set()


@given(st.text(), st.integers(2, 40))
def test_cutting_holds_the_width(text: str, width: int) -> None:
    """A text that is cut says so, and fits."""
    short = cut(text, width)
    assert columns(short) <= width
    assert short == clean(text) or short.endswith("…")
