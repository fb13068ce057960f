"""`imdoctor run`: every check once on every target."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdoctor.cli.options import SecondsType, option, report_options, state_option, target_options
from imdoctor.cli.output import Colour, Output, looking, publish
from imdoctor.cli.session import Session

if TYPE_CHECKING:
    from imdoctor.cli.jobs import Work
    from imdoctor.cli.state import Remembering

MOST_RETRIES = 10


@click.command()
@target_options
@option("--timeout", type=SecondsType(), default=30.0, help="Of the whole run.", show_default=True)
@option(
    "--retries",
    type=click.IntRange(0, MOST_RETRIES),
    default=0,
    metavar="N",
    help="Try a target that fails again, N times at the most.",
)
@option("--retry-wait", type=SecondsType(), default=1.0, help="From a failed try to the next.", show_default=True)
@state_option
@report_options
@click.pass_obj
def run(
    session: Session,
    /,
    *,
    timeout: float,
    retries: int,
    retry_wait: float,
    state: Path | None,
    form: str,
    output: tuple[Output, ...],
    fail_on: str,
    verbose: bool,
    quiet: bool,
    color: Colour,
    **wanted: Any,
) -> int:
    """Run every check once on every target, and print the report.

    HOST is a host, host:port, https://host or [IPv6]:port; with it no configuration is read. With --sdkappid in its
    place it is the domain of the site that the number speaks for, with neither and no file the China site's, anonymously.
    The exit code is 0 when healthy, 1 for warnings with --fail-on warn, 2 when a target failed, 3 when that is not known.
    """
    from imdoctor import runner
    from imdoctor.cli.jobs import Wanted, prepared
    from imdoctor.cli.progress import watched
    from imdoctor.cli.stopping import until_stopped

    look = looking(verbose=verbose, quiet=quiet, colour=color)
    with prepared(Wanted(**wanted), session) as work, _remembering(state, work, session) as remembering:
        with watched(session, several=len(work.jobs) > 1, look=look) as progress:
            report, stopped = until_stopped(
                runner.run(
                    work.jobs if remembering is None else remembering.jobs(),
                    work.checks,
                    timeout=timeout,
                    retries=retries,
                    retry_wait=retry_wait,
                    fail_on_warn=fail_on == "warn",
                    progress=progress,
                )
            )
        publish(report, work.checks, form=form, outputs=output, look=look, session=session)
        if remembering is not None and stopped is None:
            remembering.learn(report)
    return report.exit_code if stopped is None else stopped


@contextmanager
def _remembering(state: Path | None, work: "Work", session: Session) -> "Iterator[Remembering | None]":
    """Hand out the memory that runs of their own share in a folder; None without one."""
    if state is None:
        yield None
        return
    from imdoctor.cli.state import Remembering

    remembering = Remembering(work, session.cwd / state, session)
    try:
        yield remembering
    finally:
        remembering.close()
