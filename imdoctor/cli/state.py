"""Runs of their own that share a memory: `imdoctor run --state DIR`, from a timer."""

import asyncio
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from imdoctor.agent.events import Event, of_change, verdict
from imdoctor.agent.recollection import Recollection, confirmed, keep_language
from imdoctor.agent.record import RunRecord, record
from imdoctor.cli.jobs import Work, telling
from imdoctor.cli.session import Session
from imdoctor.judgement import alone
from imdoctor.memory import Memory
from imdoctor.model import Report
from imdoctor.runner import Job
from imdoctor.speech import shared, speaking


@dataclass(frozen=True)
class Told:
    """A change, whose it is, and the report of that target alone."""

    event: Event
    job: Job
    report: Report


@dataclass
class Remembering:
    """One run with a memory: the jobs that have it, and what is done with their report."""

    work: Work
    folder: Path
    session: Session
    memory: Memory = field(default_factory=lambda: Memory(lasting=True))

    def __post_init__(self) -> None:
        self._at = time.time()
        self._known = Recollection(confirm=self.work.config.schedule.confirm, say=self.session.tell)
        self._known.open(self.folder, self.work.config.history, self.memory, check=False)

    def jobs(self) -> tuple[Job, ...]:
        """Return the jobs with the memory of earlier runs."""
        return tuple(replace(job, memory=self.memory) for job in self.work.jobs)

    def learn(self, report: Report) -> None:
        """Remember the run, and tell of what changed by it."""
        told: list[Told] = []
        standing: list[RunRecord] = []
        for job, target in zip(self.work.jobs, report.targets, strict=True):
            run = record(target, at=self._at, seconds=report.duration_seconds)
            keep_language(self.memory, job.name, job.language)
            state, changes = self._known.fold(run, self.memory)
            standing.append(confirmed(run, state))
            events = [of_change(change, platform.node(), job.language) for change in changes]
            told += [Told(event, job, alone(report, target)) for event in events]
        for one in told:
            self.session.tell(one.event)
        with speaking(shared(job.language for job in self.work.jobs)):
            beat = verdict(standing, platform.node())
        asyncio.run(self._deliver(told, beat))

    async def _deliver(self, told: Sequence[Told], beat: Event) -> None:
        teller = telling(self.work.config, self.session)
        teller.start()
        for one in told:
            teller.change(one.event, one.job, one.report)
        teller.beat(beat)
        await teller.end(self.work.config.events.timeout)

    def close(self) -> None:
        """Close the history."""
        self._known.close()
