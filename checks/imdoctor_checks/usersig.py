"""Is the credential well-formed, ours, signed with our key, and valid now? Nothing is sent: the server's word comes by `probe`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

import msgspec

from imdoctor import (
    Context,
    Egress,
    Fact,
    Finding,
    Judged,
    Measurement,
    Observation,
    Seconds,
    Settings,
    Spec,
    Summary,
    joined,
    pick,
    say,
)
from imdoctor.im import errorcodes, usersig
from imdoctor.model import Confidence
from imdoctor_checks.observations import ClockSeen, ProbeSeen, UsersigSeen, api_answer, bounds
from imdoctor_checks.specs.usersig import FINDINGS
from imdoctor_checks.words import DAY, duration

SHORTEST, LONGEST = DAY, 50 * 365.25 * DAY
"""Lifetimes that the documents advise: at least 24 hours, at most 50 years."""


class UsersigOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The credential.

    expiring: how long before its end a usersig is worth a warning.
    """

    expiring: Seconds = 7 * DAY


class Usersig:
    """The `usersig` check."""

    name: ClassVar[str] = "usersig"
    title: ClassVar[str] = "Is the credential well-formed, ours, signed with our key, and valid now?"
    step: ClassVar[int | None] = None
    options: ClassVar[type[msgspec.Struct]] = UsersigOptions
    every: ClassVar[float] = 3600.0
    """Seconds between two looks under `watch`: nothing of it changes by the minute."""
    findings: ClassVar[Mapping[str, Spec]] = FINDINGS

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact("usersig", "", "version {version} for {identifier} of SDKAppID {sdkappid}"),
    )
    gauges: ClassVar[tuple[str, ...]] = ("expires_in",)

    async def observe(self, ctx: Context) -> UsersigSeen:
        """Decode the credential and hold it against the key at hand and the host's clock."""
        credential = ctx.credential
        if credential.kind == "none":
            return UsersigSeen(
                skipped=None if ctx.settings.identifier else say("no identifier and no credential are configured")
            )
        key = credential.secret_key.reveal() if credential.secret_key else None
        text = credential.usersig.reveal() if credential.usersig else ""
        seen = read(text, key=key, made=credential.made, now=ctx.machine.wall())
        return msgspec.structs.replace(seen, sendable=sound(seen, ctx.settings))

    def judge(self, seen: UsersigSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge its form, then whose it is, then its time by the server's clock, then the server's own word."""
        if settings.credential == "none":
            yield Finding("usersig.missing", data={"identifier": settings.identifier})
            return
        here = [*_form(seen), *_owner(seen, settings), *_time(seen, settings, pick(others, "clock", ClockSeen))]
        yield from here
        if seen.expires_at is not None:
            yield Measurement("expires", seen.expires_at, "timestamp")
        yield from _server(seen, pick(others, "probe", ProbeSeen), {finding.code for finding in here})
        if seen.expires_at is not None and seen.now is not None:
            left, expiring = seen.expires_at - seen.now, settings.options("usersig", UsersigOptions).expiring
            least = msgspec.UNSET if seen.made else (expiring, None)
            yield Measurement("expires_in", left, "seconds", warn=least, fail=(0.0, None))
        yield Summary(_summary(seen))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """Send nothing: what the server thinks of the credential, the probe asks."""
        del ctx
        return ()


def read(text: str, *, key: str | None, made: bool, now: float) -> UsersigSeen:
    """Decode a usersig into an observation, its signature verified where the key is at hand."""
    key_fault = usersig.key_fault(key) if key is not None else None
    sig = usersig.decode(text)
    if isinstance(sig, usersig.UserSigFault):
        return UsersigSeen(fault=sig.kind, detail=sig.detail, key_fault=key_fault, made=made, now=now)
    return UsersigSeen(
        key_fault=key_fault,
        made=made,
        version=sig.version,
        identifier=sig.identifier,
        sdkappid=sig.sdkappid,
        issued_at=sig.issued_at,
        expires_at=sig.expires_at,
        signature=usersig.verify(sig, key=key) if key is not None and sig.version == 2 else None,  # noqa: PLR2004 - version 2 alone is signed with the key
        now=now,
    )


def sound(seen: UsersigSeen, settings: Settings) -> bool:
    """Tell whether a credential may be sent: nothing is wrong with it by what is known here, the host's clock included."""
    return not any([*_form(seen), *_owner(seen, settings)]) and not any(
        finding.code in {"usersig.expired", "usersig.not-yet-valid"} for finding in _time(seen, settings, None)
    )


def _form(seen: UsersigSeen) -> Iterator[Finding]:
    if seen.fault in {"truncated", "double-encoded"}:
        yield Finding(f"usersig.{seen.fault}", data={"detail": seen.detail})
    elif seen.fault:
        yield Finding("usersig.malformed", data={"detail": seen.detail, "kind": seen.fault})
    if seen.key_fault == "whitespace":
        yield Finding("usersig.key-whitespace")


def _owner(seen: UsersigSeen, settings: Settings) -> Iterator[Finding]:
    if seen.fault:
        return
    if settings.identifier is not None and seen.identifier != settings.identifier:
        yield Finding("usersig.identifier-mismatch", data={"theirs": seen.identifier, "ours": settings.identifier})
    if settings.sdkappid is not None and seen.sdkappid != settings.sdkappid:
        yield Finding("usersig.sdkappid-mismatch", data={"theirs": seen.sdkappid, "ours": settings.sdkappid})
    if seen.key_fault == "private-key-pem":
        yield _wrong_key(
            say(
                "the secret key is a private key in PEM form, as version 1 used it; "
                "version 2 takes the key from the console"
            )
        )
    elif seen.signature is False:
        yield _wrong_key(say("the usersig's signature does not fit the secret key at hand"))


def _wrong_key(reason: str) -> Finding:
    return Finding("usersig.wrong-key", data={"reason": reason}, because=(reason,))


def _time(seen: UsersigSeen, settings: Settings, clock: ClockSeen | None) -> Iterator[Finding]:
    """Judge validity over the whole interval in which the server's time lies; by the host's clock where that is unknown."""
    if seen.fault or seen.issued_at is None or seen.expires_at is None or seen.now is None:
        return
    known = bounds(clock) if clock is not None else None
    low, high = known or (0.0, 0.0)
    ruled_out = ("clock.skewed",) if known else ()
    left = seen.expires_at - seen.now
    if left <= low:
        yield Finding(
            "usersig.expired", data={"ago": duration(low - left)}, ruled_out=ruled_out, confidence=_sure(known)
        )
    elif left <= high:
        yield Finding("usersig.undecidable", data={"width": high - low})
    elif seen.issued_at > seen.now + high:
        ahead = duration(seen.issued_at - seen.now - high)
        yield Finding("usersig.not-yet-valid", data={"ahead": ahead}, ruled_out=ruled_out, confidence=_sure(known))
    elif not seen.made and left - low <= settings.options("usersig", UsersigOptions).expiring:
        yield Finding("usersig.expiring", data={"left": duration(left - low)})
    lifetime = seen.expires_at - seen.issued_at
    if not seen.made and not SHORTEST <= lifetime <= LONGEST:
        yield Finding("usersig.lifetime", data={"lifetime": duration(lifetime)})
    if seen.version == 1:
        yield Finding("usersig.legacy")


def _sure(known: tuple[float, float] | None) -> Confidence:
    return "certain" if known else "likely"


def _server(seen: UsersigSeen, probe: ProbeSeen | None, found: set[str]) -> Iterator[Finding]:
    """Turn the server's refusal into the finding that the table of error codes names, unless it stands already."""
    answer = api_answer(probe) if probe is not None else None
    if answer is None or answer.error_code == 0:
        return
    expired_here = seen.expires_at is not None and seen.now is not None and seen.expires_at <= seen.now
    code = errorcodes.finding_for(answer.error_code, expired_here=expired_here)
    if not code.startswith("usersig.") or code in found:
        return
    known = errorcodes.lookup(answer.error_code)
    said = say("the server answers {code}: {info}", code=answer.error_code, info=answer.error_info)
    data = {
        "error_code": answer.error_code,
        "error_info": answer.error_info,
        "meaning": known.meaning if known else say("The server does not accept this usersig."),
        "advice": joined(known.remedy) if known else say("Check the credential."),
        "reason": said,
        "theirs": say("another one, by the server's word"),
        "ours": seen.identifier if code == "usersig.identifier-mismatch" else seen.sdkappid,
        "ago": say("some time"),
    }
    later = () if probe is None or probe.standing is None else (say("not sent in this run: {why}", why=probe.withheld),)
    yield Finding(code, data=data, because=(said, *later), confidence="certain")


def _summary(seen: UsersigSeen) -> str:
    if seen.expires_at is None or seen.now is None:
        return ""
    if seen.made:
        return say("made from the secret key, for {identifier}", identifier=seen.identifier)
    valid = say(
        "version {version} for {identifier}, valid for {time}",
        version=seen.version,
        identifier=seen.identifier,
        time=duration(seen.expires_at - seen.now),
    )
    return valid if seen.signature is None else f"{valid}{say(', signed with our key')}"
