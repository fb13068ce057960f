"""What is made from files at some cost, kept from one run to the next for as long as those files are as they were."""

import asyncio
import os
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

T = TypeVar("T")
MOST = 512
"""Things that are kept; the one that was used longest ago goes first."""
OLDEST = 3600.0
"""Seconds: a directory of certificates tells by itself that a file came or went, and not that one was written over."""
SETTLED = 2.0
"""Seconds after which a file's time tells every change from the last one: coarse clocks of file systems are as coarse as this."""

Stamp = tuple[tuple[int, int, int, int] | None, ...]


class _Thing(NamedTuple):
    """One thing that is kept: the files it was made from as they were, when it was made, and itself."""

    stamp: Stamp
    made_at: float
    itself: Any


@dataclass(eq=False)
class Kept:
    """The things of a process, by key. ``clock`` (seconds) tells their age, ``wall`` (Unix seconds) that of their files."""

    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _things: dict[Hashable, _Thing] = field(default_factory=dict, repr=False)
    """A secret may be among them: they are shown to nobody."""

    async def get(self, key: Hashable, files: Iterable[str | Path], make: Callable[[], T]) -> T:
        """Return what was kept under a key, or make it in a thread. Raises what ``make`` raises; that is not kept."""
        seen = stamp(files)
        known = self._known(key, seen) or _Thing(seen, self.clock(), await asyncio.to_thread(make))
        return cast("T", self._keep(key, known))

    def get_now(self, key: Hashable, files: Iterable[str | Path], make: Callable[[], T]) -> T:
        """Return what was kept under a key, or make it here and now: for what takes less time than a thread does."""
        seen = stamp(files)
        known = self._known(key, seen) or _Thing(seen, self.clock(), make())
        return cast("T", self._keep(key, known))

    def _known(self, key: Hashable, seen: Stamp) -> _Thing | None:
        known = self._things.pop(key, None)
        good = known is not None and known.stamp == seen and self.clock() - known.made_at <= OLDEST
        return known if good else None

    def _keep(self, key: Hashable, thing: _Thing) -> Any:  # noqa: ANN401 - whatever was made
        """Keep a thing, unless a file of it is so new that its next change might not show."""
        if all(one is None or one[-1] / 1e9 + SETTLED < self.wall() for one in thing.stamp):
            self._things[key] = thing
        while len(self._things) > MOST:
            del self._things[next(iter(self._things))]
        return thing.itself


def stamp(files: Iterable[str | Path]) -> Stamp:
    """Return what changes when a file is written, replaced or renamed: its device, inode, size and time of change (ns, stat(2)).

    None stands for a file that is not there.
    """
    return tuple(map(_stamp, files))


def _stamp(file: str | Path) -> tuple[int, int, int, int] | None:
    try:
        known = os.stat(file)  # noqa: PTH116 - a run does it often, and Path.stat takes twice as long
    except OSError:
        return None
    return known.st_dev, known.st_ino, known.st_size, known.st_ctime_ns


PROCESS = Kept()
"""What this process keeps, for every machine that brings nothing of its own."""
