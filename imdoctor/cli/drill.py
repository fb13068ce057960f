"""`imdoctor drill`: the checks against the embedded lab, with a known fault in it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from imdoctor.cli import candidates
from imdoctor.cli.options import report_options
from imdoctor.cli.output import Colour, Output, looking, publish, style
from imdoctor.cli.session import Session
from imdoctor.config.problems import suggestion
from imdoctor.render.wrap import wrap
from imdoctor.speech import say, translated

if TYPE_CHECKING:
    from imdoctor.lab.world import Scenario

LEAST = 24
"""Columns for a title beside its name; where there are fewer, it goes on below."""


@click.command()
@click.argument("scenario", required=False, shell_complete=candidates.scenarios)
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
    verbose: bool,
    quiet: bool,
    color: Colour,
) -> int:
    """Run the checks against the embedded lab with a fault in it: no account and no network is needed.

    SCENARIO is a name of --list, such as tls.cert-expired; without one the lab is healthy. The exit code is the run's own;
    with --all it is 2 when a diagnosis did not name the planted fault.
    """
    from imdoctor.lab.scenarios import HEALTHY, SCENARIOS

    if (scenario is not None) + listed + every > 1:
        raise click.UsageError(say("SCENARIO, --list and --all are three different things: give one of them"))
    look = looking(verbose=verbose, quiet=quiet, colour=color)
    known = {item.name: item for item in (HEALTHY, *SCENARIOS)}
    if listed:
        session.say("".join(f"{line}\n" for line in _table(tuple(known.values()), style(session).width)))
        return 0
    if scenario is not None and scenario not in known:
        raise click.UsageError(
            say("no scenario {scenario!r}: {near}", scenario=scenario, near=suggestion(scenario, known))
        )

    from imdoctor.cli.drilling import examined, examined_all
    from imdoctor.cli.jobs import checks_installed

    if every:
        return examined_all(tuple(known.values()), session)
    planted = known[scenario or HEALTHY.name]
    report, stopped = examined(planted, fail_on_warn=fail_on == "warn", session=session, look=look)
    publish(report, checks_installed(session), form=form, outputs=output, look=look, session=session)
    return report.exit_code if stopped is None else stopped


def _table(scenarios: "Sequence[Scenario]", width: int) -> Iterator[str]:
    """Yield each name with its title beside it, or below where there is little room."""
    widest = max(len(item.name) for item in scenarios)
    for item in scenarios:
        head = f"{item.name:<{widest}}  "
        if len(head) + LEAST > width:
            yield from wrap(item.name, width)
            head = " " * 4
        yield from wrap(translated(item.title), width, head)
