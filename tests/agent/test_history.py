"""The memory of runs: what is folded is found again, is pruned by age and size, and is one for every process."""

import json
import math
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from imdoctor.agent.database import FILE
from imdoctor.agent.folder import state_folder
from imdoctor.agent.history import History
from imdoctor.agent.record import CauseSeen, CheckSeen, RunRecord
from imdoctor.agent.state import State, step
from imdoctor.model import Measurement, Status
from tests.agent.remembering import LARGE, ROOT, cause, opened, run, wall


def statuses(history: History, letters: str, *, target: str = "prod", confirm: int = 2, first: int = 1) -> None:
    """Fold runs by letter: ok, warn, unknown, fail."""
    words: dict[str, Status] = {"o": "ok", "w": "warn", "u": "unknown", "f": "fail"}
    for number, letter in enumerate(letters, first):
        history.fold(run(number, words[letter], target=target, causes=(cause(),)), confirm)


STATUS = st.sampled_from(("ok", "warn", "unknown", "fail"))
TEXT = st.text(max_size=12)
MICROS = st.floats(-1e9, 1e9).map(lambda seconds: round(seconds, 6))
NUMBERS = st.none() | MICROS | st.integers(-(10**9), 10**9).map(float)
CAUSES = st.builds(
    CauseSeen, code=st.sampled_from("abc"), severity=st.just("fail"), title=TEXT, remedy=st.none() | TEXT
)
MEASUREMENTS = st.builds(
    Measurement,
    name=TEXT,
    value=NUMBERS,
    unit=st.sampled_from(("seconds", "bytes", "count", "ratio", "timestamp")),
    labels=st.dictionaries(TEXT, TEXT, max_size=2),
    warn=st.just(msgspec.UNSET) | st.tuples(st.none() | MICROS, st.none() | MICROS),
)
CHECKS = st.builds(
    CheckSeen, name=TEXT, status=STATUS, seconds=NUMBERS, measurements=st.lists(MEASUREMENTS, max_size=4).map(tuple)
)
RUNS = st.builds(
    RunRecord,
    target=st.sampled_from(("prod", "test", "测试")),
    at=st.floats(0, 2e9),
    seconds=MICROS,
    status=STATUS,
    causes=st.lists(CAUSES, max_size=2).map(tuple),
    checks=st.lists(CHECKS, max_size=3).map(tuple),
)


@settings(max_examples=40)
@given(runs=st.lists(RUNS, max_size=30), confirm=st.integers(1, 4))
def test_what_is_remembered_is_what_was_folded(runs: list[RunRecord], confirm: int) -> None:
    """Runs come back as they were, to the microsecond; states, changes and incidents are those that step makes of them."""
    states, told = dict[str, State](), dict[str, list[object]]()
    with tempfile.TemporaryDirectory() as folder:
        history = opened(Path(folder))
        for item in runs:
            states[item.target], changes = step(states.get(item.target, State()), item, confirm)
            told.setdefault(item.target, []).extend(changes)
            assert history.fold(item, confirm) == (states[item.target], changes)
        history.close()
        history = opened(Path(folder), check=True)
        assert list(history.runs()) == runs
        for target, state in states.items():
            again = State()
            for item in history.runs(target):
                again, _ = step(again, item, confirm)
            assert again == state == history.state(target)
            assert history.changes(target) == told[target]
            open_ones = [item.incident for item in history.incidents(target) if item.incident.ended is None]
            assert open_ones == [state.incident] * (state.incident is not None)
        assert history.targets() == sorted(states)
        history.close()


def test_text_that_utf8_has_no_form_for(tmp_path: Path) -> None:
    """Half a character in what a server said is remembered as an escape."""
    history = opened(tmp_path)
    odd = run(1, "fail", causes=(replace(cause(), title="said \ud800"),))
    history.fold(odd, 1)
    assert [item.causes[0].title for item in history.runs()] == ["said \\ud800"]
    assert history.incidents()[0].incident.causes[0].title == "said \\ud800"
    history.close()


def test_numbers_of_any_size(tmp_path: Path) -> None:
    """Numbers too great for microseconds in 64 bits, and those that are none, come back as they were."""
    history = opened(tmp_path)
    values = (1e300, -1e13, math.inf, 31535999.774033, 0.0, 1e-7)
    measured = tuple(Measurement("x", value, "seconds") for value in values)
    history.fold(replace(run(1), checks=(CheckSeen(name="a", status="ok", seconds=1e300, measurements=measured),)), 2)
    (found,) = history.runs()
    assert [item.value for item in found.checks[0].measurements] == [*values[:-1], 0.0]
    assert found.checks[0].seconds == 1e300
    history.close()


def test_values_of_other_parts(tmp_path: Path) -> None:
    """A value is recalled with its time, replaced, forgotten, and kept apart by scope and key."""
    history = opened(tmp_path)
    assert history.recall("refused", "prod") is None
    history.keep("refused", "prod", 5.0, b"70009")
    history.keep("refused", "prod", 6.5, b"\x00\xff")
    history.keep("places", "prod", 7.0, b"")
    history.close()
    history = opened(tmp_path)
    assert history.recall("refused", "prod") == (6.5, b"\x00\xff")
    assert history.recall("places", "prod") == (7.0, b"")
    assert history.recall("places", "test") is None
    history.forget("refused", "prod")
    assert history.recall("refused", "prod") is None
    assert history.recall("places", "prod") == (7.0, b"")
    history.close()


def test_incidents_are_told_once(tmp_path: Path) -> None:
    """A failure that was confirmed is untold until somebody tells it; a warning is not for telling until it is worse."""
    history = opened(tmp_path)
    statuses(history, "offoof")
    statuses(history, "ww", target="test")
    (failed,) = history.untold()
    assert (failed.target, failed.incident.count, failed.incident.ended, failed.told_at) == ("prod", 2, 240.0, None)
    history.tell(failed.id)
    assert history.untold() == []
    statuses(history, "ff", target="test", first=3)
    assert [item.target for item in history.untold()] == ["test"]
    statuses(history, "f", first=7)
    assert [item.target for item in history.untold()] == ["prod", "test"] or [
        item.target for item in history.untold()
    ] == ["test", "prod"]
    told = history.incidents("prod")
    assert [item.told_at for item in told] == [wall(), None]
    history.close()


def test_what_is_asked_for_since(tmp_path: Path) -> None:
    """Runs and changes since a time, incidents that had not ended by then; of one target or of all."""
    history = opened(tmp_path)
    statuses(history, "offoo" + "ff")
    statuses(history, "ff", target="test")
    assert [item.at for item in history.runs("prod", since=300)] == [300, 360, 420]
    assert [item.at for item in history.changes("prod", since=300)] == [300, 420]
    assert [item.incident.began for item in history.incidents("prod", since=240)] == [120, 360]
    assert [item.incident.began for item in history.incidents("prod", since=241)] == [360]
    assert [item.target for item in history.incidents(since=241)] == ["prod", "test"]
    assert len(list(history.runs())) == 9
    history.close()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """The folder that it makes, and each file in it, is for its owner alone."""
    folder = tmp_path / "state" / "imdoctor"
    history = opened(folder)
    history.fold(run(1), 2)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"imdoctor": 0o700, FILE: 0o600, f"{FILE}-wal": 0o600, f"{FILE}-shm": 0o600}
    history.close()
    assert [path.name for path in folder.iterdir()] == [FILE]


def pruned(history: History) -> int:
    """Prune until there is no more to do, and return the number of steps."""
    steps = 1
    while history.prune():
        steps += 1
    return steps


def test_pruned_by_age(tmp_path: Path) -> None:
    """Runs, changes and incidents that ended are forgotten at their age, to the second; what is open and other parts' values stay."""
    history = opened(tmp_path, keep=wall() - 60 * 600)
    statuses(history, "ff", target="test")
    statuses(history, "offoo" + "o" * 1190 + "ffoo" + "ff")
    history.keep("refused", "prod", 0.0, b"x")
    assert pruned(history) > 1
    assert [item.at / 60 for item in history.runs("prod")] == list(range(600, 1202))
    assert list(history.runs("test")) == []
    assert [item.at / 60 for item in history.changes()] == [1197, 1199, 1201]
    assert [(item.target, item.incident.began / 60) for item in history.incidents()] == [
        ("test", 1),
        ("prod", 1196),
        ("prod", 1200),
    ]
    assert history.recall("refused", "prod") == (0.0, b"x")
    assert pruned(history) == 1
    history.close()


def test_pruned_by_size(tmp_path: Path) -> None:
    """The oldest runs go until the rest fits; the file really shrinks and stays small, and parts go with the runs that had them."""
    size = 1024 * 1024
    history = opened(tmp_path)
    for number in range(24_000):
        item = run(number)
        odd = replace(item.checks[0], name=f"check-{number // 10}")
        history.fold(replace(item, checks=(odd,)), 2)
    history.close()
    before = (tmp_path / FILE).stat().st_size
    assert before > 1.5 * size
    history = opened(tmp_path, keep=math.inf, size=size)
    assert pruned(history) > 1
    kept = [item.at / 60 for item in history.runs()]
    assert kept == list(range(24_000 - len(kept), 24_000))
    assert len(kept) > 4000
    assert (tmp_path / FILE).stat().st_size <= size
    for number in range(24_000, 25_000):
        history.fold(run(number), 2)
        history.prune()
        assert sum(path.stat().st_size for path in tmp_path.iterdir() if not path.name.endswith("-shm")) <= 1.1 * size
    history.close()
    db = sqlite3.connect(tmp_path / FILE)
    parts = db.execute("SELECT count(*) FROM part").fetchone()[0]
    db.close()
    assert parts < len(kept) / 10 + 200


@pytest.mark.parametrize("size", [0, 4096, 65536])
def test_a_size_that_nothing_fits(tmp_path: Path, size: int) -> None:
    """A size that cannot be reached ends pruning all the same, and the states stay."""
    history = opened(tmp_path, size=size)
    for _ in range(3):
        statuses(history, "offoo" * 200)
    state = history.state("prod")
    assert pruned(history) < 50
    assert (list(history.runs()), history.changes()) == ([], []) or size
    assert history.state("prod") == state
    statuses(history, "o", first=1)
    assert len(list(history.runs())) >= 1
    history.close()


def remembering(folder: Path, *arguments: object) -> "subprocess.Popen[str]":
    """Start a process that remembers runs."""
    command = [sys.executable, "-m", "tests.agent.remembering", str(folder), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_several_processes_share_it(tmp_path: Path) -> None:
    """Processes that begin at once and write at once lose nothing, of one target or of several."""
    targets = ("prod", "prod", "test", "stage")
    writers = [remembering(tmp_path, 1000 * index, 150, LARGE, target) for index, target in enumerate(targets)]
    for writer in writers:
        out, _ = writer.communicate(timeout=60)
        assert writer.returncode == 0
        assert len(out.splitlines()) == 150
    history = opened(tmp_path, check=True)
    assert sorted(item.at for item in history.runs("prod")) == [60.0 * n for n in (*range(150), *range(1000, 1150))]
    assert len(list(history.runs())) == 600
    state = State()
    for item in history.runs("prod"):
        state, _ = step(state, item, 2)
    assert state == history.state("prod")
    history.close()


def test_it_is_read_while_it_is_written(tmp_path: Path) -> None:
    """Whoever reads sees whole runs only, ever more of them, and stops nobody."""
    writer = remembering(tmp_path, 0, 300, LARGE)
    assert writer.stdout
    assert writer.stdout.readline() == "0\n"
    counts = []
    while writer.poll() is None:
        history = History.reading(tmp_path)
        assert history is not None
        counts.append(len(list(history.runs())))
        history.close()
    out, _ = writer.communicate()
    assert out.splitlines() == [str(number) for number in range(1, 300)]
    assert all(before <= after for before, after in pairwise(counts))


def test_nothing_is_remembered(tmp_path: Path) -> None:
    """Where there is no file, or one in which nothing was written, nothing is remembered, and reading makes none."""
    assert History.reading(tmp_path / "gone") is None
    (tmp_path / FILE).touch()
    assert History.reading(tmp_path) is None
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [0]
    history = opened(tmp_path)
    assert (history.targets(), history.state("prod")) == ([], State())
    history.close()


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        pytest.param({"STATE_DIRECTORY": "/var/lib/imdoctor"}, "/var/lib/imdoctor", id="the service manager's"),
        pytest.param({"STATE_DIRECTORY": "/a:/b", "XDG_STATE_HOME": "/c"}, "/a", id="the first of several"),
        pytest.param({"STATE_DIRECTORY": "", "XDG_STATE_HOME": "/c", "HOME": "/h"}, "/c/imdoctor", id="the user's"),
        pytest.param({"XDG_STATE_HOME": "c", "HOME": "/h"}, "/h/.local/state/imdoctor", id="a relative one is none"),
        pytest.param({"HOME": "/h"}, "/h/.local/state/imdoctor", id="the default"),
    ],
)
def test_where_it_is(environ: Mapping[str, str], folder: str) -> None:
    """The folder is the service manager's, else the user's own."""
    assert state_folder(environ) == Path(folder)
    assert json.dumps(str(state_folder({}))).endswith('.local/state/imdoctor"')
