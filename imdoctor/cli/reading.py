"""What commands are given to read: a secret by name, standard input. No secret comes as an argument, which `ps` shows to all."""

import re
import sys
from pathlib import Path

import click

from imdoctor.cli.session import Session
from imdoctor.config.credentials import LARGEST, read_secret
from imdoctor.config.problems import ConfigError, Problem, looks_secret
from imdoctor.config.secrets import Secret
from imdoctor.speech import say

STDIN = "-"


def secret(session: Session, key: str, named: str) -> str:
    """Return the text of the file or variable that an option names, and mask it from now on.

    ``key`` is usersig_file, usersig_env, secret_key_file or secret_key_env. Raises ConfigError and click.UsageError.
    """
    kind = say("a file") if key.endswith("_file") else say("a variable")
    if looks_secret(named):
        raise click.UsageError(
            say("what stands for the name of {kind} looks like a secret itself: write the name of {kind}", kind=kind)
        )
    try:
        text, warnings = read_secret(key, named, environ=session.environ, base=session.cwd)
    except ValueError as error:
        raise ConfigError(Problem(str(error))) from None
    session.secrets.append(Secret(text))
    for warning in warnings:
        session.warn(warning)
    return text


def either(session: Session, key: str, file: str | None, env: str | None) -> str | None:
    """Return the secret of `--KEY-file` or `--KEY-env`, None where neither is given. Raises ConfigError and click.UsageError."""
    if file is not None and env is not None:
        option = key.replace("_", "-")
        raise click.UsageError(
            say("--{option}-file and --{option}-env name two of a kind: keep one of them", option=option)
        )
    if file is not None:
        return secret(session, f"{key}_file", file)
    return None if env is None else secret(session, f"{key}_env", env)


def standard_input(limit: int = LARGEST) -> str:
    """Return standard input as text. Raises click.UsageError for what is none, is empty, or has more than ``limit`` bytes."""
    data = sys.stdin.buffer.read(limit + 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise click.UsageError(say("standard input is no text in UTF-8")) from None
    if len(data) > limit:
        raise click.UsageError(
            say("standard input has more than {limit} KiB: it cannot be the right text", limit=limit // 1024)
        )
    if not text.strip():
        raise click.UsageError(say("standard input is empty: pipe the text into it, or name a file"))
    return text


def is_there(session: Session, named: str) -> bool:
    """Tell whether something has this name in the file system."""
    try:
        return Path(session.cwd, named).exists()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return False


def warn_of_argument(session: Session, text: str) -> None:
    """Warn where an argument holds a usersig, which `ps` shows to every user of the host."""
    if re.search(r"usersig=[^$*&]", text, re.IGNORECASE):  # and no variable in its place
        session.warn("a usersig in an argument is seen by every user of this host: pipe the text to standard input (-)")
