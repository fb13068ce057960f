"""`imdoctor history`: what is remembered, for people and for programs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from imdoctor.agent.database import FILE
from imdoctor.agent.record import CauseSeen, CheckSeen, RunRecord
from imdoctor.cli.history_text import SHARE
from imdoctor.model import Measurement, Status, Unit
from imdoctor.render.wrap import columns
from tests.agent.remembering import opened
from tests.cli.process import environment, here, imdoctor

EXPIRED = CauseSeen(
    code="tls.cert-expired", severity="fail", title="The certificate has expired", address="203.0.113.7"
)
SLOW = CauseSeen(code="probe.slow", severity="warn", title="The answer is slow")
WORDS: dict[str, Status] = {"o": "ok", "w": "warn", "u": "unknown", "f": "fail"}
CAUSES = {"f": (EXPIRED, SLOW), "w": (SLOW,)}


def seconds(name: str, value: float | None, unit: Unit = "seconds", **labels: str) -> Measurement:
    """Return a measurement."""
    return Measurement(name, value, unit, labels)


def run(number: int, letter: str, target: str) -> RunRecord:
    """Return a run, one a minute from 1970 on; the times grow."""
    grows = number / 1000
    connect = None if letter == "u" else grows
    tcp = (
        seconds("connect", connect, address="203.0.113.7"),
        seconds("connect", grows / 2, address="203.0.113.8"),
        seconds("rtt", grows * SHARE * (0.99 if target == "prod" else 1.01), address="203.0.113.7"),
    )
    tls = (seconds("handshake", 0.02), seconds("certificate_expires_in", 86400.0 * 90), seconds("size", 512, "bytes"))
    return RunRecord(
        target=target,
        at=60.0 * number,
        seconds=1.0,
        status=WORDS[letter],
        causes=CAUSES.get(letter, ()),
        checks=(
            CheckSeen(name="tcp", status="ok", seconds=0.1, measurements=tcp),
            CheckSeen(name="tls", status="ok", seconds=0.1, measurements=tls),
            CheckSeen(
                name="clock", status="ok", measurements=(seconds("offset_low", -0.1), seconds("offset_high", 1.5))
            ),
        ),
    )


def remember(folder: Path, letters: str, *, target: str = "prod", measured: bool = True) -> None:
    """Remember runs by letter: ok, warn, unknown, fail."""
    history = opened(folder)
    for number, letter in enumerate(letters, 1):
        item = run(number, letter, target)
        history.fold(item if measured else replace(item, checks=()), 2)
    history.close()


SINCE = ("--since", "1970-01-01")

PAGE = """\
prod: FAILED since 1970-01-01 00:09 UTC: The certificate has expired at
  203.0.113.7 (tls.cert-expired) and 1 other cause. Last run: FAIL, 1970-01-01
  00:10 UTC.

Incidents:
  1970-01-01 00:03  FAIL     3 min, 3 bad runs: tls.cert-expired, probe.slow
  1970-01-01 00:09  FAIL     goes on, 2 bad runs: tls.cert-expired, probe.slow

Changes:
  1970-01-01 00:04  opened     ok to FAIL
  1970-01-01 00:07  recovered  FAIL to ok
  1970-01-01 00:10  opened     ok to FAIL

10 runs, 1970-01-01 00:01 to 1970-01-01 00:10 UTC (F failed, ? unknown, w warn,
  · not measured):
  status         ..FFF..?FF
  tcp connect    ▁▁▂▃▄▅▆▃██  1 ms to 10 ms
  tls handshake  ▁▁▁▁▁▁▁▁▁▁  20 ms
"""


def test_the_page(tmp_path: Path) -> None:
    """The state first, then what happened, then the times that matter, each run in a column of its own."""
    remember(tmp_path, "oofffoouff")
    done = here(tmp_path, "history", "--state", str(tmp_path), *SINCE)
    assert (done.code, done.err) == (0, "")
    assert done.out == PAGE


def test_a_check_in_full(tmp_path: Path) -> None:
    """--check shows every measurement of that check by its labels, in its own unit, and none of another's."""
    remember(tmp_path, "oouo")
    done = here(tmp_path, "history", "--state", str(tmp_path), *SINCE, "--check", "tcp", "--check", "tls")
    rows = done.out.splitlines()[-7:]
    assert [row.split("  ")[1] for row in rows] == [
        "status",
        "tcp connect 203.0.113.7",
        "tcp connect 203.0.113.8",
        "tcp rtt 203.0.113.7",
        "tls handshake",
        "tls certificate_expires_in",
        "tls size",
    ]
    assert rows[1].split()[3:] == ["▁▃·█", "1", "ms", "to", "4", "ms"]
    assert rows[5].endswith("  90 days")
    assert rows[6].endswith("  512 bytes")


def test_the_times_that_matter(tmp_path: Path) -> None:
    """Unasked, what reached a tenth of its check's longest time is shown, and nothing that is no time of the run's."""
    remember(tmp_path, "ooo")
    remember(tmp_path, "ooo", target="other")
    done = here(tmp_path, "history", "--state", str(tmp_path), *SINCE)
    assert re.findall(r"^  (\w+ \w+) +▁", done.out, re.MULTILINE) == [
        "tcp connect",
        "tcp rtt",
        "tls handshake",
        "tcp connect",
        "tls handshake",
    ]


STATES: dict[str, tuple[str, str]] = {
    "not yet confirmed": ("o", "prod: NOT YET CONFIRMED. Last run: ok, 1970-01-01 00:01 UTC."),
    "healthy": ("oo", "prod: HEALTHY since 1970-01-01 00:01 UTC. Last run: ok, 1970-01-01 00:02 UTC."),
    "warnings": (
        "ww",
        "prod: WORKS, WITH WARNINGS since 1970-01-01 00:01 UTC: The answer is slow (probe.slow). Last run: WARN, 1970-01-01 00:02 UTC.",
    ),
    "flapping": (
        "oofofofo",
        (
            "prod: FLAPPING since 1970-01-01 00:07 UTC: The certificate has expired at 203.0.113.7 (tls.cert-expired) "
            "and 1 other cause. Last run: ok, 1970-01-01 00:08 UTC."
        ),
    ),
    "not known": (
        "uu",
        "prod: NOT KNOWN since 1970-01-01 00:01 UTC: no cause is known. Last run: UNKNOWN, 1970-01-01 00:02 UTC.",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_the_present_state(tmp_path: Path, name: str) -> None:
    """The first lines say what a target is now, and since when."""
    letters, sentence = STATES[name]
    remember(tmp_path, letters)
    done = here(tmp_path, "history", "--state", str(tmp_path), *SINCE)
    assert " ".join(done.out.split("\n\n")[0].split()) == sentence


@pytest.mark.parametrize("width", [20, 60, 80, 99, 250])
def test_it_fits_the_terminal(tmp_path: Path, width: int) -> None:
    """No line is wider than the terminal, from 48 columns to 99, with wide characters in a name and more runs than columns."""
    remember(tmp_path, "o" * 300 + "fofofofo" + "u" * 50, target="测试" * 8)
    done = imdoctor(tmp_path, "history", "--state", ".", *SINCE, environ={"COLUMNS": str(width)})
    assert max(map(columns, done.out.splitlines())) <= max(48, min(width, 99))
    assert "up to" in done.out
    again = imdoctor(tmp_path, "history", "--state", ".", *SINCE, "--check", "tcp", environ={"COLUMNS": str(width)})
    assert max(map(columns, again.out.splitlines())) <= max(48, min(width, 99))


def test_no_runs_since(tmp_path: Path) -> None:
    """A target without a run in the time asked for still has its state, and the incident that goes on."""
    remember(tmp_path, "ooff")
    done = here(tmp_path, "history", "--state", str(tmp_path))
    assert done.code == 0
    assert done.out.startswith("prod: FAILED since 1970-01-01 00:03 UTC: The certificate has expired")
    assert "Last run" not in done.out
    assert done.out.endswith("goes on, 2 bad runs: tls.cert-expired, probe.slow\n")


def test_runs_without_measurements(tmp_path: Path) -> None:
    """Runs of which no check was asked have a status and no times."""
    remember(tmp_path, "oof", measured=False)
    done = here(tmp_path, "history", "--state", str(tmp_path), *SINCE)
    assert done.out.splitlines()[-1] == "  status  ..F"


def test_json(tmp_path: Path) -> None:
    """The same as one object, under the keys that the page on watching names; values stand beside their runs."""
    remember(tmp_path, "ooffoouu")
    remember(tmp_path, "oo", target="test")
    done = here(tmp_path, "history", "--state", str(tmp_path), *SINCE, "--target", "prod", "--format", "json")
    told = json.loads(done.out)
    assert {key: told[key] for key in ("version", "folder", "since")} == {
        "version": 1,
        "folder": str(tmp_path),
        "since": "1970-01-01T00:00:00.000Z",
    }
    (target,) = told["targets"]
    assert (target["name"], target["status"], target["since"]) == ("prod", "unknown", "1970-01-01T00:07:00.000Z")
    first, last = target["incidents"]
    assert (first["began"], first["ended"], first["seconds"], first["count"]) == (
        "1970-01-01T00:03:00.000Z",
        "1970-01-01T00:05:00.000Z",
        120.0,
        2,
    )
    assert (last["ended"], last["seconds"], last["causes"]) == (None, None, [])
    assert [change["kind"] for change in target["changes"]] == ["opened", "recovered", "opened"]
    assert [run["status"] for run in target["runs"]] == ["ok", "ok", "fail", "fail", "ok", "ok", "unknown", "unknown"]
    assert target["runs"][2]["causes"] == ["tls.cert-expired", "probe.slow"]
    connect = target["measurements"][0]
    assert connect == {
        "check": "tcp",
        "name": "connect",
        "unit": "seconds",
        "labels": {"address": "203.0.113.7"},
        "values": [0.001, 0.002, 0.003, 0.004, 0.005, 0.006, None, None],
    }
    assert undocumented(told) == set()


def undocumented(told: dict[str, Any]) -> set[str]:
    """Return the keys that the page on watching does not name."""
    page = (Path(__file__).parents[2] / "docs/watch.md").read_text("utf-8")
    target = told["targets"][0]
    groups = (told, target, *(target[key][0] for key in ("incidents", "changes", "runs", "measurements")))
    return {key for group in groups for key in group if f"`{key}`" not in page}


def test_several_of_the_same_labels(tmp_path: Path) -> None:
    """Of two measurements that only their order tells apart, as warm calls have them, the greater is shown."""
    warm = tuple(seconds("total", value, call="warm") for value in (0.1, 0.3, None, 0.2))
    history = opened(tmp_path)
    check = CheckSeen(name="probe", status="ok", measurements=warm)
    history.fold(replace(run(1, "o", "prod"), checks=(check,)), 2)
    history.close()
    done = here(tmp_path, "history", "--state", str(tmp_path), *SINCE, "--format", "json")
    assert [one["values"] for one in json.loads(done.out)["targets"][0]["measurements"]] == [[0.3]]


SINCES: dict[str, tuple[str, int]] = {
    "a date": ("1970-01-01", 10),
    "a time with its zone": ("1970-01-01T00:05Z", 6),
    "a time of elsewhere": ("1970-01-01T08:05+08:00", 6),
    "a time without a zone": ("1970-01-01T00:05:01", 5),
    "a length of time": ("90000d", 10),
    "a short one": ("1h", 0),
}


@pytest.mark.parametrize("name", SINCES)
def test_since(tmp_path: Path, name: str) -> None:
    """Runs are shown from a time on, or for a length of time up to now."""
    since, count = SINCES[name]
    remember(tmp_path, "o" * 10)
    done = here(tmp_path, "history", "--state", str(tmp_path), "--since", since, "--format", "json")
    assert len(json.loads(done.out)["targets"][0]["runs"]) == count


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no such target": (("--target", "prdo"), "no target 'prdo' is remembered in"),
    "no such target, the nearest": (("--target", "prdo"), "did you mean prod?"),
    "no such check": ((*SINCE, "--check", "tpc"), "no run had a check 'tpc': did you mean tcp?"),
    "no such format": (("--format", "xml"), "--format"),
    "no duration": (("--since", "soon"), "'soon' is no duration"),
    "a number alone": (("--since", "7"), "write 7s, if seconds are meant, or a date such as 2026-03-01"),
    "no date": (("--since", "2026-13-01"), "'2026-13-01' is no date: write 2026-03-01"),
}


@pytest.mark.parametrize("name", BAD)
def test_usage_errors(tmp_path: Path, name: str) -> None:
    """What is typed amiss is told in a sentence, by exit code 64."""
    arguments, sentence = BAD[name]
    remember(tmp_path, "oo")
    done = here(tmp_path, "history", "--state", str(tmp_path), *arguments)
    assert (done.code, done.out) == (64, "")
    assert sentence in done.err


def test_nothing_is_remembered(tmp_path: Path) -> None:
    """Without a history that is said, by exit code 0, and none is begun."""
    done = here(tmp_path, "history", "--state", str(tmp_path / "gone"), "--target", "prod")
    assert (done.code, done.out) == (0, f"no runs are remembered in {tmp_path}/gone\n")
    done = here(tmp_path, "history", "--format", "json", environ={"STATE_DIRECTORY": str(tmp_path / "gone")})
    assert (done.code, json.loads(done.out)["targets"]) == (0, [])
    assert not (tmp_path / "gone").exists()


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """A file that is no history is told in a sentence, by exit code 78, and left as it is."""
    (tmp_path / FILE).write_text("notes")
    done = here(tmp_path, "history", "--state", str(tmp_path))
    assert (done.code, done.out) == (78, "")
    assert done.err == f"{tmp_path}/{FILE} is no history of imdoctor's: move it away, or name another folder\n"
    assert (tmp_path / FILE).read_text() == "notes"


def test_what_a_server_said_steers_no_terminal(tmp_path: Path) -> None:
    """Control characters in a cause's title or a target's name are shown as escapes."""
    history = opened(tmp_path)
    odd = replace(EXPIRED, title="\x1b[31mred\nline")
    history.fold(replace(run(1, "f", "a\x1b[2Jb"), causes=(odd,)), 1)
    history.close()
    done = here(tmp_path, "history", "--state", str(tmp_path), *SINCE)
    assert "\x1b" not in done.out
    assert "a\\x1b[2Jb: FAILED" in done.out
    assert "\\x1b[31mred line" in done.out


def test_colours_on_a_terminal_only(tmp_path: Path) -> None:
    """On a terminal bad runs stand out in colours, and the columns stay where they are."""
    remember(tmp_path, "ooffw")
    plain = imdoctor(tmp_path, "history", "--state", ".", *SINCE).out
    reading, writing = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "imdoctor", "history", "--state", ".", *SINCE],
            cwd=tmp_path,
            env=environment(tmp_path, {"COLUMNS": "80"}),
            stdout=writing,
            check=False,
        )
        painted = os.read(reading, 100_000).decode()
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 0
    assert "\x1b[1;31mF\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted).replace("\r\n", "\n") == plain
