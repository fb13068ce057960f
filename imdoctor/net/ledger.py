"""Time, kept in phases: monotonic nanoseconds underneath, seconds in the data, None for what was not measured."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

import msgspec

PHASES = ("resolve", "connect", "handshake", "send", "wait", "receive")
TICK = 0.01
"""Seconds between two looks of the lag watch."""
LATE = 0.02
"""Seconds beyond its tick from which on the event loop was late."""
KEPT = 1000
"""Late moments that are remembered."""


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The phases of one call, in seconds. They add up to ``total``, the rest being ``other``.

    ``wait`` runs from the last byte sent to the first byte received. ``late`` tells that the event loop was late meanwhile.
    """

    resolve: float | None = None
    connect: float | None = None
    handshake: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None
    other: float | None = None
    total: float | None = None
    late: bool = False


def close(phases: dict[str, float], total: float, *, late: bool) -> Ledger:
    """Return the ledger of the phases measured; what they leave of the total is ``other``."""
    return Ledger(**phases, other=max(0.0, total - sum(phases.values())), total=total, late=late)


class LagWatch:
    """Notices when the event loop was late, so that a time taken meanwhile can say so."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._late: deque[float] = deque(maxlen=KEPT)
        self._ticking: float | None = None
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Tick from now on: by timers alone, which cost less than a task that sleeps."""
        self._tick(asyncio.get_running_loop())

    def stop(self) -> None:
        """Tick no more."""
        if self._next is not None:
            self._next.cancel()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self.end()
        self.begin()
        self._next = loop.call_later(TICK, self._tick, loop)

    def begin(self) -> None:
        """Begin a tick."""
        self._ticking = self._clock()

    def end(self) -> None:
        """End it, and remember when a late one ended."""
        if self._overdue():
            self._late.append(self._clock())
        self._ticking = None

    def now(self) -> float:
        """Return the instant from which ``late_since`` counts."""
        return self._clock()

    def late_since(self, start: float) -> bool:
        """Tell whether the loop was late at any moment since an instant, the tick under way included."""
        return self._overdue() or any(ended > start for ended in self._late)

    def _overdue(self) -> bool:
        return self._ticking is not None and self._clock() - self._ticking > TICK + LATE
