"""`imdoctor run`: every check once on every target."""

from typing import Any

import click

from imdoctor import runner
from imdoctor.cli.jobs import Wanted, prepared
from imdoctor.cli.options import SecondsType, option, report_options, target_options
from imdoctor.cli.output import Output, publish
from imdoctor.cli.progress import watched
from imdoctor.cli.session import Session
from imdoctor.cli.stopping import until_stopped

MOST_RETRIES = 10


@click.command()
@target_options
@option("--timeout", type=SecondsType(), default=30.0, help="Of the whole run.", show_default=True)
@option(
    "--retries", type=click.IntRange(0, MOST_RETRIES), default=0, metavar="N", help="Try a target that fails again."
)
@report_options
@click.pass_obj
def run(
    session: Session,
    /,
    *,
    timeout: float,
    retries: int,
    form: str,
    output: tuple[Output, ...],
    fail_on: str,
    lang: str,  # noqa: ARG001 - one language so far
    verbose: bool,
    **wanted: Any,  # noqa: ANN401 - the options of a Wanted
) -> int:
    """Run every check once on every target, and print the report.

    HOST is a host, host:port, https://host or [IPv6]:port; with it no configuration is read. With neither it is the
    China site's domain, anonymously. The exit code is 0 when healthy, 1 for warnings with --fail-on warn, 2 when a
    target failed, 3 when that is not known.
    """
    with prepared(Wanted(**wanted), session) as work:
        with watched(session, several=len(work.jobs) > 1) as progress:
            report, stopped = until_stopped(
                runner.run(
                    work.jobs,
                    work.checks,
                    timeout=timeout,
                    retries=retries,
                    fail_on_warn=fail_on == "warn",
                    progress=progress,
                )
            )
        publish(report, form=form, outputs=output, verbose=verbose, session=session)
    return report.exit_code if stopped is None else stopped
