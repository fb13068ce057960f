"""The agent: rounds when they are due, what they amount to remembered and told, until it is told to stop."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from imdoctor.agent import own_events
from imdoctor.agent.clocks import ClockWatch, TickWatch
from imdoctor.agent.events import Event, of_change, verdict
from imdoctor.agent.notify import Notifier
from imdoctor.agent.recollection import Recollection, confirmed
from imdoctor.agent.record import RunRecord, record
from imdoctor.agent.rounds import Course, Round, make_round, periods_of
from imdoctor.agent.schedule import Schedule, Slot
from imdoctor.agent.state import Change, State
from imdoctor.agent.telling import Telling
from imdoctor.check import Check
from imdoctor.config.model import Config
from imdoctor.config.problems import ConfigError
from imdoctor.memory import Memory
from imdoctor.model import Status
from imdoctor.runner import Job

T = TypeVar("T")
TICK = 1.0
"""Seconds between two looks at this program's own time."""
OVERDUE = 10.0
"""Seconds beyond its time after which a round, or a slot that nobody starts, shows that the agent hangs."""
FINISHING = 3.0
"""Seconds that rounds under way get to finish after a signal."""
DELIVERING = 1.0
"""Seconds that messages get after that: the whole stop takes less than five."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What to watch, as a configuration has it. ``renew`` reads a job's credential anew; it raises ConfigError."""

    config: Config
    jobs: tuple[Job, ...]
    checks: tuple[Check, ...]
    renew: Callable[[Job], Job]

    @property
    def periods(self) -> dict[str, float]:
        """The period of each check, in seconds."""
        return periods_of(self.checks, self.config.schedule.every, self.config.schedule.checks)


@dataclass(kw_only=True)
class Agent:
    """Watches an assignment. ``prepare`` reads the configuration anew; ``say`` writes an event to the log."""

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

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop: asyncio.Future[str] = self._loop.create_future()
        self._wake = asyncio.Event()
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._began: dict[str, float] = {}
        self._courses: dict[str, Course] = {}
        self._last: dict[str, RunRecord] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reloading = asyncio.Lock()
        self._told_missed: dict[str, int] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._known = Recollection(confirm=self.assignment.config.schedule.confirm, say=self._say_from_thread)
        self._teller = self.telling(self.assignment)
        self._schedule = self._scheduled(())

    def stop(self, why: str) -> None:
        """Stop: rounds under way may finish, or are cut off after a few seconds."""
        if not self._stop.done():
            self._stop.set_result(why)

    def reload(self) -> None:
        """Read the configuration anew; a bad one is refused, and the one before goes on."""
        self._beside(self._reload())

    def _beside(self, step: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def once(self) -> list[Status]:
        """Make one round of every target, and return the status of each; of those alone that were done when told to stop."""
        await self._open()
        free = asyncio.Semaphore(self.room)
        names = frozenset(check.name for check in self.assignment.checks)

        async def one(job: Job) -> Status:
            async with free:
                return await self._round(Slot(target=job.name, at=time.monotonic(), checks=names))

        rounds = [asyncio.create_task(one(job)) for job in self.assignment.jobs]
        await _first_of(asyncio.gather(*rounds, return_exceptions=True), self._stop)
        for task in rounds:
            task.cancel()
        seen = await asyncio.gather(*rounds, return_exceptions=True)
        await self._close()
        return [status for status in seen if isinstance(status, str)]

    async def forever(self) -> None:
        """Watch until told to stop."""
        await self._open()
        self.say(own_events.started(len(self.assignment.jobs), own_release()))
        self.notifier.ready(self._status())
        ticking = asyncio.create_task(self._tick())
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

    def _scheduled(self, busy: Sequence[str]) -> Schedule:
        schedule = self.assignment.config.schedule
        return Schedule(
            [job.name for job in self.assignment.jobs],
            checks=[check.name for check in self.assignment.checks],
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
        for target, count in self._schedule.missed.items():
            if (more := count - self._told_missed.get(target, 0)) > 0:
                self._told_missed[target] = count
                self.say(own_events.missed(target, more))

    async def _until_next(self) -> None:
        """Wait for the next slot, a round that ended, a reload or the end."""
        self._wake.clear()
        full = len(self._rounds) >= self.room
        wait = None if full else max(0.0, self._schedule.next_at() - time.monotonic())
        waking = asyncio.ensure_future(self._wake.wait())
        await _first_of(waking, self._stop, timeout=wait)
        waking.cancel()

    async def _guarded(self, slot: Slot) -> None:
        """Make a round; whatever becomes of it, the target's next one comes."""
        try:
            await self._round(slot)
        except Exception as error:  # noqa: BLE001 - a defect in one round must not end the agent; it is told
            self.say(own_events.defect(slot.target, error))
        finally:
            del self._rounds[slot.target], self._began[slot.target]
            self._schedule.done(slot.target)
            self._wake.set()

    async def _round(self, slot: Slot) -> Status:
        assignment = self.assignment
        job = self._renewed(next(one for one in assignment.jobs if one.name == slot.target))
        course = self._courses.setdefault(job.name, Course(rare=_rare(assignment.periods)))
        at, start = time.time(), time.monotonic()
        made = await make_round(job, assignment.checks, slot.checks, course, self.memory, timeout=self.timeout)
        run = record(made.target, at=at, seconds=time.monotonic() - start, asked=made.asked)
        state, changes = await self._in_thread(lambda: self._remembered(run))
        self._last[job.name] = confirmed(run, state)
        self._tell(job, made, changes)
        self.notifier.status(self._status())
        return run.status

    def _renewed(self, job: Job) -> Job:
        """Return the job with its credential read anew; one that cannot be read is told, and the last one serves."""
        try:
            return self.assignment.renew(job)
        except ConfigError as error:
            self.say(own_events.unreadable(job.name, str(error)))
            return job

    def _remembered(self, run: RunRecord) -> tuple[State, tuple[Change, ...]]:
        folded = self._known.fold(run)
        self._known.save(self.memory)
        return folded

    def _tell(self, job: Job, made: Round, changes: Sequence[Change]) -> None:
        for change in changes:
            event = of_change(change, self.host)
            self.say(event)
            self._teller.change(event, job, made.report)

    async def _tick(self) -> None:
        """Look at this program's own time, and tell the service manager that it lives."""
        clock, tick = ClockWatch(), TickWatch()
        alive = beat = time.monotonic()
        while True:
            expected = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            now = time.monotonic()
            if (late := tick.look(expected, now)) is not None:
                self.say(own_events.late(late))
            if (step := clock.look(now, time.time())) is not None:
                self.say(own_events.stepped(step))
            if self.watchdog is not None and now - alive >= self.watchdog - TICK and not self._hangs(now):
                self.notifier.watchdog()
                alive = now
            if now - beat >= self.assignment.config.schedule.every and self._last and not self._hangs(now):
                self._teller.beat(verdict(list(self._last.values()), self.host))
                beat = now

    def _hangs(self, now: float) -> bool:
        """Tell whether a round is far beyond its time, or slots wait although there is room."""
        oldest = min(self._began.values(), default=now)
        waiting = len(self._rounds) < self.room and self._schedule.next_at() < now - OVERDUE
        return waiting or oldest < now - self.timeout - OVERDUE

    def _status(self) -> str:
        return verdict(list(self._last.values()), "").message

    async def _reload(self) -> None:
        async with self._reloading:
            await self._reload_now()

    async def _reload_now(self) -> None:
        self.notifier.reloading()
        try:
            assignment = await asyncio.to_thread(self.prepare)
        except ConfigError as error:
            self.say(own_events.refused([str(problem) for problem in error.problems]))
        else:
            await self._take(assignment)
            self.say(own_events.reloaded(len(assignment.jobs)))
        self.notifier.ready(self._status())
        self._wake.set()

    async def _take(self, assignment: Assignment) -> None:
        """Go on with another assignment; rounds under way end by the one that they began with."""
        self.assignment = assignment
        self._known.confirm = assignment.config.schedule.confirm
        names = {job.name for job in assignment.jobs}
        for name in self._courses.keys() - self._rounds.keys():
            self._courses.pop(name).close()
        self._last = {name: run for name, run in self._last.items() if name in names}
        self._told_missed, self._schedule = {}, self._scheduled(tuple(self._rounds))
        before, self._teller = self._teller, self.telling(assignment)
        self._teller.start()
        self._beside(before.end(assignment.config.events.timeout))
        await self._in_thread(
            lambda: self._known.open(self.folder, assignment.config.history, self.memory, check=False)
        )

    async def _end(self, why: str) -> None:
        self.notifier.stopping(self._status())
        self.say(own_events.stopping(why))
        if self._rounds:
            await asyncio.wait(self._rounds.values(), timeout=FINISHING)
        await self._close()

    async def _close(self) -> None:
        under_way = list(self._rounds.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for course in self._courses.values():
            course.close()
        await self._teller.end(DELIVERING)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._in_thread(self._known.close)
        self._thread.shutdown()

    async def _in_thread(self, step: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._thread, step)

    def _say_from_thread(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self.say, event)


def _rare(periods: Mapping[str, float]) -> frozenset[str]:
    """Return the checks that are not asked in every round."""
    least = min(periods.values(), default=0.0)
    return frozenset(name for name, period in periods.items() if period > least)


async def _first_of(*futures: "asyncio.Future[Any]", timeout: float | None = None) -> None:
    """Wait for the first of several to be done, for so many seconds at most."""
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


def own_release() -> str:
    """Return this program's release."""
    from imdoctor import __version__

    return __version__
