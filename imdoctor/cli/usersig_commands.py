"""`imdoctor usersig show` and `verify`."""

import hashlib
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from imdoctor.cli.options import HIGHEST_SDKAPPID, lang_option, option, together
from imdoctor.cli.output import speaking_for, style
from imdoctor.cli.reading import STDIN, either, is_there, secret, standard_input, warn_of_argument
from imdoctor.cli.session import Session
from imdoctor.config.problems import looks_secret
from imdoctor.config.secrets import Secret
from imdoctor.im.usersig import UserSig, UserSigFault, decode
from imdoctor.im.usersig_finding import Claims, claims
from imdoctor.im.usersig_verdict import Expected, Reason, fault_code, reasons, verdict
from imdoctor.render.text import STATUSES, WORDS, duration
from imdoctor.render.wrap import pad, wrap
from imdoctor.speech import Words, mark, say

JUDGED = Words(valid=mark("VALID"), invalid=mark("INVALID"), undecided=mark("UNDECIDED"))
CODES = {"valid": 0, "invalid": 2, "undecided": 3}
SIGNED = {1: "ECDSA P-256 with SHA-256", 2: "HMAC-SHA256"}
FINGERPRINT = 16
"""Digits of a usersig's SHA-256: enough to see whether two are the same, and nothing that anybody could sign in with."""

source_options = together(
    (
        click.argument("source", required=False),
        lang_option,
        option("--usersig-env", metavar="NAME", help="A variable that holds the usersig."),
        option("--format", "form", type=click.Choice(("text", "json")), default="text", help="For people, or as JSON."),
    )
)


class MomentType(click.ParamType[float]):
    """A moment as RFC 3339 writes it, with its offset; in the program Unix seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's own signature
        """Return the Unix seconds."""
        seconds = _seconds(str(value))
        if seconds is None:
            self.fail(say("{value!r} is no moment: write it as 2026-03-01T12:00:00Z", value=value), param, ctx)
        return seconds


def _seconds(text: str) -> float | None:
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).timestamp() if moment.tzinfo else None
    return None


@click.command()
@source_options
@click.pass_obj
def show(session: Session, *, source: str | None, usersig_env: str | None, form: str) -> int:
    """Decode a usersig: version, identifier, SDKAppID, dates, userbuf. Its signature is not shown.

    SOURCE is a file, - for standard input, or a request's URL; in a file and on standard input too the usersig may stand
    alone, in a URL or in a curl command line. The exit code is 0, or 2 for a usersig that does not decode.
    """
    found = _claims(session, source, usersig_env)
    with speaking_for(form):
        return _show(session, found, form)


def _show(session: Session, found: Claims, form: str) -> int:
    sig = decode(found.usersig)
    data = _fault(sig) if isinstance(sig, UserSigFault) else _fields(sig, found.usersig)
    if form == "json":
        _say_json(session, data)
    elif isinstance(sig, UserSigFault):
        session.say(say("It does not decode ({code}): {detail}\n", code=data["code"], detail=sig.detail))
    else:
        session.say("".join(f"{line}\n" for line in _table(sig, found.usersig, time.time())))
    return CODES["invalid"] if isinstance(sig, UserSigFault) else 0


@click.command()
@source_options
@option("--secret-key-file", metavar="FILE", help="A file that holds the secret key.")
@option("--secret-key-env", metavar="NAME", help="A variable that holds the secret key.")
@option("--identifier", metavar="NAME", help="Whose it must be [default: the URL's, if there is one].")
@option("--sdkappid", type=click.IntRange(1, HIGHEST_SDKAPPID), help="Of which app [default: the URL's].")
@option("--at", type=MomentType(), help="When it must be valid, such as 2026-03-01T12:00:00Z [default: now].")
@click.pass_obj
def verify(
    session: Session,
    *,
    source: str | None,
    usersig_env: str | None,
    form: str,
    secret_key_file: str | None,
    secret_key_env: str | None,
    identifier: str | None,
    sdkappid: int | None,
    at: float | None,
) -> int:
    """Say whether a usersig is valid, and tell every reason why not. SOURCE is as for `imdoctor usersig show`.

    A usersig of version 1 is verified with its public key in PEM form. The exit code is 0 for a valid usersig, 2 for one
    that is not, 3 when that could not be decided, as without a key. The server may refuse a valid one: `imdoctor run` asks it.
    """
    found = _claims(session, source, usersig_env)
    expected = Expected(
        key=either(session, "secret_key", secret_key_file, secret_key_env),
        identifier=found.identifier if identifier is None else identifier,
        sdkappid=found.sdkappid if sdkappid is None else sdkappid,
        at=time.time() if at is None else at,
    )
    with speaking_for(form):
        return _verify(session, found, expected, form)


def _verify(session: Session, found: Claims, expected: Expected, form: str) -> int:
    against = reasons(found.usersig, expected)
    judged = verdict(against)
    sig = decode(found.usersig)
    if form == "json":
        fields = None if isinstance(sig, UserSigFault) else _fields(sig, found.usersig)
        told = {"verdict": judged, "exit_code": CODES[judged], "at": _moment(expected.at)}
        _say_json(session, {**told, "reasons": msgspec.to_builtins(against), "usersig": fields})
    else:
        width = style(session).width
        session.say("".join(f"{line}\n" for line in _verdict(judged, sig, against, expected.at, width)))
    return CODES[judged]


def _claims(session: Session, source: str | None, env: str | None) -> Claims:
    """Return the usersig that the command line leads to, masked from now on. Raises ConfigError and click.UsageError."""
    if (source is None) == (env is None):
        raise click.UsageError(
            say("name one usersig: a file, - for standard input, a URL, or a variable by --usersig-env")
        )
    found = claims(_text(session, source, env).strip())
    session.secrets.append(Secret(found.usersig))
    return found


def _text(session: Session, source: str | None, env: str | None) -> str:
    if source is None:
        return secret(session, "usersig_env", env or "")
    if source == STDIN:
        return standard_input()
    if "usersig=" in source.lower() and not is_there(session, source):
        warn_of_argument(session, source)
        return source
    if looks_secret(source):
        raise click.UsageError(
            say("a usersig is no argument, which every user of this host sees: pipe it to standard input (-)")
        )
    return secret(session, "usersig_file", source)


def _fault(fault: UserSigFault) -> dict[str, Any]:
    return {"code": fault_code(fault), "fault": fault.kind, "detail": fault.detail}


def _fields(sig: UserSig, text: str) -> dict[str, Any]:
    return {
        "version": sig.version,
        "identifier": sig.identifier,
        "sdkappid": sig.sdkappid,
        "issued_at": _moment(sig.issued_at),
        "expires_at": _moment(sig.expires_at),
        "lifetime_seconds": sig.expire,
        "userbuf": None if sig.userbuf is None else b64encode(sig.userbuf).decode(),
        "fingerprint": _fingerprint(text),
    }


def _table(sig: UserSig, text: str, now: float) -> Iterator[str]:
    left = sig.expires_at - now
    when = say("in {left}", left=duration(left)) if left > 0 else say("{left} ago", left=duration(-left))
    rows = {
        say("version"): f"{sig.version} ({SIGNED[sig.version]})",
        "identifier": _text_or_bytes(sig.identifier.encode("utf-8", "surrogatepass")),
        "SDKAppID": str(sig.sdkappid),
        say("issued"): _moment(sig.issued_at),
        say("expires"): say("{time} ({when})", time=_moment(sig.expires_at), when=when),
        say("lifetime"): duration(float(sig.expire)),
        "userbuf": say("none")
        if sig.userbuf is None
        else say("{number} bytes: {userbuf}", number=len(sig.userbuf), userbuf=_text_or_bytes(sig.userbuf)),
        say("fingerprint"): say("{digits} (the first digits of its SHA-256)", digits=_fingerprint(text)),
    }
    yield from (f"{pad(name, 12)} {value}" for name, value in rows.items())


def _verdict(
    judged: str, sig: UserSig | UserSigFault, against: tuple[Reason, ...], at: float, width: int
) -> Iterator[str]:
    whose = (
        ""
        if isinstance(sig, UserSigFault)
        else say(": for {identifier} of SDKAppID {sdkappid}", identifier=sig.identifier, sdkappid=sig.sdkappid)
    )
    until = "" if isinstance(sig, UserSigFault) else say(", until {expires_at}", expires_at=_moment(sig.expires_at))
    yield from wrap(
        say("{verdict} at {at}{whose}{until}", verdict=JUDGED[judged], at=_moment(at), whose=whose, until=until),
        width,
        rest="  ",
    )
    for reason in against:
        text = say("{who}: {told}", who=reason.code, told=reason.text) if reason.code else reason.text
        yield from wrap(text, width, f"{pad(WORDS.get(reason.severity) or STATUSES['info'], 8)} ")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:FINGERPRINT]


def _text_or_bytes(data: bytes) -> str:
    """Return bytes as the text that they are, else as Python writes them: nothing in them steers the terminal."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return repr(data)[2:-1]
    return text if text.isprintable() else repr(text)[1:-1]


def _say_json(session: Session, data: object) -> None:
    session.say(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "json")
