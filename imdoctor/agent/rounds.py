"""One round of one target under an agent: which checks are asked anew, and what stands from the last time."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from imdoctor.check import Check
from imdoctor.judgement import Seen, seen_again
from imdoctor.memory import Memory
from imdoctor.model import Report, TargetReport
from imdoctor.runner import Job, run


@dataclass
class Course:
    """What one target's rounds leave to the next: what its checks saw, its causes, its credential, connections that stay open."""

    rare: frozenset[str] = frozenset()
    """The checks that are not asked in every round."""
    seen: dict[str, Seen] = field(default_factory=dict)
    causes: tuple[str, ...] | None = None
    steady: bool = False
    """Whether the last two rounds named the same causes."""
    fingerprint: str | None = None
    kept: dict[str, Any] = field(default_factory=dict)

    def close(self) -> None:
        """Close what stays open."""
        for thing in self.kept.values():
            thing.close()
        self.kept.clear()


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round that was made: its report, and which checks were asked in it."""

    report: Report
    asked: frozenset[str]

    @property
    def target(self) -> TargetReport:
        """The one target of the report."""
        return self.report.targets[0]


async def make_round(
    job: Job, checks: Sequence[Check], due: Collection[str], course: Course, memory: Memory, *, timeout: float
) -> Round:
    """Examine a target once. A check that is not due keeps its last word, unless something changed: then all are asked.

    Something changed where the causes did in the last round, or the credential since. A round that is cut off raises
    CancelledError: half of one tells nothing about a target.
    """
    steady = course.steady and job.credential.fingerprint == course.fingerprint
    held = {name: seen for name, seen in course.seen.items() if steady and name not in due}
    report = await run([replace(job, memory=memory, kept=course.kept, held=held)], checks, timeout=timeout)
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError
    made = Round(report=report, asked=frozenset(check.name for check in checks) - held.keys())
    _note(course, made, checks, job.credential.fingerprint)
    return made


def _note(course: Course, made: Round, checks: Sequence[Check], fingerprint: str) -> None:
    """Note what the next round may let stand. A check that crashed has seen nothing: it is asked again."""
    by_name = {check.name: check for check in checks}
    causes = tuple(cause.cause for cause in made.target.diagnosis)
    course.steady = causes == course.causes
    course.causes, course.fingerprint = causes, fingerprint
    for item in made.target.checks:
        if item.name in made.asked and item.name in course.rare and item.observation is not None:
            course.seen[item.name] = seen_again(item, by_name[item.name])


def periods_of(checks: Sequence[Check], every: float, own: Mapping[str, float]) -> dict[str, float]:
    """Return the period of each check in seconds: the configuration's word first, then the check's own, else ``every``."""
    return {check.name: own.get(check.name, getattr(check, "every", every)) for check in checks}
