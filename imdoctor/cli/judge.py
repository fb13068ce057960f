"""`imdoctor judge REPORT.json`: a saved report's observations, judged anew."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from imdoctor import runner
from imdoctor.check import Check
from imdoctor.cli.jobs import checks_installed
from imdoctor.cli.options import report_options
from imdoctor.cli.output import Output, publish
from imdoctor.cli.session import Session
from imdoctor.config.files import UnreadableError, read_file
from imdoctor.model import Report

LARGEST = 256 * 1024 * 1024
"""Bytes of a saved report: a fleet's, with every observation."""


@click.command()
@click.argument("report")
@report_options
@click.pass_obj
def judge(
    session: Session,
    *,
    report: str,
    form: str,
    output: tuple[Output, ...],
    fail_on: str,
    lang: str,  # noqa: ARG001 - one language so far
    verbose: bool,
) -> int:
    """Judge a saved report's observations anew, without any I/O.

    REPORT is a file that `imdoctor run --format json` wrote, or - for standard input. What is no such report is a
    usage error (64). The exit code is that of the new judgement.
    """
    saved = _decoded(_read(report), report)
    checks = checks_installed(session)
    _warn_of_missing(saved, checks, session)
    try:
        again = runner.judge(saved, checks, fail_on_warn=fail_on == "warn")
    except msgspec.ValidationError as error:
        raise click.UsageError(f"{report}: an observation is not as its check writes it: {error}") from None
    publish(again, form=form, outputs=output, verbose=verbose, session=session)
    return again.exit_code


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(LARGEST)
    try:
        return read_file(Path(name), LARGEST).data
    except UnreadableError as error:
        raise click.UsageError(f"{name} {error}") from None


def _decoded(data: bytes, name: str) -> Report:
    """Return the report. Raises click.UsageError for what is none, and for another version's."""
    instead = "name a file that `imdoctor run --format json` wrote"
    try:
        told: Any = msgspec.json.decode(data)
        if isinstance(told, dict) and told.get("version") != 1 and "targets" in told:
            raise click.UsageError(
                f"{name} is a report of version {told.get('version')!r}; this release reads version 1"
            )
        return msgspec.convert(told, Report)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"{name} is no report: {error}: {instead}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise click.UsageError(f"{name} is no JSON: {instead}") from None


def _warn_of_missing(report: Report, checks: Sequence[Check], session: Session) -> None:
    installed = {check.name for check in checks}
    for name in sorted({item.name for target in report.targets for item in target.checks} - installed):
        session.warn("a check of the report is not installed here and is left out", check=name)
