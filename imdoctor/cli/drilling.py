"""What `imdoctor drill` does: the checks in a lab, or in all of them."""

import asyncio
from collections.abc import Sequence

from imdoctor import runner
from imdoctor.check import Check
from imdoctor.cli.jobs import checks_installed
from imdoctor.cli.output import Look
from imdoctor.cli.progress import watched
from imdoctor.cli.session import Session
from imdoctor.cli.stopping import until_stopped
from imdoctor.lab.world import Scenario, open_world
from imdoctor.model import Report
from imdoctor.speech import say

AT_ONCE = 8
"""Scenarios that `--all` runs side by side; each has a lab of its own."""
MISSED = 2
"""The exit code when a diagnosis did not name the planted fault."""


def examined(scenario: Scenario, *, fail_on_warn: bool, session: Session, look: Look) -> tuple[Report, int | None]:
    """Run the checks in a scenario's lab. Return the report, and the exit code where a signal ended that."""
    checks = checks_installed(session)
    with open_world(scenario) as job, watched(session, several=False, look=look) as progress:
        session.secrets.extend(job.credential.secrets())
        return until_stopped(runner.run([job], checks, fail_on_warn=fail_on_warn, progress=progress))


def examined_all(scenarios: Sequence[Scenario], session: Session) -> int:
    """Run every scenario, a few at once; print a line for each, in the list's order, as it is known."""
    checks = checks_installed(session)

    async def examine() -> int:
        room, right = asyncio.Semaphore(AT_ONCE), 0
        tasks = [asyncio.create_task(_named(item, checks, room)) for item in scenarios]
        try:
            for item, task in zip(scenarios, tasks, strict=True):
                named = await task
                right += named == item.expect
                session.say(_line(item, named))
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return right

    right, stopped = until_stopped(examine())
    if stopped is not None:
        session.say(
            say("stopped; until then {right} diagnoses named the planted fault, and nothing else\n", right=right)
        )
        return stopped
    session.say(
        say(
            "{right} of {count} diagnoses name the planted fault, and nothing else\n", right=right, count=len(scenarios)
        )
    )
    return 0 if right == len(scenarios) else MISSED


async def _named(scenario: Scenario, checks: Sequence[Check], room: asyncio.Semaphore) -> tuple[str, ...]:
    """Return the causes that the diagnosis of a scenario names, and NAME.unknown for a check that could not tell."""
    async with room:
        with open_world(scenario) as job:
            report = await runner.run([job], checks)
    (target,) = report.targets
    unknown = (f"{item.name}.unknown" for item in target.checks if item.status == "unknown")
    return (*(cause.cause for cause in target.diagnosis), *unknown)


def _line(scenario: Scenario, named: tuple[str, ...]) -> str:
    said = ", ".join(named) or say("nothing wrong")
    if named == scenario.expect:
        return say("right  {name}: {said}\n", name=scenario.name, said=said)
    return say(
        "WRONG  {name}: planted {expect}; named {said}\n",
        name=scenario.name,
        expect=", ".join(scenario.expect) or say("nothing"),
        said=said,
    )
