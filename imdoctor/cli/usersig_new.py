"""`imdoctor usersig new`: a usersig made from a secret key."""

import time
from pathlib import Path

import click

from imdoctor.cli.options import HIGHEST_SDKAPPID, PATH, lang_option, option
from imdoctor.cli.private import write_private
from imdoctor.cli.reading import either
from imdoctor.cli.session import Session
from imdoctor.config.problems import ConfigError, Problem
from imdoctor.im import usersig
from imdoctor.speech import say

DAY = 86400
DEFAULT_DAYS = 60
"""Two months, which the documents recommend; the official libraries' own default is 180 days."""
MOST_DAYS = 18262
"""50 years, which the documents call the most. The least is a day, which they advise."""


@click.command()
@option("--secret-key-file", metavar="FILE", help="A file that holds the secret key.")
@option("--secret-key-env", metavar="NAME", help="A variable that holds the secret key.")
@option("--identifier", required=True, metavar="NAME", help="The account that it is for.")
@option("--sdkappid", required=True, type=click.IntRange(1, HIGHEST_SDKAPPID), help="The app that it is for.")
@option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=DEFAULT_DAYS,
    show_default="60, as recommended",
    help="How long it lives.",
)
@option("--userbuf", metavar="TEXT", help="What the app puts into it besides.")
@option("-o", "--out", type=PATH, metavar="FILE", help="A new file, of mode 0600 [default: standard output].")
@click.option("--force", is_flag=True, help="Replace FILE, if it is there.")
@lang_option
@click.pass_obj
def new(
    session: Session,
    *,
    secret_key_file: str | None,
    secret_key_env: str | None,
    identifier: str,
    sdkappid: int,
    days: int,
    userbuf: str | None,
    out: Path | None,
    force: bool,
) -> int:
    """Make a usersig of version 2 from a secret key, which comes from a file or a variable, never as an argument.

    It is valid from now on, for 60 days unless --days says otherwise: the documents recommend two months, advise a day at
    least, and allow 50 years at most. A file gets mode 0600 and holds the usersig alone, without a line end.
    """
    key = either(session, "secret_key", secret_key_file, secret_key_env)
    if key is None:
        raise click.UsageError(say("name the secret key: --secret-key-file FILE or --secret-key-env NAME"))
    _check(key, identifier, session)
    buffer = None if userbuf is None else userbuf.encode("utf-8", "surrogateescape")
    try:
        made = usersig.make(
            key=key, sdkappid=sdkappid, identifier=identifier, time=int(time.time()), expire=days * DAY, userbuf=buffer
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if out is None:
        session.say(f"{made}\n")
    else:
        write_private(session.cwd / out, made.encode(), force=force)
        session.say(
            say(
                "{out}: written, for {identifier} of SDKAppID {sdkappid}, valid for {days} days\n",
                out=out,
                identifier=identifier,
                sdkappid=sdkappid,
                days=days,
            )
        )
    return 0


def _check(key: str, identifier: str, session: Session) -> None:
    """Refuse what no server would accept, and warn of what is likely a mistake. Raises ConfigError and click.UsageError."""
    most = usersig.IDENTIFIER_MAX_BYTES
    if not 1 <= len(identifier.encode("utf-8", "surrogateescape")) <= most:
        raise click.UsageError(
            say("--identifier: an identifier has 1 to {most} bytes: write the account's own", most=most)
        )
    fault = usersig.key_fault(key)
    if fault == "private-key-pem":
        text = say(
            "the secret key is a private key in PEM form, as version 1 used it: take the key of version 2 from the console"
        )
        raise ConfigError(Problem(text))
    if fault == "whitespace":
        session.warn(
            "the key begins or ends with white space, which counts: without it the usersig would be another one"
        )
