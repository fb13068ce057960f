"""What is kept from run to run, and when it is made anew."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imdoctor.net.kept import MOST, OLDEST, Kept


def rewritten(path: Path) -> None:
    """Write another content of the same length, as late as can be told."""
    path.write_text(path.read_text()[::-1])
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def replaced(path: Path) -> None:
    """Put another file of the same content and age in its place."""
    other = path.with_name("other")
    other.write_text(path.read_text())
    os.utime(other, ns=(0, path.stat().st_mtime_ns))
    other.replace(path)


def appended(path: Path) -> None:
    """Make it longer, and say that it is as old."""
    was = path.stat().st_mtime_ns
    path.write_text(path.read_text() + "x")
    os.utime(path, ns=(0, was))


CHANGES: dict[str, tuple[Callable[[Path], object], int]] = {
    "nothing": (lambda _: None, 1),
    "read": (Path.read_text, 1),
    "rewritten": (rewritten, 2),
    "replaced": (replaced, 2),
    "appended": (appended, 2),
    "removed": (Path.unlink, 2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_thing_lasts_as_long_as_its_files(change: str, tmp_path: Path) -> None:
    """What was made from a file is made anew when the file is written, replaced or gone, and not else."""
    path, made, (alter, wanted) = tmp_path / "store", [], CHANGES[change]
    path.write_text("ab")
    kept = Kept()

    async def twice() -> None:
        await kept.get("store", (path,), lambda: made.append(1))
        alter(path)
        await kept.get("store", (path,), lambda: made.append(1))

    asyncio.run(twice())
    assert len(made) == wanted


def test_a_folder_tells_what_came_into_it(tmp_path: Path) -> None:
    """A file that comes into a folder of certificates makes what was made from the folder old."""
    kept, made = Kept(), list[int]()
    os.utime(tmp_path, ns=(0, 0))

    async def twice() -> None:
        await kept.get("store", (tmp_path,), lambda: made.append(1))
        (tmp_path / "new").touch()
        await kept.get("store", (tmp_path,), lambda: made.append(1))

    asyncio.run(twice())
    assert len(made) == 2


@pytest.mark.parametrize(("age", "wanted"), [(OLDEST, 1), (OLDEST + 1, 2)], ids=["in its time", "past it"])
def test_nothing_is_kept_for_ever(age: float, wanted: int, tmp_path: Path) -> None:
    """After an hour a thing is made anew, whatever its files look like."""
    now, made = [0.0], list[int]()
    kept = Kept(clock=lambda: now[0])

    async def twice() -> None:
        await kept.get("store", (tmp_path,), lambda: made.append(1))
        now[0] += age
        await kept.get("store", (tmp_path,), lambda: made.append(1))

    asyncio.run(twice())
    assert len(made) == wanted


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
