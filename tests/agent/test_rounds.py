"""One round under an agent: what is asked, what stands, and that half a round tells nothing."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from imdoctor.agent.record import record
from imdoctor.agent.rounds import Course, Round, make_round, periods_of
from imdoctor.check import Check, Settings
from imdoctor.config.model import Endpoint
from imdoctor.config.secrets import Credential, Secret
from imdoctor.memory import Memory
from imdoctor.runner import Job
from tests.examples import Follower, Misbehaving, Number

JOB = Job(name="prod", settings=Settings(endpoint=Endpoint("im.example.com")))
ALL = frozenset({"number", "follower"})
FEW = frozenset({"follower"})


@dataclass
class Target:
    """A target whose rounds a test makes, one after another; the numbers are what its rare check sees."""

    numbers: Number
    course: Course = field(default_factory=lambda: Course(rare=frozenset({"number"})))
    job: Job = JOB

    async def round(self, due: frozenset[str] = FEW) -> Round:
        """Make one round."""
        checks: tuple[Check, ...] = (self.numbers, Follower())
        return await make_round(self.job, checks, due, self.course, Memory(), timeout=10.0)


def seen(made: Round) -> list[str]:
    """Return what each check says."""
    return [item.summary for item in made.target.checks]


def test_a_check_that_is_not_due_keeps_its_word() -> None:
    """Once the verdict is steady, a check that is not due is not asked: its last word stands, for the others as well."""
    target = Target(Number(1, 2, 3, 4))

    async def rounds() -> list[Round]:
        return [await target.round(due) for due in (ALL, ALL, FEW, FEW, ALL)]

    made = asyncio.run(rounds())
    assert [seen(one)[0] for one in made] == ["it is 1", "it is 2", "it is 2", "it is 2", "it is 3"]
    assert seen(made[2])[1] == "2 of ['follower', 'number']"
    assert [one.asked for one in made] == [ALL, ALL, FEW, FEW, ALL]
    kept = record(made[2].target, at=0.0, seconds=1.0, asked=made[2].asked)
    assert [check.name for check in kept.checks] == ["follower"], (
        "its measurements were remembered when they were taken"
    )


def test_a_change_makes_all_checks_due() -> None:
    """When the causes change, the next round asks every check, until two rounds agree."""
    target = Target(Number(1, 1, 100, 100, 1, 1))

    async def rounds() -> list[frozenset[str]]:
        return [(await target.round(due)).asked for due in (ALL, ALL, FEW, ALL, FEW, FEW)]

    assert asyncio.run(rounds()) == [ALL, ALL, FEW, ALL, ALL, FEW]


def test_another_credential_makes_all_checks_due() -> None:
    """A credential that changed is looked at at once."""
    target = Target(Number(1, 2, 3))

    async def rounds() -> list[frozenset[str]]:
        asked = [(await target.round(due)).asked for due in (ALL, ALL, FEW)]
        target.job = replace(JOB, credential=Credential(usersig=Secret("another")))
        return [*asked, (await target.round(FEW)).asked]

    assert asyncio.run(rounds()) == [ALL, ALL, FEW, ALL]


def test_a_check_that_crashed_has_no_word_to_keep() -> None:
    """A rare check that saw nothing is asked again in the next round."""
    course = Course(rare=frozenset({"misbehaving"}))

    async def rounds() -> list[frozenset[str]]:
        checks: tuple[Check, ...] = (Misbehaving("crash"), Number(1, 2, 3))
        due = frozenset({"number"})
        return [(await make_round(JOB, checks, due, course, Memory(), timeout=10.0)).asked for _ in range(3)]

    assert asyncio.run(rounds()) == [frozenset({"misbehaving", "number"})] * 3


def test_half_a_round_tells_nothing() -> None:
    """A round that is cut off raises: it must not be taken for a verdict."""
    course = Course()

    async def cut() -> None:
        checks: tuple[Check, ...] = (Misbehaving("hang"), Number(1))
        task = asyncio.create_task(make_round(JOB, checks, ALL, course, Memory(), timeout=10.0))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cut())
    assert course.causes is None


@dataclass
class Thing:
    """Something that stays open from round to round."""

    closed: bool = False

    def close(self) -> None:
        """Close it."""
        self.closed = True


def test_what_stays_open_is_closed_with_its_course() -> None:
    """When a target goes, so do its connections."""
    thing, course = Thing(), Course()
    course.kept["probe"] = thing
    course.close()
    assert thing.closed
    assert not course.kept


def test_whose_period_counts() -> None:
    """The configuration's word counts before the check's own, and that before the schedule's."""

    class Rare(Number):
        every = 3600.0

    checks = (Rare(), Follower())
    assert periods_of(checks, 60.0, {}) == {"number": 3600.0, "follower": 60.0}
    assert periods_of(checks, 60.0, {"number": 30.0, "follower": 90.0}) == {"number": 30.0, "follower": 90.0}
