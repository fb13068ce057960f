"""`imdoctor diff A B`: what changed between two reports."""

import json
from typing import TYPE_CHECKING

import click
import msgspec

from imdoctor.cli import candidates
from imdoctor.cli.jobs import checks_installed
from imdoctor.cli.options import lang_option, option
from imdoctor.cli.output import speaking_for, style
from imdoctor.cli.saved import STDIN, saved_report
from imdoctor.cli.session import Session
from imdoctor.speech import say

if TYPE_CHECKING:
    from imdoctor.comparison import Comparison

DIFFERENT = 1
"""As diff(1) exits."""


@click.command()
@click.argument("before", shell_complete=candidates.files)
@click.argument("after", shell_complete=candidates.files)
@option("--format", "form", type=click.Choice(("text", "json")), default="text", help="For people, or as JSON.")
@lang_option
@click.pass_obj
def diff(session: Session, *, before: str, after: str, form: str) -> int:
    """Say what changed between two reports: of two hosts, or before and after.

    BEFORE and AFTER are files that `imdoctor run --format json` wrote; - is standard input, for one of them. A time has changed only
    where it differs by more than 5 ms, than 20 %, and than its samples do; where a side has one sample,
    and so no spread, only by 100 ms or more, to three times as much or to a third. The exit code is 0 when they are the same, 1 when not.
    """
    from imdoctor.comparison import compare

    if before == after == STDIN:
        raise click.UsageError(say("standard input holds one report: name a file for the other"))
    with speaking_for(form):
        told = compare(saved_report(before), saved_report(after), checks_installed(session))
        session.say(_json(told) if form == "json" else _text(told, style(session).width), form)
    return 0 if told.same else DIFFERENT


def _json(told: "Comparison") -> str:
    return json.dumps(msgspec.to_builtins(told), indent=2, ensure_ascii=False) + "\n"


def _text(told: "Comparison", width: int) -> str:
    from imdoctor.render.difference import render

    return render(told, width=width)
