"""The memory of runs when something goes wrong: killed, no room, no right, damage, and files that are none of ours."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from imdoctor.agent.database import APPLICATION, FILE, VERSION
from imdoctor.agent.history import History, HistoryError
from imdoctor.agent.state import State, step
from tests.agent.remembering import LARGE, ROOT, opened, run, wall
from tests.agent.test_history import remembering, statuses


@pytest.mark.parametrize(("size", "kills"), [(LARGE, 25), (65536, 15)], ids=["growing", "while it is pruned"])
def test_killed_at_any_moment(tmp_path: Path, size: int, kills: int) -> None:
    """Killed while it makes the file, writes or prunes, it loses nothing that it had acknowledged, and never the file."""
    chance, count = random.Random(20260301), 0
    for kill in range(kills):
        writer = remembering(tmp_path, count, 100_000, size)
        assert writer.stdout
        read = [writer.stdout.readline() for _ in range(chance.choice((0, 0, 1, 2, 5, 60)) if kill else 0)]
        if not read:
            _wait(chance.uniform(0, 0.3))
        writer.kill()
        acknowledged = len(read) + len(writer.communicate()[0].splitlines())
        history = opened(tmp_path, check=True)
        numbers = [int(item.at / 60) for item in history.runs()]
        assert count + acknowledged <= (numbers[-1] + 1 if numbers else count) <= count + acknowledged + 1
        assert numbers == list(range(numbers[0], numbers[-1] + 1) if numbers else ())
        assert size < LARGE or not numbers or numbers[0] == 0
        count = numbers[-1] + 1 if numbers else count
        state = State()
        for item in history.runs():
            state, _ = step(state, item, 2)
        assert size < LARGE or state == history.state("prod")
        history.close()
    assert count > kills


def _wait(seconds: float) -> None:
    with subprocess.Popen(["sleep", str(seconds)]) as sleeping:
        sleeping.wait()


@pytest.mark.needs("root", "program:mount")
def test_a_full_disk(tmp_path: Path) -> None:
    """On a full disk a run is not remembered, in a sentence; when there is room again the next one is, and nothing is damaged."""
    script = f"""
        mount -t tmpfs -o size=600k none {tmp_path}
        exec {sys.executable} -m tests.agent.test_history_faults {tmp_path}
    """
    done = subprocess.run(["unshare", "-m", "sh", "-ec", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first == second == f"there is no room for {tmp_path}/{FILE}: make some on its disk"
    assert third == "remembered again, whole"


def on_a_full_disk(folder: Path) -> None:
    """Fill a small disk, fail to begin and to remember, make room, and remember."""
    filler = folder / "filler"
    history = opened(folder / "one")
    history.fold(run(0), 2)
    with filler.open("wb", buffering=0) as file:
        while _filled(file.fileno()):
            pass
    known = 1
    try:
        while True:
            history.fold(run(known), 2)
            known += 1
    except HistoryError as error:
        _say(str(error))
    try:
        history.fold(run(known), 2)
    except HistoryError as error:
        _say(str(error))
    with pytest.raises(HistoryError, match=r"there is no room for|cannot be used: No space left|at a limit"):
        opened(folder / "two")
    filler.unlink()
    history.fold(run(known), 2)
    history.close()
    history = opened(folder / "one", check=True)
    if [item.at for item in history.runs()] == [60.0 * number for number in range(known + 1)]:
        _say("remembered again, whole")


def _filled(handle: int) -> bool:
    try:
        return os.write(handle, bytes(4096)) > 0
    except OSError:
        return False


def _say(text: str) -> None:
    print(text.replace("/one/", "/"), flush=True)  # noqa: T201 - to the test that started it


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    """Where files may not grow (RLIMIT_FSIZE), runs that were remembered stay, and the rest are told of in a sentence."""
    shell = f"ulimit -f 400; exec {sys.executable} -m tests.agent.remembering {tmp_path} 0 10000 {LARGE}"
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    kept = [line for line in lines if line.isdecimal()]
    assert 500 < len(kept) < len(lines) == 10_000
    assert all(FILE in line and ": " in line for line in lines if line not in kept)
    history = opened(tmp_path, check=True)
    assert [str(int(item.at / 60)) for item in history.runs()] == kept
    history.close()


AS_NOBODY = """
    import os, sys
    from pathlib import Path
    from tests.agent.remembering import opened, run
    from imdoctor.agent.history import History, HistoryError
    os.setgid(65534); os.setuid(65534)
    folder = Path(sys.argv[1])
    history = History.reading(folder)
    print(len(list(history.runs())) if history else None)
    for do in (lambda: history and history.fold(run(9), 2), lambda: opened(folder)):
        try:
            print("done", do())
        except HistoryError as error:
            print(error)
"""


def as_nobody(folder: Path) -> list[str]:
    """Read a history, and try to write to it, as a user who may not."""
    command = [sys.executable, "-c", textwrap.dedent(AS_NOBODY), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def contents(folder: Path) -> dict[str, bytes]:
    """Return what the files of a folder hold, without what processes share while they have it open."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


@pytest.fixture
def reachable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that every user may look into."""
    folder = tmp_path_factory.mktemp("state")
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)
    return folder


@pytest.mark.needs("root")
@pytest.mark.parametrize("live", [False, True], ids=["at rest", "while it is open"])
def test_another_user_reads_and_does_not_write(reachable: Path, *, live: bool) -> None:
    """Whoever may read the files reads the runs; writing is refused in a sentence, and nothing has changed."""
    history = opened(reachable)
    statuses(history, "offo")
    if not live:
        history.close()
    for path in reachable.iterdir():
        path.chmod(0o644)
    before = contents(reachable)
    count, folding, opening = as_nobody(reachable)
    assert contents(reachable) == before
    assert count == "4"
    for refused in (folding, opening):
        assert refused.startswith(f"{reachable}/{FILE} may not be written by this user: run as its owner")
    history.close()


@pytest.mark.needs("root")
def test_another_user_may_not_read(reachable: Path) -> None:
    """Whoever may not read the file is told so."""
    opened(reachable).close()
    script = AS_NOBODY.replace("history = History.reading(folder)", "History.reading(folder)")
    command = [sys.executable, "-c", textwrap.dedent(script), str(reachable)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"HistoryError: {reachable}/{FILE} cannot be used: Permission denied" in done.stderr


@pytest.mark.needs("root", "program:mount")
@pytest.mark.parametrize("left", ["", "-wal", "-shm"], ids=["at rest", "a log without its memory", "a crashed host's"])
def test_a_read_only_disk(tmp_path: Path, left: str) -> None:
    """On a read-only disk the runs can be read, as far as they are in the file where the log cannot be; none can be added."""
    folder = tmp_path / "state"
    history = opened(folder)
    statuses(history, "offo")
    if left:
        shutil.copytree(folder, tmp_path / "copy")
        if left == "-wal":
            (tmp_path / f"copy/{FILE}-shm").unlink()
    history.close()
    if left:
        shutil.rmtree(folder)
        (tmp_path / "copy").rename(folder)
    script = f"""
        mount --bind {folder} {folder}; mount -o remount,ro,bind {folder}
        exec {sys.executable} -c '{textwrap.dedent(AS_NOBODY).replace("os.setgid(65534); os.setuid(65534)", "")}' {folder}
    """
    before = contents(folder)
    done = subprocess.run(["unshare", "-m", "sh", "-ec", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert contents(folder) == before
    assert done.returncode == 0, done.stderr
    count, folding, opening = done.stdout.splitlines()
    assert (
        (count, folding) == ("None", "done None") if left == "-wal" else count == "4" and f"{folder}/{FILE}" in folding
    )
    assert f"{folder}/{FILE}" in opening


def bare(folder: Path, *statements: str) -> None:
    """Make a database by hand, in the place of a history."""
    db = sqlite3.connect(folder / FILE)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def newer_in_the_log(folder: Path) -> None:
    """Leave a file that a newer release has changed, so far in the log alone."""
    opened(folder).close()
    script = f"""
        import os, sqlite3
        db = sqlite3.connect({str(folder / FILE)!r})
        db.execute("PRAGMA user_version = {VERSION + 1}")
        db.commit()
        os.kill(os.getpid(), 9)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)


NOT_OURS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a text": (
        lambda folder: (folder / FILE).write_text("my notes\n" * 1000),
        "is no history of imdoctor's: move it away",
    ),
    "a few bytes": (lambda folder: (folder / FILE).write_bytes(b"SQLite format 3\0"), "is no history of imdoctor's"),
    "zeros": (lambda folder: (folder / FILE).write_bytes(bytes(8192)), "is no history of imdoctor's"),
    "a directory": (lambda folder: (folder / FILE).mkdir(), "is no history of imdoctor's"),
    "a pipe": (lambda folder: os.mkfifo(folder / FILE), "is no history of imdoctor's"),
    "another application's": (
        lambda folder: bare(folder, "CREATE TABLE notes (a)", "PRAGMA application_id = 7", "PRAGMA journal_mode = WAL"),
        "is no history of imdoctor's",
    ),
    "an application's without a number": (
        lambda folder: bare(folder, "CREATE TABLE notes (a)", "PRAGMA user_version = 9"),
        "is no history of imdoctor's",
    ),
    "a newer release's": (
        lambda folder: bare(
            folder,
            "CREATE TABLE run (a)",
            f"PRAGMA application_id = {APPLICATION}",
            f"PRAGMA user_version = {VERSION + 1}",
        ),
        f"is of a newer release of imdoctor (its version is {VERSION + 1}, this release's {VERSION}): install that release",
    ),
    "a newer release's, by its log": (newer_in_the_log, "is of a newer release of imdoctor"),
}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("name", NOT_OURS)
def test_what_is_not_ours_is_left_alone(tmp_path: Path, name: str, *, check: bool) -> None:
    """A file that is something else, or a newer release's, is refused in a sentence, for writing and reading, and not a byte changes."""
    make, sentence = NOT_OURS[name]
    make(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and "-shm" not in path.name}
    with pytest.raises(HistoryError) as refused:
        opened(tmp_path, check=check)
    assert str(refused.value).startswith(f"{tmp_path}/{FILE} {sentence}")
    with pytest.raises(HistoryError) as unread:
        History.reading(tmp_path)
    assert str(unread.value) == str(refused.value)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and "-shm" not in path.name}
    assert {name: data for name, data in after.items() if data} == before


def test_an_empty_database_is_nobodys(tmp_path: Path) -> None:
    """A database without any table, as a kill in its first moment leaves it, is begun anew."""
    bare(tmp_path, "PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL")
    assert (tmp_path / FILE).stat().st_size > 0
    assert History.reading(tmp_path) is None
    history = opened(tmp_path, check=True)
    history.fold(run(1), 2)
    assert len(list(history.runs())) == 1
    history.close()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """A file in the folder's place, or above it, is told of in a sentence."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file/state"):
        with pytest.raises(
            HistoryError, match=r"imdoctor\.db cannot be used: .*: name a folder that this user may write"
        ):
            opened(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a good file."""
    folder = tmp_path_factory.mktemp("whole")
    history = opened(folder)
    statuses(history, "offoofofofofo" * 100)
    history.keep("refused", "prod", 0.0, b"x" * 100)
    history.close()
    return (folder / FILE).read_bytes()


def used(folder: Path) -> None:
    """Do everything that can be done with a history. Raises HistoryError."""
    history = opened(folder)
    try:
        history.fold(run(5000, "fail"), 2)
        list(history.runs())
        history.incidents()
        history.changes()
        history.untold()
        history.recall("refused", "prod")
        history.prune()
    finally:
        history.close()


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere(tmp_path: Path, whole: bytes, seed: int) -> None:
    """Whatever bytes are overwritten, the file works or is refused in a sentence; what the check finds, it leaves as it is."""
    chance = random.Random(seed)
    data = bytearray(whole)
    length = chance.choice((1, 16, 300, 4096, 9000))
    at = chance.randrange(len(data) - length) if seed % 4 else chance.randrange(100)
    data[at : at + length] = chance.randbytes(length)
    (tmp_path / FILE).write_bytes(data)
    try:
        opened(tmp_path, check=True).close()
    except HistoryError as error:
        assert str(error).startswith(f"{tmp_path}/{FILE} ")  # noqa: PT017 - it may as well not be raised
        assert (tmp_path / FILE).read_bytes() == data
    try:
        used(tmp_path)
    except HistoryError as error:
        assert FILE in str(error)  # noqa: PT017 - as above


@pytest.mark.parametrize("length", [1, 99, 100, 4095, 4096, 20_000, -4096])
def test_a_truncated_file(tmp_path: Path, whole: bytes, length: int) -> None:
    """A file that was cut short is refused in a sentence, and left as it is."""
    (tmp_path / FILE).write_bytes(whole[:length])
    with pytest.raises(HistoryError, match=r"is damaged: move it away|is no history"):
        opened(tmp_path, check=True)
    assert (tmp_path / FILE).read_bytes() == whole[:length]


def test_a_defect_of_ours_is_no_fault_of_the_file(tmp_path: Path) -> None:
    """What is wrong with the program is raised as it is, and the change that it was in is not made."""
    history = History.open(tmp_path, keep=1.0, size=LARGE, wall=wall)
    with pytest.raises(TypeError):
        history.fold(run(1), "two")  # type: ignore[arg-type]  # the wrong type is what is tried
    assert list(history.runs()) == []
    history.fold(run(2), 2)
    assert len(list(history.runs())) == 1
    history.close()


if __name__ == "__main__":
    on_a_full_disk(Path(sys.argv[1]))
