"""`imdoctor bundle`: what a support ticket needs, in one file without secrets."""

from pathlib import Path
from typing import Any

import click

from imdoctor.cli import candidates
from imdoctor.cli.options import PATH, SecondsType, app_options, lang_option, option
from imdoctor.cli.session import Session


@click.command()
@click.argument("host", required=False, metavar="[REPORT|HOST]", shell_complete=candidates.files)
@app_options
@lang_option
@option("--timeout", type=SecondsType(), default=30.0, help="Of the run.", show_default=True)
@option("--redact", is_flag=True, help="Replace host names and private addresses by pseudonyms.")
@option("-o", "--out", type=PATH, metavar="FILE", help="The bundle [default: imdoctor-DATE.tar.gz].")
@click.option("--force", is_flag=True, help="Replace FILE, if it is there.")
@click.pass_obj
def bundle(
    session: Session,
    /,
    *,
    timeout: float,
    redact: bool,
    out: Path | None,
    force: bool,
    **wanted: Any,
) -> int:
    """Pack what a support ticket needs into one file: a report, the certificates, the host's network settings, versions.

    REPORT is a file that `imdoctor run --format json` wrote (a name that ends in .json, has a / in it, or is there), - for standard
    input; else a run is made now, of HOST or of the configuration. Every secret that is loaded is searched for in every file, whatever
    its form; a bundle that would hold one is not written (74). Nothing is sent anywhere but by the run.
    """
    from imdoctor.cli.bundling import bundled
    from imdoctor.cli.jobs import Wanted

    return bundled(Wanted(**wanted), session, timeout=timeout, redact=redact, out=out, force=force)
