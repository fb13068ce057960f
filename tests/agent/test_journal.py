"""journald's native protocol, spoken to a socket that parses it."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.agent.journal import field_name, is_journal, send
from tests.agent.journald import journald

VALUES = {
    "plain": "prod: FAILED",
    "empty": "",
    "equals signs": "a=b=c",
    "lines": "one\ntwo\n\nMESSAGE=no field\n",
    "one line end": "\n",
    "Chinese": "证书已过期",
    "a carriage return": "a\rb",
}


@pytest.mark.parametrize("name", VALUES)
def test_values_arrive_as_they_are(tmp_path: Path, name: str) -> None:
    """Every value arrives whole, whatever stands in it, and so does the field behind it."""
    with journald(tmp_path / "socket") as journal:
        send([("MESSAGE", VALUES[name]), ("PRIORITY", "3")], tmp_path / "socket")
        assert journal.entry() == {"MESSAGE": VALUES[name], "PRIORITY": "3"}


@pytest.mark.parametrize(("size", "files"), [pytest.param(1000, 0, id="small"), pytest.param(2 << 20, 1, id="large")])
def test_large_entries_go_as_a_file(tmp_path: Path, size: int, files: int) -> None:
    """What is too large for a datagram arrives in a sealed file, and no descriptor is left behind."""
    before = descriptors()
    with journald(tmp_path / "socket") as journal:
        send([("MESSAGE", "x" * size), ("PRIORITY", "6")], tmp_path / "socket")
        assert journal.entry() == {"MESSAGE": "x" * size, "PRIORITY": "6"}
        assert journal.files == files
    assert descriptors() == before


@given(st.text())
def test_any_text_becomes_an_entry(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Any text arrives; what is no Unicode is replaced."""
    path = tmp_path_factory.mktemp("journal") / "socket"
    with journald(path) as journal:
        send([("MESSAGE", text)], path)
        assert journal.entry() == {"MESSAGE": text.encode("utf-8", "replace").decode()}


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_nobody_there(tmp_path: Path) -> None:
    """Where there is no journal, the caller hears of it."""
    with pytest.raises(FileNotFoundError):
        send([("MESSAGE", "x")], tmp_path / "socket")


def test_a_stuck_journal_holds_nothing_up(tmp_path: Path) -> None:
    """A journal that takes nothing any more is an error for the caller, not a wait without an end."""
    with journald(tmp_path / "socket"), pytest.raises(TimeoutError):
        fill(tmp_path / "socket")


def fill(path: Path) -> None:
    """Send entries that nobody reads."""
    for _ in range(100_000):
        send([("MESSAGE", "x")], path)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("target", "IMDOCTOR_TARGET"),
        ("error-info", "IMDOCTOR_ERROR_INFO"),
        ("a.b c", "IMDOCTOR_A_B_C"),
        ("ключ", "IMDOCTOR__"),
        ("x" * 100, "IMDOCTOR_" + "X" * 55),
    ],
)
def test_field_names(key: str, name: str) -> None:
    """A key becomes a field's name that the journal takes."""
    assert field_name(key) == name


@given(st.text())
def test_field_names_are_valid(key: str) -> None:
    """Whatever the key, the name is one that the journal takes from anybody."""
    assert re.fullmatch("[A-Z][A-Z0-9_]{0,63}", field_name(key))


def test_is_journal(tmp_path: Path) -> None:
    """The journal's stream is known by its device and inode, and another stream is not taken for it."""
    with (tmp_path / "ours").open("w") as ours, (tmp_path / "other").open("w") as other:
        seen = os.fstat(ours.fileno())
        environ = {"JOURNAL_STREAM": f"{seen.st_dev}:{seen.st_ino}"}
        assert is_journal(ours.fileno(), environ)
        assert not is_journal(other.fileno(), environ)
        assert not is_journal(ours.fileno(), {})
        assert not is_journal(ours.fileno(), {"JOURNAL_STREAM": "no:thing"})
        closed = ours.fileno()
    assert not is_journal(closed, environ)
