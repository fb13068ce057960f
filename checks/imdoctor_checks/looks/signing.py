"""Whether a call carries the credential: once a run, never one that is bad here or that the server has refused."""

import hashlib

import msgspec

from imdoctor import Context, Settings, say
from imdoctor.im import errorcodes, request
from imdoctor.memory import Remembered
from imdoctor_checks.observations import ProbeCall, UsersigSeen
from imdoctor_checks.words import duration

ANSWERED = "probe: the authenticated call's answer"
RATE_WAIT = 60.0
"""Seconds to wait after a rate limit."""
OF_THE_MOMENT = {errorcodes.USERSIG_EXPIRED, errorcodes.USERSIG_KICKED}
"""Refusals that hold for one usersig, not for the key from which the next one is made."""
OF_THE_SIGNATURE = {60004, 60005}
"""Refusals of account or signature that are no usersig's finding."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated call that got an envelope. ``asked`` is a hash of what was asked, with which credential."""

    asked: str
    call: ProbeCall


class First(msgspec.Struct, frozen=True, kw_only=True):
    """The first call of a run. Where it does not carry the credential at hand, ``withheld`` says why not.

    ``standing`` is an earlier authenticated call whose answer stands meanwhile, ``standing_at`` when it came (Unix seconds).
    """

    wire: request.Request
    withheld: str | None = None
    standing: ProbeCall | None = None
    standing_at: float | None = None

    @property
    def authenticated(self) -> bool:
        """Whether the call carries the credential."""
        return self.wire.method == "POST"


async def first_request(ctx: Context, every: float) -> First:
    """Return the first call: the authenticated one where the credential may be sent, else the anonymous one and why.

    Under `watch` the credential is sent every so many seconds.
    """
    settings, credential = ctx.settings, ctx.credential
    if credential.usersig is None:
        return First(wire=request.anonymous_root())
    if settings.sdkappid is None or settings.identifier is None:
        return _without(say("sdkappid and identifier are both needed to sign in"))
    seen = await ctx.seen("usersig", UsersigSeen)
    if seen is None:
        return _without(say("the usersig check did not run"))
    if not seen.sendable:
        return _without(say("the credential is bad by what is known here"))
    known = ctx.own.recall(ANSWERED, Answered)
    if known is not None and known.value.asked == _asked(ctx) and (why := _standing(ctx, known, every)):
        return First(wire=request.anonymous_root(), withheld=why, standing=known.value.call, standing_at=known.at)
    return First(wire=_signed(settings, credential.usersig.reveal()))


def _without(why: str) -> First:
    return First(wire=request.anonymous_root(), withheld=why)


def _signed(settings: Settings, usersig: str) -> request.Request:
    service, command = command_of(settings)
    identifier = settings.identifier or ""
    return request.api_request(
        service=service,
        command=command,
        sdkappid=settings.sdkappid or 0,
        identifier=identifier,
        usersig=usersig,
        body=settings.probe.body if settings.probe else request.account_check_body(identifier),
        random=request.draw_random(),
    )


def command_of(settings: Settings) -> tuple[str, str]:
    """Return the service and the command of the authenticated call."""
    probe = settings.probe
    return (probe.service, probe.command) if probe else ("im_open_login_svc", "account_check")


def remember(ctx: Context, first: ProbeCall) -> None:
    """Keep the answer to an authenticated call; a call without an envelope has no answer, and is made again."""
    if first.authenticated and first.envelope is not None:
        ctx.own.keep(ANSWERED, Answered(asked=_asked(ctx), call=first))


def _asked(ctx: Context) -> str:
    settings = ctx.settings
    parts = (settings.endpoint, settings.sdkappid, settings.identifier, *command_of(settings))
    text = "\n".join(map(str, (*parts, ctx.credential.fingerprint)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _standing(ctx: Context, known: Remembered[Answered], every: float) -> str | None:
    """Say why an earlier answer stands, so that the credential is not sent now; None where it is sent."""
    said = known.value.call.envelope
    if said is None:
        return None
    code, ago = said.error_code, duration(known.age)
    if code and _refused(code, made=ctx.credential.made):
        return say("the server refused it {ago} ago ({code}), and it has not changed since", ago=ago, code=code)
    entry = errorcodes.lookup(code)
    retry = "configuration" if entry is None else entry.retry
    if retry == "rate" and known.age < RATE_WAIT:
        return say("the server limited the rate {ago} ago ({code})", ago=ago, code=code)
    if ctx.kept is not None and retry != "transient" and known.age < every:
        return say("it was sent {ago} ago ({code}), and is every {time}", ago=ago, code=code, time=duration(every))
    return None


def _refused(code: int, *, made: bool) -> bool:
    """Tell whether an error code refuses the credential itself: sent again, it is refused again, and may lock the account (70050)."""
    if made and code in OF_THE_MOMENT:
        return False
    return code in OF_THE_SIGNATURE or errorcodes.finding_for(code, expired_here=False).startswith("usersig.")
