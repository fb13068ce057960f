"""What a check leaves to the next run of its target: refused credentials, standing answers, an open connection, others' words."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import msgspec
import pytest

from imdoctor import registry, runner
from imdoctor.check import Check
from imdoctor.config.secrets import Credential, encodings
from imdoctor.lab.gateway import Answering
from imdoctor.lab.scenarios import HEALTHY, SCENARIOS
from imdoctor.lab.world import AUTHORITY, CONTROL, GATEWAY, Credentials, Scenario, credential, open_world
from imdoctor.memory import Memory
from imdoctor.model import Report
from imdoctor_checks.looks.calls import KEPT
from imdoctor_checks.looks.sharing import WELL
from imdoctor_checks.observations import DnsSeen, ProbeSeen, TlsSeen

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
SIGNED = Credentials(kind="usersig")


@cache
def checks() -> tuple[Check, ...]:
    """Return the installed checks."""
    return registry.load().checks


@dataclass
class Runs:
    """Runs of one target, with a memory between them whose clock a test moves on."""

    job: runner.Job
    later: float = 0.0
    dialled: list[tuple[str, int]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        machine = self.job.machine
        wall, dial = machine.wall, machine.dial

        def recording(address: str, port: int) -> tuple[str, int]:
            self.dialled.append((address, port))
            return dial(address, port)

        memory = Memory(lasting=True, wall=lambda: wall() + self.later)
        self.job = replace(self.job, machine=replace(machine, dial=recording), memory=memory)

    def watched(self, kept: dict[str, Any]) -> None:
        """Go on as under `watch`: connections may stay open."""
        self.job = replace(self.job, kept=kept)

    def sign(self, held: Credential) -> None:
        """Go on with another credential."""
        self.job = replace(self.job, credential=held)

    async def run(self, after: float = 0.0) -> ProbeSeen:
        """Run once, so many seconds later; return what the probe saw."""
        self.later += after
        self.dialled.clear()
        report = await runner.run([self.job], checks())
        self.reports.append(report)
        return msgspec.convert(observation(report, "probe"), ProbeSeen)

    @property
    def causes(self) -> list[list[str]]:
        """The causes of every run."""
        return [[cause.cause for cause in report.targets[0].diagnosis] for report in self.reports]


def observation(report: Report, check: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what a check saw."""
    return next(item.observation for item in report.targets[0].checks if item.name == check)


@contextmanager
def lab(scenario: Scenario, *, watched: bool = False) -> Iterator[Runs]:
    """Hand out the runs of a scenario's target."""
    with open_world(scenario) as job:
        runs, kept = Runs(job), dict[str, Any]()
        if watched:
            runs.watched(kept)
        yield runs
        for thing in kept.values():
            thing.close()


def sent(seen: ProbeSeen) -> bool:
    """Tell whether the first call carried the credential."""
    return seen.first is not None and seen.first.authenticated


def course(scenario: Scenario, steps: Sequence[float], *, watched: bool) -> tuple[list[bool], list[list[str]]]:
    """Run at each of the steps (seconds after the one before). Return whether the credential was sent, and the causes."""
    with lab(scenario, watched=watched) as runs:

        async def every() -> list[bool]:
            return [sent(await runs.run(after)) for after in steps]

        return asyncio.run(every()), runs.causes


ANSWERS = [
    pytest.param(0, False, [0, 60, 60], [True, True, True], id="run by run it is sent once a run"),
    pytest.param(0, True, [0, 60, 480, 120], [True, False, False, True], id="under watch every ten minutes"),
    pytest.param(70003, False, [0, 60, 86400], [True, False, False], id="a refused one is not sent again"),
    pytest.param(70003, True, [0, 60, 86400], [True, False, False], id="nor under watch"),
    pytest.param(70009, False, [0, 60], [True, False], id="nor one of another key"),
    pytest.param(60004, False, [0, 60], [True, False], id="nor one whose signature is wrong"),
    pytest.param(60010, False, [0, 60], [True, True], id="a refusal of something else is asked again"),
    pytest.param(60010, True, [0, 60, 600], [True, False, True], id="but under watch every ten minutes"),
    pytest.param(60008, True, [0, 60, 60], [True, True, True], id="what may pass by itself is asked in each round"),
    pytest.param(60007, False, [0, 30, 31], [True, False, True], id="a rate limit gets its minute"),
    pytest.param(70050, True, [0, 60, 600], [True, False, True], id="a lock gets ten"),
]


@pytest.mark.parametrize(("code", "watched", "steps", "expected"), ANSWERS)
def test_when_the_credential_is_sent(code: int, *, watched: bool, steps: list[float], expected: list[bool]) -> None:
    """The credential is sent once a run, under `watch` every ten minutes, and never again once it was refused."""
    world = msgspec.structs.replace(
        HEALTHY, credentials=SIGNED, gateway=Answering(error_code=code or None), expect=("any",)
    )
    asked, causes = course(world, steps, watched=watched)
    assert asked == expected
    assert len({tuple(one) for one in causes}) == 1, "an answer that stands is judged as the one that came"
    assert bool(causes[0]) is bool(code)


def test_a_usersig_of_the_moment_is_made_anew() -> None:
    """A usersig made from the key for one run may be refused for its time: the next one is another, and is sent."""
    world = msgspec.structs.replace(HEALTHY, gateway=Answering(error_code=70052))
    assert course(world, [0, 60], watched=False)[0] == [True, True]


def test_another_credential_is_sent() -> None:
    """A refused credential that has changed since is sent again."""
    world = msgspec.structs.replace(HEALTHY, credentials=SIGNED, gateway=Answering(error_code=70003))
    with lab(world) as runs:

        async def twice() -> list[bool]:
            first = sent(await runs.run())
            runs.sign(credential(SIGNED, runs.job.machine.wall() - 5))
            return [first, sent(await runs.run())]

        assert asyncio.run(twice()) == [True, True]


def test_no_secret_is_remembered() -> None:
    """What is kept between runs holds no secret, in no form."""
    with lab(msgspec.structs.replace(HEALTHY, gateway=Answering(error_code=70003))) as runs:
        asyncio.run(runs.run())
        kept = b"\n".join(entry.value for entry in runs.job.memory.entries.values())
        secrets = {form for secret in runs.job.credential.secrets() for form in encodings(secret.reveal())}
        assert kept
        assert not [form for form in secrets if form.encode() in kept]


def test_a_connection_is_kept_from_run_to_run() -> None:
    """Under `watch` a run calls on the connection that the last one left, and says how long it rested."""
    with lab(HEALTHY, watched=True) as runs:

        async def thrice() -> list[ProbeSeen]:
            return [await runs.run() for _ in range(3)]

        first, *others = asyncio.run(thrice())
        assert first.idle is None
        for seen in others:
            assert seen.idle is not None
            assert (seen.idle.call.kind, seen.idle.call.error) == ("warm", None)
            assert seen.rest is not None
        assert runs.causes == [[], [], []]


def test_no_connection_is_kept_for_a_call_that_nobody_wants() -> None:
    """Without warm calls a run leaves no connection open, and calls on none."""
    with lab(HEALTHY, watched=True) as runs:
        settings = msgspec.structs.replace(runs.job.settings, checks={"probe": {"warm_calls": 0}})
        runs.job = replace(runs.job, settings=settings)

        async def twice() -> ProbeSeen:
            await runs.run()
            return await runs.run()

        seen = asyncio.run(twice())
        assert (seen.warm, seen.idle) == ((), None)
        assert runs.job.kept is not None
        assert KEPT not in runs.job.kept
        assert WELL in runs.job.kept


def test_a_connection_that_the_server_ended_is_no_fault() -> None:
    """A server that closes after each answer leaves nothing to call on, and says so with a word: no idle drop."""
    world = msgspec.structs.replace(HEALTHY, gateway=Answering(close_always=True))
    with lab(world, watched=True) as runs:

        async def twice() -> ProbeSeen:
            await runs.run()
            return await runs.run()

        assert asyncio.run(twice()).idle is None


def test_third_parties_are_asked_once_an_hour() -> None:
    """Within the hour what third parties said stands; after it they are asked again. The verdict stays."""
    with lab(BY_NAME["dns.egress-mismatch"]) as runs:

        async def thrice() -> list[set[tuple[str, int]]]:
            seen = []
            for after in (0.0, 1800.0, 3600.0):
                await runs.run(after)
                seen.append({to for to in runs.dialled if to[0] in {AUTHORITY, CONTROL}})
            return seen

        first, second, third = asyncio.run(thrice())
        assert (AUTHORITY, 53) in first
        assert second == set()
        assert third == first
        assert runs.causes == [["dns.egress-mismatch"]] * 3
        ways = [msgspec.convert(observation(report, "dns"), DnsSeen).egress for report in runs.reports]
        assert ways[0] == ways[1]


def test_a_control_of_third_parties_is_asked_once_an_hour() -> None:
    """A target that fails everywhere has its public control asked once an hour, and the nameservers' each time."""
    dead = msgspec.structs.replace(BY_NAME["tcp.refused"], third_party=True)
    with lab(dead) as runs:

        async def twice() -> list[bool]:
            seen = []
            for after in (0.0, 1800.0):
                await runs.run(after)
                seen.append((CONTROL, 443) in runs.dialled)
                assert ("10.53.0.1", 443) in runs.dialled
                assert (GATEWAY, 443) in runs.dialled
            return seen

        assert asyncio.run(twice()) == [True, False]


@pytest.mark.parametrize(("watched", "expected"), [(False, [True, True, True]), (True, [True, False, True])])
def test_resumption_is_looked_at_seldom_under_watch(*, watched: bool, expected: list[bool]) -> None:
    """A run of its own looks at resumption each time; under `watch`, where each minute would tell the same, seldom."""
    with lab(HEALTHY, watched=watched) as runs:

        async def thrice() -> list[bool]:
            seen = []
            for after in (0.0, 60.0, 86400.0):
                await runs.run(after)
                tls = msgspec.convert(observation(runs.reports[-1], "tls"), TlsSeen)
                seen.append(any(path.resumption is not None for path in tls.paths))
            return seen

        assert asyncio.run(thrice()) == expected
