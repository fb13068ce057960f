"""What runs remember of earlier ones: answers worth keeping, by scope and key, with the time at which they were kept."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
Key = tuple[str, str]
"""Scope ("" is this host, shared by all targets) and name."""


class Entry(msgspec.Struct, frozen=True):
    """A value as it is kept: the host's clock (Unix seconds) at which that was, and MessagePack."""

    at: float
    value: bytes


@dataclass(frozen=True)
class Remembered(Generic[T]):
    """A value, when it was kept (Unix seconds), and how many seconds ago that is."""

    value: T
    at: float
    age: float


@dataclass(frozen=True)
class Memory:
    """Remembers for as long as ``entries`` are kept by whoever made it. A memory that is not ``lasting`` remembers nothing."""

    lasting: bool = False
    wall: Callable[[], float] = time.time
    scope: str = ""
    entries: dict[Key, Entry] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    """What was kept since it was last saved."""
    asking: "dict[Key, asyncio.Future[None]]" = field(default_factory=dict)

    def of(self, scope: str) -> "Memory":
        """Return this memory as one target's own."""
        return replace(self, scope=scope)

    def recall(self, name: str, kind: type[T], within: float = float("inf")) -> Remembered[T] | None:
        """Return what was kept at most ``within`` seconds ago; None also for what another release kept in another form."""
        entry = self.entries.get((self.scope, name))
        if entry is None or not 0 <= (age := self.wall() - entry.at) < within:
            return None
        try:
            return Remembered(msgspec.msgpack.decode(entry.value, type=kind), entry.at, age)
        except msgspec.MsgspecError:
            return None

    def keep(self, name: str, value: msgspec.Struct) -> None:
        """Keep a value in the place of an earlier one."""
        if self.lasting:
            self.entries[self.scope, name] = Entry(self.wall(), msgspec.msgpack.encode(value))
            self.changed.add((self.scope, name))

    async def lately(
        self, name: str, kind: type[T], within: float, make: Callable[[], Awaitable[T | None]]
    ) -> Remembered[T] | None:
        """Return what was kept at most ``within`` seconds ago, else make it anew; of several who ask at once one makes it.

        None, which is not kept, is made where there was nothing to make it of.
        """
        key = (self.scope, name)
        if self.lasting and key in self.asking:
            await asyncio.wait({self.asking[key]})
            return self.recall(name, kind, within)
        known = self.recall(name, kind, within)
        return known or await self._made(key, make)

    async def _made(self, key: Key, make: Callable[[], Awaitable[T | None]]) -> Remembered[T] | None:
        done = self.asking[key] = asyncio.get_running_loop().create_future()
        try:
            made = await make()
            if made is not None:
                self.keep(key[1], made)
            return None if made is None else Remembered(made, self.wall(), 0.0)
        finally:
            del self.asking[key]
            done.set_result(None)
