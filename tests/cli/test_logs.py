"""The program's own log: as fields in the journal, as JSON lines off it, as text on a terminal; never with a secret."""

import io
import json
import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pytest

from imdoctor.agent.events import Event
from imdoctor.cli.logs import logger, tell
from imdoctor.cli.session import Session, forget
from imdoctor.config.secrets import Mask, Secret
from tests.agent.journald import journald

SECRET = "correct-horse-battery"
MASK = Mask.of([Secret(SECRET)])
EVENT = Event(
    name="opened",
    level="error",
    message=f"prod: FAILED {SECRET}",
    target="prod",
    cause="tls.timeout",
    status="fail",
    fields={"runs": 2, "seconds": 1.5, "error": f"said {SECRET}"},
)


@contextmanager
def stream(folder: Path) -> Iterator[tuple[TextIO, dict[str, str]]]:
    """Open a stream that the environment says leads to the journal."""
    with (folder / "stderr").open("w+") as file:
        seen = os.fstat(file.fileno())
        yield file, {"JOURNAL_STREAM": f"{seen.st_dev}:{seen.st_ino}"}


def written(file: TextIO) -> list[dict[str, Any]]:
    """Return the JSON lines of a stream, without their times."""
    file.seek(0)
    lines = [json.loads(line) for line in file]
    return [{key: value for key, value in line.items() if key != "timestamp"} for line in lines]


def test_fields_in_the_journal(tmp_path: Path) -> None:
    """In the journal an event's facts are fields, and nothing is written to the stream."""
    with stream(tmp_path) as (file, environ), journald(tmp_path / "socket") as journal:
        tell(logger(file, MASK, environ=environ, journal=tmp_path / "socket"), EVENT)
        assert journal.entry() == {
            "PRIORITY": "3",
            "SYSLOG_IDENTIFIER": "imdoctor",
            "MESSAGE": "prod: FAILED ***",
            "IMDOCTOR_EVENT": "opened",
            "IMDOCTOR_TARGET": "prod",
            "IMDOCTOR_CAUSE": "tls.timeout",
            "IMDOCTOR_STATUS": "fail",
            "IMDOCTOR_RUNS": "2",
            "IMDOCTOR_SECONDS": "1.5",
            "IMDOCTOR_ERROR": "said ***",
        }
        assert written(file) == []


@pytest.mark.parametrize(("level", "priority"), [("info", "6"), ("warning", "4"), ("error", "3")])
def test_priorities(tmp_path: Path, level: Any, priority: str) -> None:  # noqa: ANN401 - a row of the table
    """The journal has syslog's numbers for the levels."""
    with stream(tmp_path) as (file, environ), journald(tmp_path / "socket") as journal:
        log = logger(file, MASK, environ=environ, journal=tmp_path / "socket")
        tell(log, Event(name="x", level=level, message="y"))
        assert journal.entry()["PRIORITY"] == priority


def test_json_lines_where_the_journal_does_not_answer(tmp_path: Path) -> None:
    """Where the journal's socket takes nothing, the entry goes the stream's way, which leads there as well."""
    with stream(tmp_path) as (file, environ):
        tell(logger(file, MASK, environ=environ, journal=tmp_path / "nobody"), EVENT)
        assert [line["event"] for line in written(file)] == ["prod: FAILED ***"]


def test_json_lines(tmp_path: Path) -> None:
    """Another stream gets JSON lines, numbers as numbers, though a journal is there."""
    with (tmp_path / "other").open("w+") as file, journald(tmp_path / "socket"), stream(tmp_path) as (_, environ):
        tell(logger(file, MASK, environ=environ, journal=tmp_path / "socket"), EVENT)
        assert written(file) == [
            {
                "event": "prod: FAILED ***",
                "level": "error",
                "kind": "opened",
                "target": "prod",
                "cause": "tls.timeout",
                "status": "fail",
                "runs": 2,
                "seconds": 1.5,
                "error": "said ***",
            }
        ]


def test_a_number_that_is_a_secret_is_masked() -> None:
    """A secret of digits is masked where it turns up as a number, too."""
    file = io.StringIO()
    logger(file, Mask.of([Secret("123456789012")])).warning("x", number=123456789012)
    assert written(file) == [{"event": "x", "level": "warning", "number": "***"}]


def test_text_on_a_terminal() -> None:
    """A terminal shows the message for people, without any secret."""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal:
        tell(logger(terminal, MASK), EVENT)
        shown = os.read(leader, 65536).decode()
    os.close(leader)
    assert "prod: FAILED ***" in shown
    assert "tls.timeout" in shown
    assert SECRET not in shown


def test_a_stream_that_is_gone_loses_events_in_peace() -> None:
    """An event that cannot be written ends nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1) as gone:
        tell(logger(gone, MASK), EVENT)
        forget(gone)


def test_the_session_warns(tmp_path: Path) -> None:
    """A warning of a command is a JSON line on its standard error, secrets masked."""
    err = io.StringIO()
    session = Session(environ={}, cwd=tmp_path, out=io.StringIO(), err=err, secrets=[Secret(SECRET)])
    session.warn("a check is left out", name="x", error=ValueError(SECRET))
    assert written(err) == [
        {"event": "a check is left out", "level": "warning", "name": "x", "error": "ValueError('***')"}
    ]
