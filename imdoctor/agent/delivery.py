"""Messages on their way to a receiver: a bounded queue, retries with back-off, and nothing lost in silence.

An outbox serves one receiver, so that a dead one holds up neither the others nor a check.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from imdoctor.agent.events import Event
from imdoctor.agent.own_events import (
    delivery_dropped,
    delivery_failing,
    delivery_given_up,
    delivery_works,
    undelivered,
)
from imdoctor.speech import ENGLISH, Language


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is delivered: the event, the language it speaks, the run's report (JSON, contract §4), and whether all is well."""

    event: Event
    report: bytes
    ok: bool
    language: Language = ENGLISH


class DeliveryError(Exception):
    """A message was not taken; the text is a sentence without its full stop, and without a secret.

    ``final`` tells that trying it again is of no use.
    """

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


class Receiver(Protocol):
    """Takes messages, one at a time."""

    @property
    def name(self) -> str:
        """What people know it by; no secret."""
        ...

    async def deliver(self, message: Message) -> None:
        """Deliver a message. Raises DeliveryError."""
        ...

    async def aclose(self) -> None:
        """Let go of what is kept between deliveries."""
        ...


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long a message is tried.

    ``first`` is the wait after the first failure in seconds; it doubles up to ``longest``, and grows by up to ``jitter`` of itself,
    so that many agents do not come back at once. A message is given up after ``tries``, or ``limit`` seconds after it was put.
    """

    first: float = 1.0
    longest: float = 60.0
    jitter: float = 0.1
    tries: int = 100
    limit: float = 3600.0

    def wait(self, failures: int, chance: float) -> float:
        """Return the seconds to wait after so many failures in a row; ``chance`` is a random number between 0 and 1."""
        doubled = self.first * 2.0 ** min(failures - 1, 60)  # beyond that the power is no number any more
        return min(self.longest, doubled) * (1 + self.jitter * chance)


class _Waiting(msgspec.Struct):
    """A message in an outbox, when it was put, and how often it was tried."""

    message: Message
    since: float
    tries: int = 0


class Outbox:
    """A queue of messages before one receiver, and the worker that delivers them in their order.

    When ``size`` messages wait, the oldest makes room for a new one. With ``fresh`` only the newest message is of any interest: it takes
    the place of those before it, which are then no loss. ``tell`` hears of the first failure in a row, of every message that is lost,
    and of the first success afterwards; it must not raise.
    """

    def __init__(
        self,
        receiver: Receiver,
        *,
        tell: Callable[[Event], None],
        size: int = 100,
        fresh: bool = False,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._receiver, self._tell, self._patience = receiver, tell, patience
        self._size, self._fresh = (1, True) if fresh else (size, False)
        self._clock, self._sleep, self._chance = clock, sleep, chance
        self._queue: deque[_Waiting] = deque()
        self._trying: _Waiting | None = None
        self._filled, self._closing = asyncio.Event(), asyncio.Event()
        self._failures = self._dropped = 0
        self._worker: asyncio.Task[None] | None = None
        self._ended = False

    def put(self, message: Message) -> None:
        """Queue a message, in the loop's thread. Never waits, never raises; what is lost by it is told."""
        if self._ended:
            self._tell(undelivered(self._receiver.name, message.event))
            return
        if len(self._queue) == self._size:
            self._lose(self._queue.popleft())
        self._queue.append(_Waiting(message, self._clock()))
        self._filled.set()

    def _lose(self, waiting: _Waiting) -> None:
        """Tell of a message that made room for a newer one, unless that is what it was there for."""
        if not self._fresh:
            self._dropped += 1
            self._tell(delivery_dropped(self._receiver.name, waiting.message.event, self._dropped))

    async def run(self) -> None:
        """Deliver until ``drain`` finds nothing left, or until cancelled. Call this once, as a task of its own."""
        self._worker = asyncio.current_task()
        while await self._next():
            await self._pause()
            await self._try()

    async def _next(self) -> bool:
        """Take the message to try; with ``fresh``, the newest. Returns False when there is none and none will come."""
        while self._trying is None and not self._queue:
            if self._closing.is_set():
                return False
            self._filled.clear()
            filled = asyncio.ensure_future(self._filled.wait())
            await self._first_of(filled)
        self._take()
        return True

    def _take(self) -> None:
        if self._queue and (self._trying is None or self._fresh):
            self._trying = self._queue.popleft()

    async def _pause(self) -> None:
        """Wait before the next try as long as the failures in a row ask for, or until the program ends."""
        if self._failures:
            wait = self._patience.wait(self._failures, self._chance())
            await self._first_of(asyncio.ensure_future(self._sleep(wait)))
            self._take()

    async def _first_of(self, waited: asyncio.Future[Any]) -> None:
        """Wait for something, or for the end of the program."""
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({waited, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waited.cancel()
            closing.cancel()

    async def _try(self) -> None:
        """Try the message once, and decide what becomes of it."""
        waiting = self._trying
        if waiting is None:
            return
        waiting.tries += 1
        try:
            await self._receiver.deliver(waiting.message)
        except DeliveryError as error:
            self._failed(waiting, error)
        else:
            self._trying = None
            failures, self._failures = self._failures, 0
            if failures:
                self._tell(delivery_works(self._receiver.name, failures))

    def _failed(self, waiting: _Waiting, error: DeliveryError) -> None:
        """Keep a message for another try, or give it up and tell so."""
        name, event = self._receiver.name, waiting.message.event
        self._failures += 1
        aged = self._clock() - waiting.since >= self._patience.limit
        if error.final or aged or waiting.tries >= self._patience.tries:
            self._trying = None
            self._tell(delivery_given_up(name, event, str(error)))
        elif self._closing.is_set():
            self._trying = None
            self._tell(undelivered(name, event))
        elif self._failures == 1:
            self._tell(delivery_failing(name, str(error)))

    async def drain(self, limit: float) -> None:
        """Try each message that is left once more, for so many seconds, while ``run`` runs; then end it and tell what is left.

        The receiver is closed. Nothing is delivered after this.
        """
        self._closing.set()
        if self._worker is not None:
            await asyncio.wait({self._worker}, timeout=limit)
            self._worker.cancel()
            await asyncio.wait({self._worker})
        self._ended = True
        left = [self._trying] if self._trying else []
        for waiting in [*left, *self._queue]:
            self._tell(undelivered(self._receiver.name, waiting.message.event))
        self._trying = None
        self._queue.clear()
        await self._receiver.aclose()
