"""What is kept from run to run, and when it is made anew."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from imdoctor.net.kept import MOST, OLDEST, Kept

NOW, LATER = 0.0, 1e12
"""Walls' clocks: by one every file is new, by the other none is."""


def rewritten(path: Path) -> None:
    """Write another content of the same length, and say that it is as old."""
    was = path.stat().st_mtime_ns
    time.sleep(0.02)  # the clock of a file system ticks as its kernel does
    path.write_text(path.read_text()[::-1])
    os.utime(path, ns=(0, was))


def replaced(path: Path) -> None:
    """Put another file of the same content in its place."""
    other = path.with_name("other")
    other.write_text(path.read_text())
    other.replace(path)


CHANGES: dict[str, tuple[Callable[[Path], object], int]] = {
    "nothing": (lambda _: None, 1),
    "read": (Path.read_text, 1),
    "rewritten": (rewritten, 2),
    "replaced": (replaced, 2),
    "removed": (Path.unlink, 2),
}


def made_in_two(kept: Kept, path: Path, between: Callable[[Path], object], *, in_a_thread: bool = True) -> int:
    """Get a thing twice; return how often it was made."""
    made: list[int] = []

    async def get() -> None:
        if in_a_thread:
            await kept.get("key", (path,), lambda: made.append(1))
        else:
            kept.get_now("key", (path,), lambda: made.append(1))

    asyncio.run(get())
    between(path)
    asyncio.run(get())
    return len(made)


@pytest.mark.parametrize("in_a_thread", [True, False], ids=["in a thread", "here and now"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_thing_lasts_as_long_as_its_files(change: str, tmp_path: Path, *, in_a_thread: bool) -> None:
    """What was made from a file is made anew when the file is written, replaced or gone, and not else."""
    path, (alter, wanted) = tmp_path / "store", CHANGES[change]
    path.write_text("ab")
    assert made_in_two(Kept(wall=lambda: LATER), path, alter, in_a_thread=in_a_thread) == wanted


def test_a_folder_tells_what_came_into_it(tmp_path: Path) -> None:
    """A file that comes into a folder of certificates makes what was made from the folder old."""
    folder = tmp_path / "certs"
    folder.mkdir()
    time.sleep(0.02)
    assert made_in_two(Kept(wall=lambda: LATER), folder, lambda path: (path / "new").touch()) == 2


def test_what_was_written_just_now_may_be_written_again(tmp_path: Path) -> None:
    """A file as new as that is read each time: two changes within one tick of a file system's clock look like one."""
    path = tmp_path / "store"
    path.touch()
    assert made_in_two(Kept(wall=lambda: NOW), path, lambda _: None) == 2


@pytest.mark.parametrize(("age", "wanted"), [(OLDEST, 1), (OLDEST + 1, 2)], ids=["in its time", "past it"])
def test_nothing_is_kept_for_ever(age: float, wanted: int, tmp_path: Path) -> None:
    """After an hour a thing is made anew, whatever its files look like."""
    now = [0.0]
    kept = Kept(clock=lambda: now[0], wall=lambda: LATER)
    assert made_in_two(kept, tmp_path, lambda _: now.append(now.pop() + age)) == wanted


def test_the_oldest_goes_first() -> None:
    """What was used longest ago makes room; what was used just now stays."""
    kept, made = Kept(), list[int]()

    async def many() -> None:
        for number in [*range(MOST), 0, MOST, 0, 1]:
            await kept.get(number, (), lambda number=number: made.append(number))  # type: ignore[misc]  # bound as it is now

    asyncio.run(many())
    assert made == [*range(MOST + 1), 1]


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    """What could not be made is tried again the next time."""
    kept = Kept()

    async def get() -> str:
        return await kept.get("store", (tmp_path / "store",), (tmp_path / "store").read_text)

    with pytest.raises(FileNotFoundError):
        asyncio.run(get())
    (tmp_path / "store").write_text("here")
    assert asyncio.run(get()) == "here"
