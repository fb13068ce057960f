"""Workflow commands: the worst first, ten at most, and one line each, whatever a server said."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imdoctor.render.github import CUT_OFF, fitting, render
from imdoctor.render.wrap import clean
from tests.render.golden_pages import agreed, kept
from tests.render.reports import ANY_TEXT, EXPIRED, FAILED, HEALTHY, REPORTS, SHORT, anything, report, target

COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]+)::([^\r\n]+)\n")


def read(page: str) -> list[tuple[str, str, str]]:
    """Return the commands of a page as GitHub's runner reads them: level, title and message, unescaped."""
    commands = COMMAND.findall(page)
    assert "".join(f"::{level} title={title}::{text}\n" for level, title, text in commands) == page
    return [(level, unescaped(title), unescaped(text)) for level, title, text in commands]


def unescaped(text: str) -> str:
    """Undo the escapes, as actions/runner does."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_as_agreed(name: str) -> None:
    """Each report reads as its golden page, and no golden page lies about unused."""
    agreed("github", "txt", name)
    assert kept("github") == set(REPORTS)


LEVELS = {
    "healthy": ["notice"],
    "one-cause": ["error"],
    "two-causes": ["error", "warning"],
    "timed": ["warning"],
    "unknown": ["error"],
    "several": ["error", "error", "notice"],
    "none": ["error"],
}


@pytest.mark.parametrize("name", LEVELS)
def test_the_worst_is_first(name: str) -> None:
    """Failures and what is not known are errors, warnings are warnings, a healthy target is a notice; in this order."""
    assert [level for level, _, _ in read(render(REPORTS[name]))] == LEVELS[name]


def test_an_annotation_tells_all() -> None:
    """An annotation names the target, the cause, its evidence and the remedy."""
    (level, title, text), *_ = read(render(report(FAILED)))
    assert (level, title) == ("error", "tls.cert-expired: The certificate has expired")
    for part in ("console.tim.qq.com:443 (prod)", EXPIRED.why, *EXPIRED.because, *EXPIRED.remedy):
        assert part in text


@pytest.mark.parametrize(("causes", "left"), [(10, None), (11, 2), (40, 31)])
def test_there_are_ten_at_most(causes: int, left: int | None) -> None:
    """Ten are shown as they are; of more than that nine, the worst, and how many are left out."""
    many = [replace(SHORT, cause=f"client.{number}") for number in range(causes - 1)]
    commands = read(render(report(target("prod", "fail", (), *many, EXPIRED))))
    assert len(commands) == 10
    assert commands[0][0] == "error"
    assert (f"{left} more are left out here" in commands[-1][2]) == (left is not None)


def test_an_unknown_verdict_beside_warnings_is_told() -> None:
    """A target that is not known is told even if its causes are only warnings."""
    levels = [level for level, _, _ in read(render(report(target("prod", "unknown", (), SHORT), HEALTHY)))]
    assert levels == ["error", "warning", "notice"]


@given(ANY_TEXT)
def test_any_text_stays_in_its_command(text: str) -> None:
    """Whatever a server says, there is one command for each cause, and it says what the server said."""
    (command,) = read(render(anything(text)))
    assert command[1] == clean(f"{text}: {text}")
    assert clean(text) in command[2]


def test_a_summary_fits() -> None:
    """A summary that is too long is cut at the end of a line, and says so; where there is no room, nothing is written."""
    assert fitting("one\ntwo\n", 8) == b"one\ntwo\n"
    assert fitting("one\n" * 100, 60) == b"one\none" + CUT_OFF.encode()
    assert fitting("one\ntwo\n", 7) == b""


@given(st.text(), st.integers(-10, 200))
def test_a_summary_never_takes_more_than_its_room(text: str, room: int) -> None:
    """No summary takes more bytes than there are, nor ends within a character."""
    summary = fitting(text, room)
    assert len(summary) <= max(0, room)
    assert summary.decode()[:3] == text[:3] or summary == b"" or CUT_OFF in summary.decode()
