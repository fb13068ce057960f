"""`imdoctor systemd alert`: an incident is told once, by the log and to a command; what fails is told again."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from imdoctor.agent.history import History
from imdoctor.agent.record import CauseSeen, RunRecord
from imdoctor.model import Status
from tests.cli.process import Done, imdoctor

EXPIRED = CauseSeen(
    code="tls.cert-expired", severity="fail", title="The certificate has expired", remedy="See its dates."
)
UNIT = "imdoctor.service"


def remembered(folder: Path, statuses: Sequence[Status], *, confirm: int = 2) -> Path:
    """Return a folder in which runs of these statuses are remembered, the last one just now."""
    history = History.open(folder, keep=86400.0, size=2**24, wall=time.time)
    begin = time.time() - 60.0 * len(statuses)
    for number, status in enumerate(statuses):
        causes = () if status == "ok" else (EXPIRED,)
        history.fold(
            RunRecord(target="prod", at=begin + 60.0 * number, seconds=0.1, status=status, causes=causes), confirm
        )
    history.close()
    return folder


def alert(folder: Path, *command: str) -> Done:
    """Tell what is new in a folder."""
    return imdoctor(folder, "systemd", "alert", "--state", str(folder), UNIT, *(("--", *command) if command else ()))


def test_an_incident_is_told_once(tmp_path: Path) -> None:
    """One line for the log, with the unit that failed; the second time there is nothing to say."""
    first, second = alert(remembered(tmp_path, ["ok", "fail", "fail"])), alert(tmp_path)
    assert (first.code, first.out, second) == (0, "", Done(0, "", ""))
    line = json.loads(first.err)
    assert line["event"].startswith("prod: FAILED since ")
    told = {key: line[key] for key in ("level", "kind", "target", "cause", "status", "unit")}
    assert told == {
        "level": "error",
        "kind": "opened",
        "target": "prod",
        "cause": "tls.cert-expired",
        "status": "fail",
        "unit": UNIT,
    }


QUIET: dict[str, list[Status]] = {
    "nothing is remembered": [],
    "one failure is no incident yet": ["ok", "fail"],
    "a warning is none that a unit fails by": ["warn", "warn", "warn"],
    "all is well": ["ok", "ok"],
}


@pytest.mark.parametrize("row", QUIET)
def test_nothing_new_is_nothing_said(row: str, tmp_path: Path) -> None:
    """Without a confirmed incident nothing is said, and the command is not started."""
    done = alert(remembered(tmp_path, QUIET[row]), "touch", str(tmp_path / "started"))
    assert done == Done(0, "", "")
    assert not (tmp_path / "started").exists()


def test_a_folder_without_a_history_stays_as_it_is(tmp_path: Path) -> None:
    """No history is begun where none is: a folder's name may be a mistake."""
    assert alert(tmp_path) == Done(0, "", "")
    assert list(tmp_path.iterdir()) == []
    done = imdoctor(tmp_path, "systemd", "alert", "--state", "nowhere", UNIT)
    assert done == Done(0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_an_incident_that_is_over_is_told_as_such(tmp_path: Path) -> None:
    """What came and went unheard is told as a recovery."""
    line = json.loads(alert(remembered(tmp_path, ["fail", "fail", "ok", "ok"])).err)
    assert (line["kind"], line["status"], line["level"]) == ("recovered", "ok", "info")
    assert "again after" in line["event"]


def test_the_command_gets_the_message(tmp_path: Path) -> None:
    """The command reads the message from its standard input; no shell comes between."""
    done = alert(remembered(tmp_path, ["fail", "fail"]), "tee", str(tmp_path / "$(told)"))
    assert done.code == 0
    assert (tmp_path / "$(told)").read_text() == json.loads(done.err)["event"] + "\n"


COMMANDS = {
    "it fails": (("sh", "-c", "exit 3"), "sh ended with 3: the incident is told again with the next failure"),
    "it is not there": (("/nowhere/tell",), "/nowhere/tell could not be started: No such file or directory: "),
}


@pytest.mark.parametrize("row", COMMANDS)
def test_what_a_command_did_not_take_is_told_again(row: str, tmp_path: Path) -> None:
    """A command that fails is a sentence and exit code 74; the incident stays untold."""
    command, sentence = COMMANDS[row]
    done = alert(remembered(tmp_path, ["fail", "fail"]), *command)
    assert done.code == 74
    assert f"imdoctor: {sentence}" in done.err
    assert alert(tmp_path, "tee", str(tmp_path / "told")).code == 0
    assert (tmp_path / "told").read_text().startswith("prod: FAILED")


def test_a_history_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    """A damaged history is named, and left as it is."""
    remembered(tmp_path, ["fail", "fail"])
    file = next(path for path in tmp_path.iterdir() if path.is_file())
    file.write_bytes(b"no history")
    done = alert(tmp_path)
    assert (done.code, file.read_bytes()) == (74, b"no history")
    assert str(tmp_path) in done.err
