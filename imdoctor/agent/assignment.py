"""What an agent has to watch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from imdoctor.agent.rounds import Course, periods_of
from imdoctor.check import Check
from imdoctor.config.model import Config
from imdoctor.runner import Job


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Targets and checks, as a configuration has them. ``renew`` reads a job's credential anew; it raises ConfigError."""

    config: Config
    jobs: tuple[Job, ...]
    checks: tuple[Check, ...]
    renew: Callable[[Job], Job]

    @cached_property
    def by_name(self) -> dict[str, Job]:
        """The jobs by their targets' names."""
        return {job.name: job for job in self.jobs}

    @property
    def names(self) -> list[str]:
        """The names of the checks."""
        return [check.name for check in self.checks]

    @cached_property
    def periods(self) -> dict[str, float]:
        """The period of each check, in seconds."""
        return periods_of(self.checks, self.config.schedule.every, self.config.schedule.checks)

    def course(self) -> Course:
        """Return the beginning of a target's course."""
        least = min(self.periods.values(), default=0.0)
        return Course(rare=frozenset(name for name, period in self.periods.items() if period > least))
