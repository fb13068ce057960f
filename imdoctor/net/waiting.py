"""Waiting for sockets without a task for each: a healthy run waits often, and never for long."""

import asyncio
import socket
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Protocol, TypeVar


class Way(Protocol):
    """Something on its way over a socket. ``sock`` is None, or ``over`` is true, where it failed at once."""

    @property
    def sock(self) -> socket.socket | None:
        """Its socket."""

    @property
    def over(self) -> bool:
        """Whether nothing more is waited for."""
        ...

    def ready(self) -> None:
        """Take in what the socket is ready for."""
        ...


W = TypeVar("W", bound=Way)
T = TypeVar("T")


async def together(steps: Iterable[Coroutine[Any, Any, T]]) -> tuple[T, ...]:
    """Take steps side by side, as asyncio.gather does; none, or a single one, which is the rule for addresses, needs no task."""
    every = list(steps)
    return tuple([await step for step in every] if len(every) < 2 else await asyncio.gather(*every))  # noqa: PLR2004 - a single one


async def first_over(ways: Sequence[W], seconds: float, *, to_write: bool = False) -> W | None:
    """Wait until one of these is over, and return it; None when the time is up first."""
    if not any(way.over for way in ways):
        await _until_over([(way, way.sock.fileno()) for way in ways if way.sock is not None], seconds, to_write)
    return next((way for way in ways if way.over), None)


async def _until_over(ways: Sequence[tuple[Way, int]], seconds: float, to_write: bool) -> None:  # noqa: FBT001 - as its caller has it
    loop = asyncio.get_running_loop()
    add, remove = (loop.add_writer, loop.remove_writer) if to_write else (loop.add_reader, loop.remove_reader)
    done: asyncio.Future[None] = loop.create_future()
    timer = loop.call_later(max(seconds, 0.0), _end, done)
    for way, descriptor in ways:
        add(descriptor, _ready, way, done)
    try:
        await done
    finally:
        timer.cancel()
        for _, descriptor in ways:
            remove(descriptor)


def _ready(way: Way, done: "asyncio.Future[None]") -> None:
    way.ready()
    if way.over:
        _end(done)


def _end(done: "asyncio.Future[None]") -> None:
    if not done.done():
        done.set_result(None)
