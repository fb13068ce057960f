"""What is wrong with a target beyond its values' types: the same for a file's and for the command line's."""

import re
from collections.abc import Iterator

from imdoctor.config.model import ProbeCall, Target
from imdoctor.config.problems import looks_secret, shown
from imdoctor.config.values import parse_proxy

IDENTIFIER_BYTES = 32
LONGEST_TARGET_NAME = 64
BACKEND_TIMEOUT = 3.0
"""The IM backend's own timeout in seconds: the caller's must be longer."""
CREDENTIALS = ("usersig_file", "usersig_env", "secret_key_file", "secret_key_env")
CHANGING = {"sendmsg", "account_import", "kick"}
"""Commands that are no probe: they send, create an account, or make every usersig of one worthless."""

_NAME = re.compile(r"[A-Za-z0-9_]+")


def wrong(target: Target) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a target: the key, and a sentence."""
    yield from wrong_values(target)
    yield from wrong_credential(target)


def wrong_values(target: Target) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a target's values, its credential's aside: the key, and a sentence."""
    if not target.name.isprintable() or not 1 <= len(target.name) <= LONGEST_TARGET_NAME:
        yield "name", f"a name has 1 to {LONGEST_TARGET_NAME} characters that can be printed"
    if len((target.identifier or "").encode()) > IDENTIFIER_BYTES:
        yield "identifier", f"an identifier has at most {IDENTIFIER_BYTES} bytes: write the admin account's own"
    if target.identifier == "":
        yield "identifier", "an identifier is not empty: write the admin account's, or leave the key out"
    if target.timeout <= BACKEND_TIMEOUT:
        yield "timeout", "the IM backend's own timeout is 3 s: write more than 3s, such as 5s"
    if target.probe is not None:
        yield from (("probe", text) for text in _wrong_probe(target.probe))
    try:
        parse_proxy(target.proxy)
    except ValueError as error:
        yield "proxy", str(error)


def _wrong_probe(probe: ProbeCall) -> Iterator[str]:
    for key, name, such in (
        ("service", probe.service, "im_open_login_svc"),
        ("command", probe.command, "account_check"),
    ):
        if not _NAME.fullmatch(name):
            yield f"{key}: {shown(name)} is no {key}'s name: write letters, digits and _ only, such as {such}"
    if probe.command in CHANGING:
        yield f"command: {probe.command} changes something at each call: name one that only reads, such as account_check"


def wrong_credential(target: Target) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how a target's credential is given: the key, and a sentence."""
    yield from wrong_names(target)
    yield from wrong_company(target)


def wrong_names(target: Target) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the names of a target's credentials by themselves."""
    given = [key for key in CREDENTIALS if getattr(target, key) is not None]
    for key in given:
        if looks_secret(getattr(target, key)):
            kind = "a file's path" if key.endswith("_file") else "an environment variable's name"
            yield key, f"what stands here looks like a secret itself and is not shown: write {kind}"
        elif not getattr(target, key):
            yield key, "nothing stands here: name it, or leave the key out"
    for key in given[1:]:
        yield key, f"{given[0]} names a credential already: keep one of them"


def wrong_company(target: Target) -> Iterator[tuple[str, str]]:
    """Yield what a target's credential lacks beside it."""
    given = [key for key in CREDENTIALS if getattr(target, key) is not None]
    if given and given[0].startswith("secret_key") and (target.sdkappid is None or not target.identifier):
        yield given[0], "a usersig is made for an identifier of an SDKAppID: write sdkappid and identifier beside it"
