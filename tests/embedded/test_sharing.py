"""A round under `watch` in which the checks share their connections: the verdict is that of a run of its own."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from imdoctor import registry, runner
from imdoctor.lab.scenarios import HEALTHY, SCENARIOS
from imdoctor.lab.world import Scenario, open_world
from imdoctor.memory import Memory
from imdoctor.model import Report
from imdoctor_checks.looks.sharing import OFFERED, WELL, Well
from imdoctor_checks.observations import ProbeSeen, TcpSeen, TlsSeen

NAMES = {scenario.name: scenario for scenario in (HEALTHY, *SCENARIOS)}


def examine(scenario: Scenario, kept: dict[str, Any]) -> Report:
    """Run a scenario as a round whose target was well in the last one."""
    checks = registry.load().checks
    with open_world(scenario) as job:
        memory = Memory(lasting=True, wall=job.machine.wall)
        report = asyncio.run(runner.run([replace(job, kept=kept, memory=memory)], checks))
        for thing in kept.values():
            thing.close()
        return report


def seen(report: Report, check: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what a check saw."""
    return next(item.observation for item in report.targets[0].checks if item.name == check)


@pytest.mark.parametrize("name", NAMES)
def test_the_planted_fault_is_named(name: str) -> None:
    """Whatever begins in a round of shared connections is named as a run of its own names it."""
    kept: dict[str, Any] = {WELL: Well()}
    (target,) = examine(NAMES[name], kept).targets
    assert tuple(cause.cause for cause in target.diagnosis) == NAMES[name].expect
    assert "unknown" not in {check.status for check in target.checks}
    assert OFFERED not in kept, "a connection that was offered is taken"


def test_the_second_round_shares() -> None:
    """From the second round on, when resumption is not looked at, there is one connection."""
    checks, kept = registry.load().checks, dict[str, Any]()
    with open_world(HEALTHY) as alone:
        job = replace(alone, kept=kept, memory=Memory(lasting=True, wall=alone.machine.wall))

        async def rounds() -> list[Report]:
            return [await runner.run([job], checks) for _ in range(3)]

        first, *others = asyncio.run(rounds())
        for thing in kept.values():
            thing.close()
    assert first.status == "ok"
    for report in others:
        (path,) = msgspec.convert(seen(report, "tls"), TlsSeen).paths
        tcp, probe = msgspec.convert(seen(report, "tcp"), TcpSeen), msgspec.convert(seen(report, "probe"), ProbeSeen)
        assert report.status == "ok"
        assert tcp.connects == (path.connect,) == probe.reach.connects
        assert probe.reach.handshake == path.handshake
        assert probe.first is not None
        assert probe.first.call.kind == "cold"
