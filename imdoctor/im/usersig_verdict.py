"""Whether a usersig is valid: by its form, its signature, whose it is, and a time. What the server thinks is another matter."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from imdoctor.im import usersig
from imdoctor.im.usersig import UserSig, UserSigFault
from imdoctor.speech import say

SHORTEST, LONGEST = 86400, 50 * 31_557_600
"""Seconds of the lifetimes that the documents advise: at least 24 hours, at most 50 years."""

PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----"
"""What begins the key that version 1 is verified with (RFC 7468)."""

Severity = Literal["fail", "unknown", "warn", "info"]
Verdict = Literal["valid", "invalid", "undecided"]


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that speaks against a usersig. ``code`` is that of the `usersig` check's finding; None where it has none."""

    code: str | None
    severity: Severity
    text: str


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a usersig is held against; None: not against that. ``at`` is Unix seconds."""

    key: str | None = None
    identifier: str | None = None
    sdkappid: int | None = None
    at: float

    def __repr__(self) -> str:
        return f"Expected(identifier={self.identifier!r}, sdkappid={self.sdkappid!r}, at={self.at!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show everything but the key, to rich and to everybody else."""
        return [("identifier", self.identifier), ("sdkappid", self.sdkappid), ("at", self.at)]


def fault_code(fault: UserSigFault) -> str:
    """Return the finding code of a usersig that does not decode."""
    return f"usersig.{fault.kind}" if fault.kind in {"truncated", "double-encoded"} else "usersig.malformed"


def reasons(text: str, expected: Expected) -> tuple[Reason, ...]:
    """Return everything that speaks against a usersig, and what could not be decided. Never raises."""
    sig = usersig.decode(text)
    if isinstance(sig, UserSigFault):
        return (Reason(code=fault_code(sig), severity="fail", text=sig.detail),)
    return (*_signature(sig, expected.key), *_owner(sig, expected), *_time(sig, expected.at))


def verdict(found: tuple[Reason, ...]) -> Verdict:
    """Return what the reasons come to: one failure decides, whatever else could not be decided."""
    severities = {reason.severity for reason in found}
    return "invalid" if "fail" in severities else "undecided" if "unknown" in severities else "valid"


def _signature(sig: UserSig, key: str | None) -> Iterator[Reason]:
    if sig.version == 1:
        yield Reason(
            code="usersig.legacy", severity="info", text=say("It is of version 1 (ECDSA), which newer apps left.")
        )
    if key is None:
        yield _undecided(say("No key is given, so its signature was not verified."))
    elif sig.version == 1:
        yield from _signature_v1(sig, key)
    else:
        yield from _signature_v2(sig, key)


def _signature_v1(sig: UserSig, key: str) -> Iterator[Reason]:
    if PUBLIC_KEY not in key:
        yield _undecided(say("Version 1 is verified with the public key in PEM form, which the given key is not."))
        return
    try:
        if not usersig.verify_v1(sig, public_key_pem=key.encode()):
            yield _wrong_key(say("Its signature does not fit the public key."))
    except ValueError as error:
        yield _undecided(say("Its signature was not verified: {error}.", error=error))


def _signature_v2(sig: UserSig, key: str) -> Iterator[Reason]:
    fault = usersig.key_fault(key)
    if fault == "private-key-pem" or PUBLIC_KEY in key:
        yield _wrong_key(
            say("The key is one in PEM form, as version 1 used it; version 2 takes the key from the console.")
        )
        return
    stripped = fault == "whitespace" and usersig.verify(sig, key=key.strip())
    if fault == "whitespace":
        more = say("; without it the signature fits") if stripped else ""
        text = say("The key begins or ends with white space, which makes it another key{more}.", more=more)
        yield Reason(code="usersig.key-whitespace", severity="fail", text=text)
    if not stripped and not usersig.verify(sig, key=key):
        yield _wrong_key(say("Its signature does not fit the key."))


def _wrong_key(text: str) -> Reason:
    return Reason(code="usersig.wrong-key", severity="fail", text=text)


def _undecided(text: str) -> Reason:
    return Reason(code=None, severity="unknown", text=text)


def _owner(sig: UserSig, expected: Expected) -> Iterator[Reason]:
    if expected.identifier is not None and sig.identifier != expected.identifier:
        text = say(
            "It is for the identifier {identifier!r}, not for {other!r}.",
            identifier=sig.identifier,
            other=expected.identifier,
        )
        yield Reason(code="usersig.identifier-mismatch", severity="fail", text=text)
    if expected.sdkappid is not None and sig.sdkappid != expected.sdkappid:
        text = say("It is for SDKAppID {sdkappid}, not for {other}.", sdkappid=sig.sdkappid, other=expected.sdkappid)
        yield Reason(code="usersig.sdkappid-mismatch", severity="fail", text=text)


def _time(sig: UserSig, at: float) -> Iterator[Reason]:
    if sig.expires_at <= at:
        yield Reason(code="usersig.expired", severity="fail", text=say("It has expired by then."))
    elif sig.issued_at > at:
        yield Reason(code="usersig.not-yet-valid", severity="fail", text=say("It was made later than that."))
    if not SHORTEST <= sig.expire <= LONGEST:
        text = say("Its lifetime is not between the 24 hours and the 50 years that the documents advise.")
        yield Reason(code="usersig.lifetime", severity="warn", text=text)
