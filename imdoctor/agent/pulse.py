"""The agent's own pulse: its loop and its clock looked after, and a sign of life for whoever waits for one."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from imdoctor.agent import own_events
from imdoctor.agent.board import Board
from imdoctor.agent.clocks import ClockWatch, TickWatch
from imdoctor.agent.events import Event
from imdoctor.agent.notify import Notifier

TICK = 1.0
"""Seconds between two looks."""


@dataclass(kw_only=True)
class Pulse:
    """Ticks until cancelled. Signs of life stop while ``hangs()``: then the service manager, or who waits for the heartbeat, acts.

    ``watchdog`` is the period of the one in seconds (None: nobody waits), ``every()`` that of the other.
    """

    board: Board
    notifier: Notifier
    host: str
    hangs: Callable[[], bool]
    every: Callable[[], float]
    say: Callable[[Event], None]
    beat: Callable[[Event], None]
    watchdog: float | None = None
    lag: float = 0.0
    """Seconds by which the last tick was late."""
    steps: int = 0
    """How often the clock was stepped."""

    async def run(self) -> None:
        """Tick."""
        clock, ticks = ClockWatch(), TickWatch()
        alive = beat = time.monotonic()
        while True:
            expected = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            now = time.monotonic()
            self._look(clock, ticks, expected, now)
            if self.hangs():
                continue
            if self.watchdog is not None and now - alive >= self.watchdog - TICK:
                self.notifier.watchdog()
                alive = now
            if now - beat >= self.every():
                self.beat(self.board.verdict(self.host))
                beat = now

    def _look(self, clock: ClockWatch, ticks: TickWatch, expected: float, now: float) -> None:
        """Look at this program's own time, and show the verdict where it may have changed."""
        self.lag = now - expected
        if (late := ticks.look(expected, now)) is not None:
            self.say(own_events.late(late))
        if (step := clock.look(now, time.time())) is not None:
            self.steps += 1
            self.say(own_events.stepped(step))
        if self.board.fresh:
            self.board.fresh = False
            self.notifier.status(self.board.verdict("").message)
