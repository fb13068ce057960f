"""Runs checks side by side under one deadline, contains their failures, and makes the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from imdoctor.check import Check, Settings
from imdoctor.config.secrets import Credential
from imdoctor.model import CheckReport, Report
from imdoctor.net.machine import Machine


@dataclass(frozen=True, kw_only=True)
class Job:
    """One target to examine: what judging needs, the machine to examine it from, and the credential."""

    name: str
    settings: Settings
    machine: Machine = field(default_factory=Machine)
    credential: Credential = field(default_factory=Credential)


class Progress:
    """Told when a check starts and when its first judgement is known; a renderer may show it live."""

    def started(self, target: str, check: str) -> None:
        """A check has begun."""

    def finished(self, target: str, report: CheckReport) -> None:
        """A check has been judged."""


async def run(
    jobs: Sequence[Job],
    checks: Sequence[Check],
    *,
    timeout: float = 30.0,
    retries: int = 0,
    fail_on_warn: bool = False,
    progress: Progress | None = None,
    stop: "Callable[[], bool] | None" = None,
) -> Report:
    """Run every check once on every job, all at once, and return the report.

    Cancelling the task ends the run early: ``run`` then returns the report of what was found so far.
    """
    raise NotImplementedError


def judge(report: Report, checks: Sequence[Check], *, fail_on_warn: bool = False) -> Report:
    """Judge a saved report's observations anew, without any I/O."""
    raise NotImplementedError
