"""The agent: rounds when they are due, what they amount to remembered and told, until it is told to stop."""

import asyncio
import gc
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from imdoctor import __version__
from imdoctor.agent import own_events
from imdoctor.agent.assignment import Assignment
from imdoctor.agent.board import Board
from imdoctor.agent.events import Event, of_change
from imdoctor.agent.notify import Notifier
from imdoctor.agent.now import AgentNow
from imdoctor.agent.pulse import Pulse
from imdoctor.agent.recollection import Recollection, keep_language
from imdoctor.agent.record import record
from imdoctor.agent.rounds import Course, Round, make_round
from imdoctor.agent.schedule import Schedule, Slot
from imdoctor.agent.state import Change
from imdoctor.agent.telling import Telling
from imdoctor.config.problems import ConfigError
from imdoctor.memory import Memory
from imdoctor.model import Status
from imdoctor.runner import Job

T = TypeVar("T")
OVERDUE = 10.0
"""Seconds beyond its time after which a round, or a slot that nobody starts, shows that the agent hangs."""
FINISHING = 3.0
"""Seconds that rounds under way get to finish after a signal."""
DELIVERING = 1.0
"""Seconds that messages get after that: the whole stop takes less than five."""


@dataclass(kw_only=True)
class Agent:
    """Watches an assignment. ``prepare`` reads the configuration anew (it raises ConfigError); ``say`` writes an event to the log."""

    assignment: Assignment
    prepare: Callable[[], Assignment]
    folder: Path
    say: Callable[[Event], None]
    telling: Callable[[Assignment], Telling]
    notifier: Notifier
    host: str
    room: int
    """Rounds that may be under way at once."""
    timeout: float = 30.0
    """Seconds of one round."""
    watchdog: float | None = None
    """Seconds between two signs of life to the service manager."""
    memory: Memory = field(default_factory=lambda: Memory(lasting=True))
    board: Board = field(default_factory=Board)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started_at, self._settled = time.time(), False
        self._stop: asyncio.Future[str] = self._loop.create_future()
        self._waking: asyncio.Future[None] = self._loop.create_future()
        self._reloading = asyncio.Lock()
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._began: dict[str, float] = {}
        self._courses: dict[str, Course] = {}
        self._beside: set[asyncio.Task[None]] = set()
        self._unreadable: set[str] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._known = Recollection(confirm=self.assignment.config.schedule.confirm, say=self._say_from_thread)
        self._teller = self.telling(self.assignment)
        self._schedule = self._scheduled(())
        self._pulse = Pulse(
            board=self.board,
            notifier=self.notifier,
            host=self.host,
            hangs=self.hangs,
            every=lambda: self.assignment.config.schedule.every,
            say=self.say,
            beat=self._beat,
            watchdog=self.watchdog,
        )

    def stop(self, why: str) -> None:
        """Stop: rounds under way may finish, or are cut off after a few seconds."""
        if not self._stop.done():
            self._stop.set_result(why)
        self._wake()

    def reload(self) -> None:
        """Read the configuration anew; a bad one is refused, and the one before goes on."""
        self._start_beside(self._reload())

    def now(self) -> AgentNow:
        """Return what is known at this moment."""
        return AgentNow(
            targets=self.board.targets(self.assignment.jobs, self._schedule.missed),
            started_at=self._started_at,
            ready=self.board.covers(self.assignment.jobs),
            alive=not self.hangs(),
            loop_lag=self._pulse.lag,
            clock_steps=self._pulse.steps,
        )

    def hangs(self) -> bool:
        """Tell whether a round is far beyond its time, or slots wait although there is room."""
        now = time.monotonic()
        oldest = min(self._began.values(), default=now)
        waiting = len(self._rounds) < self.room and self._schedule.next_at() < now - OVERDUE
        return waiting or oldest < now - self.timeout - OVERDUE

    async def once(self) -> list[Status]:
        """Make one round of every target, and return the status of each; of those alone that were done when told to stop."""
        await self._open()
        free, names = asyncio.Semaphore(self.room), frozenset(self.assignment.names)

        async def one(job: Job) -> Status:
            async with free:
                return await self._round(Slot(target=job.name, at=time.monotonic(), checks=names))

        rounds = [asyncio.create_task(one(job)) for job in self.assignment.jobs]
        made = asyncio.gather(*rounds, return_exceptions=True)
        await asyncio.wait((made, self._stop), return_when=asyncio.FIRST_COMPLETED)
        for task in rounds:
            task.cancel()
        seen = await asyncio.gather(*rounds, return_exceptions=True)
        await self._close()
        return [status for status in seen if isinstance(status, str)]

    async def forever(self) -> None:
        """Watch until told to stop."""
        await self._open()
        self.say(own_events.started(len(self.assignment.jobs), __version__))
        self.notifier.ready(self.board.verdict("").message)
        ticking = asyncio.create_task(self._pulse.run())
        try:
            while not self._stop.done():
                self._start_due()
                await self._until_next()
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            await self._end(self._stop.result() if self._stop.done() else "cancelled")

    async def _open(self) -> None:
        limits = self.assignment.config.history
        await self._in_thread(lambda: self._known.open(self.folder, limits, self.memory, check=True))
        self._teller.start()

    def _scheduled(self, busy: Collection[str]) -> Schedule:
        schedule = self.assignment.config.schedule
        return Schedule(
            list(self.assignment.by_name),
            checks=self.assignment.names,
            every=schedule.every,
            periods=self.assignment.periods,
            jitter=schedule.jitter,
            clock=time.monotonic,
            busy=busy,
        )

    def _start_due(self) -> None:
        for slot in self._schedule.due(max(0, self.room - len(self._rounds))):
            self._began[slot.target] = time.monotonic()
            self._rounds[slot.target] = asyncio.create_task(self._guarded(slot), name=slot.target)
        for target, count in self._schedule.newly_missed().items():
            self.say(own_events.missed(target, count))

    async def _until_next(self) -> None:
        """Wait for the next slot or, without room for it, for a round to end; for a reload, or the end."""
        self._waking, timer = self._loop.create_future(), None
        if len(self._rounds) < self.room:
            timer = self._loop.call_later(max(0.0, self._schedule.next_at() - time.monotonic()), self._wake)
        try:
            await self._waking
        finally:
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if not self._waking.done():
            self._waking.set_result(None)

    async def _guarded(self, slot: Slot) -> None:
        """Make a round; whatever becomes of it, the target's next one comes."""
        try:
            await self._round(slot)
        except Exception as error:  # noqa: BLE001 - a defect in one round must not end the agent; it is told
            self.say(own_events.defect(slot.target, error))
        finally:
            full = len(self._rounds) >= self.room
            del self._rounds[slot.target], self._began[slot.target]
            self._schedule.done(slot.target)
            if full:
                self._wake()
        self._settle()

    def _settle(self) -> None:
        """Once every target was examined, keep what stays out of the collector's way: it would walk all of it again and again."""
        if not self._settled and self.board.covers(self.assignment.jobs):
            self._settled = True
            gc.collect()
            gc.freeze()

    async def _round(self, slot: Slot) -> Status:
        assignment = self.assignment
        job = self._renewed(assignment.by_name[slot.target])
        course = self._courses.setdefault(job.name, assignment.course())
        at, start = time.time(), time.monotonic()
        made = await make_round(job, assignment.checks, slot.checks, course, self.memory, timeout=self.timeout)
        run = record(made.target, at=at, seconds=time.monotonic() - start, asked=made.asked)
        keep_language(self.memory, job.name, job.language)
        state, changes = await self._in_thread(lambda: self._known.fold(run, self.memory))
        self.board.note(job, made.report, run, state)
        self._tell(job, made, changes)
        return run.status

    def _renewed(self, job: Job) -> Job:
        """Return the job with its credential read anew; one that cannot be read is told once, and the last one serves."""
        try:
            renewed = self.assignment.renew(job)
        except ConfigError as error:
            if job.name not in self._unreadable:
                self._unreadable.add(job.name)
                self.say(own_events.unreadable(job.name, str(error)))
            return job
        self._unreadable.discard(job.name)
        return renewed

    def _tell(self, job: Job, made: Round, changes: Sequence[Change]) -> None:
        for change in changes:
            event = of_change(change, self.host, job.language)
            self.say(event)
            self._teller.change(event, job, made.report)

    async def _reload(self) -> None:
        async with self._reloading:
            self.notifier.reloading()
            try:
                assignment = await asyncio.to_thread(self.prepare)
            except ConfigError as error:
                self.say(own_events.refused([str(problem) for problem in error.problems]))
            else:
                await self._take(assignment)
                self.say(own_events.reloaded(len(assignment.jobs)))
            self.notifier.ready(self.board.verdict("").message)
            self._wake()

    async def _take(self, assignment: Assignment) -> None:
        """Go on with another assignment; rounds under way end by the one that they began with."""
        self.assignment = assignment
        self._known.confirm = assignment.config.schedule.confirm
        for name in self._courses.keys() - self._rounds.keys():
            self._courses.pop(name).close()
        self.board.keep(assignment.by_name)
        self._schedule = self._scheduled(tuple(self._rounds))
        before, self._teller = self._teller, self.telling(assignment)
        self._teller.start()
        self._start_beside(before.end(assignment.config.events.timeout))
        limits = assignment.config.history
        await self._in_thread(lambda: self._known.open(self.folder, limits, self.memory, check=False))

    async def _end(self, why: str) -> None:
        self.notifier.stopping(self.board.verdict("").message)
        self.say(own_events.stopping(why))
        if self._rounds:
            await asyncio.wait(self._rounds.values(), timeout=FINISHING)
        await self._close()

    async def _close(self) -> None:
        await _cut(self._rounds.values())
        for course in self._courses.values():
            course.close()
        await self._teller.end(DELIVERING)
        await _cut(self._beside)
        await self._in_thread(self._known.close)
        self._thread.shutdown()

    def _beat(self, event: Event) -> None:
        self._teller.beat(event)

    def _start_beside(self, step: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(step)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _in_thread(self, step: Callable[[], T]) -> T:
        # With this context: what the thread says, of a history say, is said in the agent's language.
        return await self._loop.run_in_executor(self._thread, copy_context().run, step)

    def _say_from_thread(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self.say, event)


async def _cut(tasks: Collection["asyncio.Task[None]"]) -> None:
    """Cancel tasks, and wait until they are gone."""
    under_way = list(tasks)
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
