"""Runs checks side by side under one deadline, contains their failures, and makes the report."""

import asyncio
import math
import platform
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from msgspec import structs

from imdoctor import __version__
from imdoctor.check import Check, Context, Deadline, Observation, Settings
from imdoctor.config.secrets import Credential
from imdoctor.judgement import Seen, defect, judge_check, judge_target, make_report, replay, report_check
from imdoctor.memory import Memory
from imdoctor.model import Attempt, CheckReport, HostReport, Report, TargetReport
from imdoctor.net.machine import Machine
from imdoctor.speech import ENGLISH, Language, mark, speaking

T = TypeVar("T")
STOPPED = mark("stopped before it was done")
OVERDUE = mark("not done when the time of the run was up: give it more by --timeout")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One target to examine: what judging needs, the machine to examine it from, and the credential."""

    name: str
    settings: Settings
    machine: Machine = field(default_factory=Machine)
    credential: Credential = field(default_factory=Credential)
    language: Language | None = None
    """Of what is said of it beside the report; None is that of whoever says it."""
    memory: Memory = field(default_factory=Memory)
    kept: dict[str, Any] | None = None
    held: Mapping[str, Seen] = field(default_factory=dict)
    """Checks that are not due, with what they saw the last time: that stands in the report."""


class Progress:
    """Told when a check starts and when it is done; a renderer may show it live. This one says nothing."""

    def started(self, target: str, check: str) -> None:
        """Hear that a check has begun."""

    def finished(self, target: str, report: CheckReport) -> None:
        """Hear that a check is done; its judgement may still change with what the others see."""

    def again(self, target: str, seconds: float) -> None:
        """Hear that a target failed and is examined once more, so many seconds later."""


SILENT = Progress()


async def run(
    jobs: Sequence[Job],
    checks: Sequence[Check],
    *,
    timeout: float = 30.0,
    retries: int = 0,
    retry_wait: float = 1.0,
    fail_on_warn: bool = False,
    progress: Progress = SILENT,
) -> Report:
    """Run every check on every job, all at once, and return the report, in English whoever reads it.

    A target that failed is examined up to ``retries`` times more, each ``retry_wait`` seconds after the last, unless what
    failed is final, or less time is left than the last examination took.
    Cancelling the task ends the run early: the report then holds what was found so far, the rest being unknown.
    """
    started_at, start = datetime.now(UTC), time.monotonic()
    deadline = Deadline.after(timeout)
    with speaking(ENGLISH):  # what is observed is kept: each task has the context in which it was made
        examinations = [_examine(job, checks, deadline, retries, retry_wait, progress) for job in jobs]
        targets = await _all_or_stopped(examinations)
    return make_report(
        targets,
        release=__version__,
        started_at=started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        seconds=time.monotonic() - start,
        host=this_host(),
        fail_on_warn=fail_on_warn,
    )


def judge(report: Report, checks: Sequence[Check], *, fail_on_warn: bool = False) -> Report:
    """Judge a saved report's observations anew, without any I/O.

    Raises msgspec.ValidationError where an observation is not of its check's type.
    """
    return make_report(
        [replay(target, checks) for target in report.targets],
        release=__version__,
        started_at=report.started_at,
        seconds=report.duration_seconds,
        host=report.host,
        fail_on_warn=fail_on_warn,
    )


def this_host() -> HostReport:
    """Describe the machine on which the run takes place."""
    import ssl

    return HostReport(
        name=platform.node(),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        openssl=ssl.OPENSSL_VERSION,
    )


async def _all_or_stopped(steps: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Take every step side by side. Cancelled meanwhile, hand the cancellation on to them, and wait for what they have to say."""
    if len(steps) == 1:  # as in an agent's rounds: it hears of a cancellation by itself
        return [await steps[0]]
    tasks = [asyncio.create_task(step) for step in steps]
    try:
        await _done(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await _done(tasks)
    return [task.result() for task in tasks]


async def _done(tasks: "Iterable[asyncio.Future[Any]]", seconds: float = math.inf) -> None:
    """Wait until all are done, for so many seconds at the most; whatever becomes of them, none is cancelled."""
    waited = [task for task in tasks if not task.done()]
    if waited:
        await asyncio.wait(waited, timeout=None if math.isinf(seconds) else seconds)


async def _examine(
    job: Job, checks: Sequence[Check], deadline: Deadline, retries: int, wait: float, progress: Progress
) -> TargetReport:
    """Examine one target, again while it fails, within the deadline; every earlier attempt is kept."""
    earlier: dict[str, tuple[Attempt, ...]] = {}
    while True:
        began = time.monotonic()
        seen, stopped = await _observe_all(job, checks, deadline, progress)
        needed = wait + time.monotonic() - began
        told = {name: structs.replace(item, attempts=earlier.get(name, ())) for name, item in seen.items()}
        report = judge_target(job.name, job.settings, checks, told)
        if stopped or not retries or not _worth_another(report, checks) or deadline.left(needed) < needed:
            return report
        retries -= 1
        earlier = {item.name: _with_attempt(item) for item in report.checks}
        progress.again(job.name, wait)
        try:
            await asyncio.sleep(wait)
        except asyncio.CancelledError:  # the run is stopped: what was found so far is the answer
            return report


def _worth_another(report: TargetReport, checks: Sequence[Check]) -> bool:
    """Tell whether a target failed, and by nothing that another try would leave as it is or make worse."""
    final = {code for check in checks for code, spec in check.findings.items() if spec.final}
    found = {finding.code for item in report.checks for finding in item.findings if finding.severity == "fail"}
    return report.status in {"fail", "unknown"} and not found & final


def _with_attempt(item: CheckReport) -> tuple[Attempt, ...]:
    return (*item.attempts, Attempt(status=item.status, findings=item.findings))


async def _observe_all(
    job: Job, checks: Sequence[Check], deadline: Deadline, progress: Progress
) -> tuple[dict[str, Seen], bool]:
    """Start every check at once. Return what each saw, and whether the run was stopped from outside."""
    ctx = _context(job, deadline)
    seen = {check.name: job.held[check.name] for check in checks if check.name in job.held}
    ctx.lag.start()
    for name, held in seen.items():  # a check that is not due has done its observing
        ctx.tasks["observe", name] = asyncio.get_running_loop().create_future()
        ctx.tasks["observe", name].set_result(held.observation)
    observing = []
    for check in (check for check in checks if check.name not in seen):
        progress.started(job.name, check.name)
        task = ctx.tasks["observe", check.name] = asyncio.create_task(check.observe(ctx), name=check.name)
        task.add_done_callback(partial(_note, check, job, seen, progress, time.monotonic()))
        observing.append(task)
    stopped = False
    try:
        await _done(observing, deadline.left(math.inf))
    except asyncio.CancelledError:
        stopped = True
    ctx.lag.stop()
    await _end([*ctx.tasks.values()])
    trouble = STOPPED if stopped else OVERDUE
    return {check.name: seen.get(check.name, Seen(trouble=trouble)) for check in checks}, stopped


def _context(job: Job, deadline: Deadline) -> Context:
    return Context(
        settings=job.settings,
        machine=job.machine,
        deadline=deadline,
        credential=job.credential,
        memory=job.memory,
        own=job.memory.of(job.name),
        kept=job.kept,
    )


def _note(
    check: Check, job: Job, seen: dict[str, Seen], progress: Progress, start: float, task: "asyncio.Future[Any]"
) -> None:
    """Keep what a check observed, now that it is done, and tell."""
    if task.cancelled():
        return
    seconds = time.monotonic() - start
    if (error := task.exception()) is not None:
        seen[check.name] = Seen(trouble=defect(check.name, "observing", error), seconds=seconds)
    elif isinstance(task.result(), Observation):
        seen[check.name] = Seen(observation=task.result(), seconds=seconds)
    else:
        wrong = TypeError(f"observe returned a {type(task.result()).__name__}, which is no Observation")
        seen[check.name] = Seen(trouble=defect(check.name, "observing", wrong), seconds=seconds)
    if progress is SILENT:
        return  # nobody hears of it: the one judgement at the end is enough
    others = {name: item.observation for name, item in seen.items() if item.observation is not None}
    verdict = judge_check(check, seen[check.name], job.settings, others)
    progress.finished(job.name, report_check(verdict, job.settings))


async def _end(tasks: "Sequence[asyncio.Future[Any]]") -> None:
    """Cancel what still runs, and wait until it is gone; what it raises was its own business."""
    for task in tasks:
        task.cancel()
    await _done(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # seen, so that nobody is told that it was not
