"""What is made from files at some cost, kept from one run to the next for as long as those files are as they were."""

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

T = TypeVar("T")
MOST = 32
"""Things that are kept; the one that was used longest ago goes first."""
OLDEST = 3600.0
"""Seconds: a directory of certificates tells by itself that a file came or went, and not that one was written over."""

Stamp = tuple[tuple[int, int, int, int] | None, ...]


class _Thing(NamedTuple):
    """One thing that is kept: the files it was made from as they were, when, and the thing."""

    stamp: Stamp
    made_at: float
    thing: Any


@dataclass(eq=False)
class Kept:
    """The things of a process. Each is made in a thread of its own; a clock in seconds tells their age."""

    clock: Callable[[], float] = time.monotonic
    _things: dict[Hashable, _Thing] = field(default_factory=dict)

    async def get(self, key: Hashable, files: Iterable[Path], make: Callable[[], T]) -> T:
        """Return what was kept under a key, or make it. Raises what ``make`` raises; that is not kept."""
        seen = stamp(files)
        known = self._things.pop(key, None)
        if known is None or known.stamp != seen or self.clock() - known.made_at > OLDEST:
            known = _Thing(seen, self.clock(), await asyncio.to_thread(make))
        self._things[key] = known
        while len(self._things) > MOST:
            del self._things[next(iter(self._things))]
        return cast("T", known.thing)


def stamp(files: Iterable[Path]) -> Stamp:
    """Return what changes when a file is written or replaced: its device, inode, size and time (ns); None where there is none."""
    return tuple(map(_stamp, files))


def _stamp(file: Path) -> tuple[int, int, int, int] | None:
    try:
        known = file.stat()
    except OSError:
        return None
    return known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns


PROCESS = Kept()
"""What this process keeps, for every machine that brings nothing of its own."""
