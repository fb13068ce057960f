"""The judgement of calls: how they went, what the answer is, and what the service says in it."""

import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from imdoctor import Finding, Settings, joined, say
from imdoctor.im import errorcodes
from imdoctor.im.sites import backup_of, site_of_domain, site_of_sdkappid
from imdoctor.model import Confidence
from imdoctor.net.call import BODY_MAX, Call
from imdoctor.net.http import OK, REDIRECT, class_of
from imdoctor_checks.observations import ProbeCall, ProbeSeen, api_answer

BACKEND_TIMEOUT = 3.0
"""Seconds of the backend's own timeout."""
NEARLY = 2.5
"""Seconds from which on a 60008 came late enough to be that timeout."""
LOGIN_WANTED = 511
"""Network Authentication Required (RFC 6585 §6)."""
SILENT_ENDS = {"timeout", "reset"}
"""How a call on a connection ends that somebody on the way has forgotten; an end of stream is the server's own word."""
ENDS = {
    "timeout": "probe.timeout",
    "reset": "probe.closed",
    "closed": "probe.closed",
    "truncated": "probe.truncated",
    "too-large": "probe.too-large",
    "bad-http": "probe.not-im",
}


def judge_calls(seen: ProbeSeen, settings: Settings, slow: float) -> Iterator[Finding]:
    """Judge the first call, and how the others compare with it. What was not reached is the blocker's to judge."""
    if seen.unverified is not None:
        yield from _portal(seen.unverified.call, settings)
    if seen.first is None:
        return
    found = [*_answer(seen, seen.first, settings)]
    yield from found
    if not any(finding.code in {"probe.backend-timeout", "probe.timeout"} for finding in found):
        yield from _slow(seen, slow)
    yield from _course(seen, settings)
    if not any(finding.code == "probe.site-mismatch" for finding in found):
        yield from _site_by_range(seen, settings)


def _portal(call: Call, settings: Settings) -> Iterator[Finding]:
    """Recognise a portal by its own words: a redirect to another host, or the status that asks for a login."""
    location = call.headers.get("location", "")
    elsewhere = (urllib.parse.urlsplit(location).hostname or settings.endpoint.host) != settings.endpoint.host
    redirected = class_of(call.status) == REDIRECT and elsewhere
    if redirected or call.status == LOGIN_WANTED:
        because = (
            say(
                "over a connection that did not verify: HTTP {status}, Location: {location}",
                status=call.status,
                location=location or say("none"),
            ),
        )
        yield Finding(
            "probe.captive-portal",
            data={"location": location or say("its login page"), "status": call.status},
            because=because,
        )


def _answer(seen: ProbeSeen, first: ProbeCall, settings: Settings) -> Iterator[Finding]:
    """Judge the first call: did it end well, with which status, is it an envelope, what does that say."""
    call = first.call
    data = _facts(call, settings)
    if call.error is not None:
        yield from _ended(seen, first, data)
    elif class_of(call.status) == REDIRECT:
        yield Finding("probe.redirected", data=data)
    elif call.status == LOGIN_WANTED:
        yield Finding(
            "probe.captive-portal",
            data={**data, "location": data["location"] or say("its login page")},
            confidence="certain",
        )
    elif call.status != OK:
        code = first.envelope.error_code if first.envelope else None
        yield Finding("probe.http-status", data={**data, "error_code": code})
    elif first.fault is not None:
        yield from _no_envelope(seen, first, data)
    elif (answered := first if first.authenticated else seen.standing) is not None:
        yield from _refused(answered, settings, seen.withheld)


def _facts(call: Call, settings: Settings) -> dict[str, Any]:
    by = call.headers.get("via") or call.headers.get("server")
    return {
        "request": call.request.partition("?")[0],
        "status": call.status,
        "by": say(", by {server}", server=by) if by else "",
        "location": call.headers.get("location"),
        "detail": call.detail or call.error,
        "timeout": settings.timeout,
        "limit": BODY_MAX,
        "backup": backup_of(settings.endpoint.host) or say("if there is one"),
    }


def _ended(seen: ProbeSeen, first: ProbeCall, data: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge a call that did not end well; a second look that did end well makes it a failure that comes and goes."""
    error, second = first.call.error or "", seen.second
    recovered = second is not None and second.call.error is None
    met = say("{error} ({detail})", error=error, detail=first.call.detail) if first.call.detail else error
    told = say("{who}: {told}", who=data["request"], told=met)
    again = () if second is None else (_anonymously(second.call.error or say("answered")),)
    if recovered and not first.authenticated:
        yield Finding("probe.intermittent", data={"failed": 1, "total": 2, "errors": [error]}, because=(told, *again))
        return
    confidence: Confidence = "certain" if second is not None else "likely"
    yield Finding(ENDS[error], data=dict(data), because=(told, *again), confidence=confidence)


def _anonymously(outcome: str) -> str:
    return say("once more, anonymously: {outcome}", outcome=outcome)


def _no_envelope(seen: ProbeSeen, first: ProbeCall, data: dict[str, Any]) -> Iterator[Finding]:
    """Judge an answer without a proper envelope; the POST without an SDKAppID is the second witness."""
    fault, fallback = first.fault, seen.fallback
    if fault is None or (fallback is not None and fallback.envelope is not None):
        return
    detail = fault.detail
    because = [say("{who}: {told}", who=data["request"], told=fault.detail)]
    if fallback is not None:
        told = fallback.fault.detail if fallback.fault else fallback.call.error
        because.append(say("POST to the API: {told}", told=told))
    bad = fault.kind == "bad-fields" or (
        fallback is not None and fallback.fault is not None and fallback.fault.kind == "bad-fields"
    )
    yield Finding(
        "probe.bad-envelope" if bad else "probe.not-im", data={**data, "detail": detail}, because=tuple(because)
    )


def _refused(answered: ProbeCall, settings: Settings, withheld: str | None) -> Iterator[Finding]:
    """Turn the service's own word into a finding by the table of error codes; the usersig's codes are its own check's.

    The word may be an earlier run's, which stands while the credential is withheld.
    """
    answer = answered.envelope
    if answer is None or answer.error_code == 0:
        return
    code = errorcodes.finding_for(answer.error_code, expired_here=False)
    if not code.startswith("probe."):
        return
    known = errorcodes.lookup(answer.error_code)
    wait = answered.call.ledger.wait or 0.0
    family = errorcodes.family(answer.error_code)
    said = say("the gateway answers {code} ({info})", code=answer.error_code, info=answer.error_info)
    data = {
        "error_code": answer.error_code,
        "error_info": answer.error_info,
        "meaning": known.meaning
        if known
        else say("a code of the family {family} that is not in the table", family=family),
        "advice": _advice(code, known, settings),
        "wait": wait,
        "said": said,
    }
    early = code == "probe.backend-timeout" and wait < NEARLY
    doubt = say(
        "not settled: well under 3 s the code may also mean a format error; "
        "check the request against the command's document"
    )
    later = () if withheld is None else (say("not sent in this run: {why}", why=withheld),)
    because = (say("{said} after {wait:.2f} s", said=said, wait=wait), *later, *((doubt,) if early else ()))
    yield Finding(code, data=data, because=because, confidence="possible" if early else "certain")


def _advice(code: str, known: errorcodes.ErrorCode | None, settings: Settings) -> str:
    if code == "probe.site-mismatch" and settings.sdkappid is not None:
        site = site_of_sdkappid(settings.sdkappid)
        if site is site_of_domain(settings.endpoint.host):
            return say(
                "the console shows its data centre. By its number it looks like one of {site}, whose domain this is.",
                site=site.name,
            )
        return say(
            "by its number SDKAppID {sdkappid} looks like one of {site} ({domain}).",
            sdkappid=settings.sdkappid,
            site=site.name,
            domain=site.primary,
        )
    if known is None:
        return say("Look the code up in the service's documents, or ask its support.")
    return joined(known.remedy)


def _slow(seen: ProbeSeen, slow: float) -> Iterator[Finding]:
    waits = [
        call.call.ledger.wait for call in (seen.first, seen.second) if call is not None and call.call.error is None
    ]
    known = [wait for wait in waits if wait is not None]
    if len(known) > 1 and min(known) > slow:
        yield Finding("probe.slow", data={"seconds": min(known), "limit": slow})


def _course(seen: ProbeSeen, settings: Settings) -> Iterator[Finding]:
    """Judge how the warm calls went on the kept connection."""
    del settings
    failed = [call.call.error for call in seen.warm if call.call.error is not None]
    if failed:
        data = {"failed": len(failed), "total": len(seen.warm) + 1, "errors": sorted(set(failed))}
        yield Finding("probe.intermittent", data=data)
    elif seen.warm and seen.reopened >= len(seen.warm):
        closers = {call.call.headers.get("connection") for call in seen.calls}
        yield Finding(
            "probe.no-keepalive",
            data={"calls": len(seen.warm)},
            because=(say("Connection headers: {values}", values=_listed(closers)),),
        )
    if (
        seen.idle is not None
        and seen.idle.call.error in SILENT_ENDS
        and seen.first is not None
        and seen.first.call.error is None
    ):
        data = {"idle": seen.rest, "error": seen.idle.call.error}
        yield Finding("probe.idle-drop", data=data)


def _listed(values: set[str | None]) -> str:
    return ", ".join(sorted(value or say("none") for value in values))


def _site_by_range(seen: ProbeSeen, settings: Settings) -> Iterator[Finding]:
    """Warn where the SDKAppID's number looks like another site's, unless the service has answered for it."""
    answer, site = api_answer(seen), site_of_domain(settings.endpoint.host)
    if settings.sdkappid is None or site is None or (answer is not None and answer.error_code == 0):
        return
    likely = site_of_sdkappid(settings.sdkappid)
    if likely.name != site.name:
        said = say(
            "SDKAppID {sdkappid} looks like one of {likely}, the domain is that of {site}",
            sdkappid=settings.sdkappid,
            likely=likely.name,
            site=site.name,
        )
        data = {"said": said, "advice": likely.primary}
        doubt = say("not settled: the ranges stand in no document; a call with a valid credential settles it")
        yield Finding("probe.site-mismatch", data=data, severity="warn", because=(said, doubt), confidence="possible")
