"""`imdoctor judge REPORT.json`: a saved report's observations, judged anew."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from imdoctor.cli import candidates
from imdoctor.cli.options import report_options
from imdoctor.cli.output import Colour, Output, looking, publish
from imdoctor.cli.saved import saved_report
from imdoctor.cli.session import Session
from imdoctor.model import Report
from imdoctor.speech import say

if TYPE_CHECKING:
    from imdoctor.check import Check


@click.command()
@click.argument("report", shell_complete=candidates.files)
@report_options
@click.pass_obj
def judge(
    session: Session,
    *,
    report: str,
    form: str,
    output: tuple[Output, ...],
    fail_on: str,
    verbose: bool,
    quiet: bool,
    color: Colour,
) -> int:
    """Judge a saved report's observations anew, without any I/O.

    REPORT is a file that `imdoctor run --format json` wrote, or - for standard input. What is no such report is a
    usage error (64). The exit code is that of the new judgement.
    """
    from imdoctor import runner
    from imdoctor.cli.jobs import checks_installed

    look = looking(verbose=verbose, quiet=quiet, colour=color)
    saved = saved_report(report)
    checks = checks_installed(session)
    _warn_of_missing(saved, checks, session)
    try:
        again = runner.judge(saved, checks, fail_on_warn=fail_on == "warn")
    except msgspec.ValidationError as error:
        raise click.UsageError(
            say("{report}: an observation is not as its check writes it: {error}", report=report, error=error)
        ) from None
    publish(again, checks, form=form, outputs=output, look=look, session=session)
    return again.exit_code


def _warn_of_missing(report: Report, checks: "Sequence[Check]", session: Session) -> None:
    installed = {check.name for check in checks}
    for name in sorted({item.name for target in report.targets for item in target.checks} - installed):
        session.warn("a check of the report is not installed here and is left out", check=name)
