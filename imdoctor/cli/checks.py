"""`imdoctor checks`: what is installed."""

import click

from imdoctor.cli.options import lang_option
from imdoctor.cli.output import style
from imdoctor.cli.session import Session
from imdoctor.render.wrap import columns, pad, wrap
from imdoctor.speech import say, translated

LEAST = 24
"""Columns for a question, however narrow the terminal."""


@click.command()
@lang_option
@click.pass_obj
def checks(session: Session) -> int:
    """List the installed checks: name, step of the troubleshooting list, title, and where each comes from."""
    from imdoctor import registry

    known = registry.load()
    rows = [(say("check"), say("step"), say("from"), say("question"))]
    rows += [
        (it.check.name, str(it.check.step or "-"), it.origin, translated(it.check.title)) for it in known.installed
    ]
    widths = [max(columns(row[index]) for row in rows) for index in range(3)]
    lines = []
    for row in rows:
        head = "".join(f"{pad(cell, width)}  " for cell, width in zip(row, widths, strict=False))
        lines += wrap(row[3], max(style(session).width, columns(head) + LEAST), head)
    session.say("\n".join(lines) + "\n")
    for broken in known.broken:
        session.warn("a check could not be loaded", entry=broken.entry, origin=broken.origin, error=broken.error)
    return 0
