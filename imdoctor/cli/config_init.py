"""`imdoctor config init`: a commented configuration to begin with."""

from pathlib import Path
from typing import Any

import click

from imdoctor.cli import candidates
from imdoctor.cli.options import HIGHEST_SDKAPPID, PATH, lang_option, option
from imdoctor.cli.session import OutputError, Session
from imdoctor.config.model import Target
from imdoctor.config.targets import wrong
from imdoctor.config.values import parse_endpoint
from imdoctor.net.http import HTTPS_PORT
from imdoctor.speech import say


@click.command()
@click.argument("file", required=False, type=PATH)
@option("--sdkappid", type=click.IntRange(1, HIGHEST_SDKAPPID), help="The app; its number also chooses the site.")
@option("--identifier", metavar="NAME", help="The app's admin account.")
@option("--name", metavar="NAME", help="What reports call the target [default: prod].")
@option(
    "--endpoint",
    metavar="HOST",
    shell_complete=candidates.domains,
    help="Where the API is called [default: the domain of the SDKAppID's site].",
)
@option("--usersig-file", metavar="FILE", help="A file that holds the usersig, seen from the configuration's folder.")
@option("--usersig-env", metavar="NAME", help="A variable that holds the usersig.")
@option("--secret-key-file", metavar="FILE", help="A file that holds the secret key, seen from the same.")
@option("--secret-key-env", metavar="NAME", help="A variable that holds the secret key.")
@lang_option
@click.pass_obj
def init(session: Session, /, file: Path | None, **given: str | int | None) -> int:
    """Print a commented configuration with the values given, or write it to FILE, which must not be there yet.

    Nothing is asked, of people or over the network, and no secret is read. Without values it is an example.
    """
    text = _made({key: value for key, value in given.items() if value is not None})
    if file is None:
        session.say(text)
        return 0
    try:
        with (session.cwd / file).open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise OutputError(say("{file} is there already: name another, or take it away first", file=file)) from None
    except OSError as error:
        raise OutputError(say("{file} could not be written: {strerror}", file=file, strerror=error.strerror)) from None
    then = say("look it through") if any(given.values()) else say("put your own values in")
    session.say(say("{file}: written; {then}, then `imdoctor config check {file}`\n", file=file, then=then))
    return 0


def _made(values: dict[str, str | int]) -> str:
    """Return the configuration with these values. Raises click.UsageError for one that no target may have."""
    from imdoctor.config.example import filled

    target = _target(values)
    if "endpoint" in values or target.site:
        endpoint = target.called
        values["endpoint"] = endpoint.host if endpoint.port == HTTPS_PORT else str(endpoint)
    return filled(values, chosen_by=target.sdkappid if target.site else None)


def _target(values: dict[str, str | int]) -> Target:
    others: dict[str, Any] = {key: value for key, value in values.items() if key != "endpoint"}
    try:
        endpoint = parse_endpoint(str(values["endpoint"])) if "endpoint" in values else None
    except ValueError as error:
        raise click.UsageError(say("--endpoint: {error}", error=error)) from None
    target = Target(endpoint=endpoint, **others)
    for key, text in wrong(target):
        raise click.UsageError(f"--{key.replace('_', '-')}: {text}")
    return target
