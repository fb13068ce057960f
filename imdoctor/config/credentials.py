"""From a secret's file or environment variable to a Credential: every trouble a sentence, and no secret in any."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imdoctor.config.files import UnreadableError, read_file
from imdoctor.config.model import Target
from imdoctor.config.problems import ConfigError, Problem
from imdoctor.config.secrets import Credential, Secret
from imdoctor.config.targets import CREDENTIALS, wrong_credential
from imdoctor.speech import say

if TYPE_CHECKING:
    from imdoctor.net.kept import Kept

LARGEST = 64 * 1024
"""Bytes of a secret's file: a usersig has a few hundred."""
LIFETIME = 86400
"""Seconds that a usersig lives which is made from the key."""
LASTING = 300
"""Seconds for which it serves an agent's rounds: fewer than from one authenticated call to the next."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Loaded:
    """A credential, and what is worth a warning about where it came from."""

    credential: Credential
    warnings: tuple[str, ...] = ()


def read_credential(
    target: Target,
    *,
    environ: Mapping[str, str],
    base: Path,
    wall: Callable[[], float],
    last: Credential | None = None,
    kept: "Kept | None" = None,
) -> Loaded:
    """Return what a target signs in with. ``base`` is the folder from which its files' paths start; ``wall`` the clock.

    A file that is ``kept`` is read again when it has changed.
    From a secret key a usersig is made, which lives a day; the ``last`` one stays while the key does, for five minutes by
    the clock, whichever way that is set. Raises ConfigError.
    """
    wrong = tuple(_problem(target, key, text) for key, text in wrong_credential(target))
    if wrong:
        raise ConfigError(*wrong)
    given = [key for key in CREDENTIALS if getattr(target, key) is not None]
    if not given:
        return Loaded(Credential())
    key, named = given[0], str(getattr(target, given[0]))
    try:
        text, warnings = read_secret(key, named, environ=environ, base=base, kept=kept)
        return Loaded(_credential(target, key, text, wall, last), warnings)
    except ValueError as error:
        raise ConfigError(_problem(target, key, str(error))) from None


def read_secret(
    key: str, named: str, *, environ: Mapping[str, str], base: Path, kept: "Kept | None" = None
) -> tuple[str, tuple[str, ...]]:
    """Return the text of the file or variable ``named``, and what is worth a warning about it. Raises ValueError with a sentence.

    ``key`` is one of usersig_file, usersig_env, secret_key_file and secret_key_env.
    """
    if not key.endswith("_file"):
        return _from_env(named, environ), ()
    path = _find(named, environ, base)
    return _from_file(key, path) if kept is None else kept.get_now((key, path), (path,), lambda: _from_file(key, path))


def _problem(target: Target, key: str, text: str) -> Problem:
    return Problem(
        say("target {name}: {key}: {text}", name=target.name, key=key, text=text), at=("targets", target.name, key)
    )


def _from_file(key: str, path: Path) -> tuple[str, tuple[str, ...]]:
    """Return a secret file's text, and a warning if others can read it. Raises ValueError with a sentence."""
    try:
        read = read_file(path, LARGEST)
    except UnreadableError as error:
        raise ValueError(f"{path} {error}") from None
    try:
        text = _text(read.data.decode("utf-8"))
    except ValueError as error:
        why = say("is not text") if isinstance(error, UnicodeDecodeError) else str(error)
        raise ValueError(
            say("{path} {why}: write the {key} into it, and nothing else", path=path, why=why, key=_what(key))
        ) from None
    warning = say(
        "{path} can be read by others than its owner: chmod 600 {path}, unless the system made it so", path=path
    )
    return _stripped(key, text), (warning,) if read.shared else ()


def credential_id(named: str) -> str:
    """Return the name of a secret's file in $CREDENTIALS_DIRECTORY, where a path cannot stand: `-` for each `/`."""
    return named.strip("/").replace("/", "-")


def _find(named: str, environ: Mapping[str, str], base: Path) -> Path:
    """Return where a secret's file is: in $CREDENTIALS_DIRECTORY (systemd.exec(5)), else beside the configuration."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    # os.access, since Path.exists raises where a folder may not be entered: that is told where the file is read.
    places = (Path(folder, name) for name in (credential_id(named), named)) if folder else ()
    return next((place for place in places if os.access(place, os.F_OK)), base / named)


def _from_env(named: str, environ: Mapping[str, str]) -> str:
    """Return a variable's value. Raises ValueError with a sentence."""
    if not _VARIABLE.fullmatch(named):
        raise ValueError(
            say(
                "what stands here is no variable's name: write a name such as IM_USERSIG, and the secret into that variable"
            )
        )
    if named not in environ:
        raise ValueError(say("the environment has no variable {named}: export it, or name another", named=named))
    try:
        return _text(environ[named])
    except ValueError as error:
        raise ValueError(
            say("the variable {named} {error}: write the secret into it, and nothing else", named=named, error=error)
        ) from None


def _text(text: str) -> str:
    """Return a secret's text. Raises ValueError for what can be none."""
    if not text.strip():
        raise ValueError(say("is empty"))
    if text.startswith("\ufeff"):
        raise ValueError(say("begins with a byte order mark"))
    if any(not character.isprintable() and not character.isspace() for character in text):
        raise ValueError(say("is not text"))
    return text


def _stripped(key: str, text: str) -> str:
    """Return a file's text without the line end that editors add: a key loses one at most, since all else in it counts."""
    if key.startswith("usersig"):
        return text.strip()
    return text.removesuffix("\n").removesuffix("\r")


def _what(key: str) -> str:
    return "usersig" if key.startswith("usersig") else say("secret key")


def _credential(target: Target, key: str, text: str, wall: Callable[[], float], last: Credential | None) -> Credential:
    """Return the credential of a secret's text. Raises ValueError with a sentence."""
    secret, now = Secret(text), int(wall())
    if key.startswith("usersig"):
        return Credential(usersig=secret)
    if last is not None and last.secret_key == secret and 0 <= now - (last.made_at or 0) < LASTING:
        return last
    from imdoctor.im import usersig

    if target.sdkappid is None or not target.identifier:  # wrong_credential has seen to it
        raise ValueError(say("a usersig is made for an identifier of an SDKAppID"))
    made = usersig.make(key=text, sdkappid=target.sdkappid, identifier=target.identifier, time=now, expire=LIFETIME)
    return Credential(usersig=Secret(made), secret_key=secret, made_at=now)
