"""`imdoctor drill`: the checks against the embedded lab, with a known fault in it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from imdoctor import runner
from imdoctor.cli.jobs import checks_installed
from imdoctor.cli.options import report_options
from imdoctor.cli.output import Output, publish
from imdoctor.cli.progress import watched
from imdoctor.cli.session import Session
from imdoctor.cli.stopping import until_stopped
from imdoctor.config.problems import suggestion

if TYPE_CHECKING:
    from imdoctor.check import Check
    from imdoctor.lab.world import Scenario
    from imdoctor.model import Report

AT_ONCE = 8
"""Scenarios that `--all` runs side by side; each has a lab of its own."""
MISSED = 2
"""The exit code when a diagnosis did not name the planted fault."""


@click.command()
@click.argument("scenario", required=False)
@click.option("--list", "listed", is_flag=True, help="List the scenarios.")
@click.option("--all", "every", is_flag=True, help="Run every scenario, and say whether its fault was named.")
@report_options
@click.pass_obj
def drill(
    session: Session,
    /,
    *,
    scenario: str | None,
    listed: bool,
    every: bool,
    form: str,
    output: tuple[Output, ...],
    fail_on: str,
    lang: str,  # noqa: ARG001 - one language so far
    verbose: bool,
) -> int:
    """Run the checks against the embedded lab with a fault in it: no account and no network is needed.

    SCENARIO is a name of --list, such as tls.cert-expired; without one the lab is healthy. The exit code is the run's own;
    with --all it is 2 when a diagnosis did not name the planted fault.
    """
    from imdoctor.lab.scenarios import HEALTHY, SCENARIOS

    if (scenario is not None) + listed + every > 1:
        raise click.UsageError("SCENARIO, --list and --all are three different things: give one of them")
    known = {item.name: item for item in (HEALTHY, *SCENARIOS)}
    if listed:
        session.say(_table(tuple(known.values())))
        return 0
    checks = checks_installed(session)
    if every:
        return _all(tuple(known.values()), checks, session)
    if scenario is not None and scenario not in known:
        raise click.UsageError(f"no scenario {scenario!r}: {suggestion(scenario, known)}")
    report, stopped = _run(known[scenario or HEALTHY.name], checks, fail_on_warn=fail_on == "warn", session=session)
    publish(report, form=form, outputs=output, verbose=verbose, session=session)
    return report.exit_code if stopped is None else stopped


def _table(scenarios: "Sequence[Scenario]") -> str:
    width = max(len(item.name) for item in scenarios)
    return "".join(f"{item.name:<{width}}  {item.title}\n" for item in scenarios)


def _run(
    scenario: "Scenario", checks: "Sequence[Check]", *, fail_on_warn: bool, session: Session
) -> "tuple[Report, int | None]":
    from imdoctor.lab.world import open_world

    with open_world(scenario) as job, watched(session, several=False) as progress:
        session.secrets.extend(job.credential.secrets())
        return until_stopped(runner.run([job], checks, fail_on_warn=fail_on_warn, progress=progress))


def _all(scenarios: "Sequence[Scenario]", checks: "Sequence[Check]", session: Session) -> int:
    """Run every scenario, a few at once; print a line for each, in the list's order, as it is known."""

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
        session.say(f"stopped; until then {right} diagnoses named the planted fault, and nothing else\n")
        return stopped
    session.say(f"{right} of {len(scenarios)} diagnoses name the planted fault, and nothing else\n")
    return 0 if right == len(scenarios) else MISSED


async def _named(scenario: "Scenario", checks: "Sequence[Check]", room: asyncio.Semaphore) -> tuple[str, ...]:
    """Return the causes that the diagnosis of a scenario names, and NAME.unknown for a check that could not tell."""
    from imdoctor.lab.world import open_world

    async with room:
        with open_world(scenario) as job:
            report = await runner.run([job], checks)
    (target,) = report.targets
    unknown = (f"{item.name}.unknown" for item in target.checks if item.status == "unknown")
    return (*(cause.cause for cause in target.diagnosis), *unknown)


def _line(scenario: "Scenario", named: tuple[str, ...]) -> str:
    said = ", ".join(named) or "healthy"
    if named == scenario.expect:
        return f"right  {scenario.name}: {said}\n"
    return f"WRONG  {scenario.name}: planted {', '.join(scenario.expect) or 'nothing'}; named {said}\n"
