"""Does a timed call get an answer from the IM gateway, and what does it say? Steps 3 and 5 of the list."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar

import msgspec
from msgspec import structs

from imdoctor import Context, Egress, Fact, Judged, Measurement, Observation, Seconds, Settings, Spec, Summary, say
from imdoctor.im import request
from imdoctor.net.call import Reach
from imdoctor.net.ledger import PHASES, Ledger
from imdoctor_checks.looks.calls import Calls, after_rest, left_open, make_call, open_patiently, open_way, small_request
from imdoctor_checks.looks.sharing import note_well
from imdoctor_checks.looks.signing import command_of, first_request, remember
from imdoctor_checks.observations import ProbeCall, ProbeSeen
from imdoctor_checks.specs.probe import FINDINGS
from imdoctor_checks.verdicts.probe import judge_calls

NO_ENVELOPE = {"not-json", "not-envelope"}


class ProbeOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calls that are timed.

    slow: from sending to the first byte; more than that is a warning.
    warm_calls: how many more calls are made on the kept connection. 0: none, and under `watch` none on what the last round left open.
    idle: a rest before a last call on it, to see whether a box on the way forgets connections. 0s: none.
    every: from one authenticated call to the next under `watch`; the Trial Edition has a daily cap.
    """

    slow: Seconds = 1.0
    warm_calls: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    idle: Seconds = 0.0
    every: Seconds = 600.0


class Probe:
    """The `probe` check."""

    name: ClassVar[str] = "probe"
    title: ClassVar[str] = "Does a timed call get an answer from the IM gateway, and what does it say?"
    step: ClassVar[int | None] = 3
    options: ClassVar[type[msgspec.Struct]] = ProbeOptions
    findings: ClassVar[Mapping[str, Spec]] = FINDINGS

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact("answer", "first.envelope", "ErrorCode {error_code}"),
        Fact("answer", "first.call", "HTTP {status}"),
        Fact("answer", "first.call.error"),
    )

    async def observe(self, ctx: Context) -> ProbeSeen:
        """Make one cold call, authenticated if it may be, then warm anonymous ones; beside them one on what the last run left open."""
        if (left := left_open(ctx)) is None:
            return await _look(ctx)
        seen, (rest, idle) = await asyncio.gather(_look(ctx), after_rest(ctx, left))
        return structs.replace(seen, rest=rest, idle=idle)

    def judge(self, seen: ProbeSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge the first call's answer, then how the calls went."""
        del others
        slow = settings.options("probe", ProbeOptions).slow
        yield from judge_calls(seen, settings, slow)
        yield from _measurements(seen, slow)
        yield Summary(_summary(seen))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the calls, and which of them carries the credential."""
        host, port = ctx.settings.endpoint.host, ctx.settings.endpoint.port
        if ctx.credential.usersig is not None and ctx.settings.identifier and ctx.settings.sdkappid:
            service, command = command_of(ctx.settings)
            yield Egress(
                to=host,
                port=port,
                protocol="https",
                through=ctx.through,
                why=f"POST /v4/{service}/{command}, once",
                secret="usersig",  # noqa: S106 - the kind of secret, for people to read
            )
        warm = ctx.settings.options("probe", ProbeOptions).warm_calls
        yield Egress(
            to=host,
            port=port,
            protocol="https",
            through=ctx.through,
            why=say("GET / without any credential, up to {warm} times", warm=warm + 1),
        )
        yield Egress(
            to=host,
            port=port,
            protocol="https",
            through=ctx.through,
            why=say("POST /v4/… without an SDKAppID"),
            condition=say("GET / gives no envelope"),
        )
        why = say("GET / without any credential, as long as the call, twice")
        yield Egress(
            to=host,
            port=port,
            protocol="https",
            through=ctx.through,
            why=why,
            condition=say("the call is never acknowledged"),
        )


async def _look(ctx: Context) -> ProbeSeen:
    """Open a connection and make the calls."""
    reach, connection, earlier = await open_patiently(ctx)
    note_well(ctx, well=False)  # until all has gone well
    if connection is None:
        return await _unreached(ctx, reach)
    calls, seen = Calls(ctx, connection), ProbeSeen(reach=reach, earlier=earlier)
    try:
        seen = await _first(ctx, seen, calls)
        seen = await _after_first(ctx, seen, calls)
        note_well(ctx, well=calls.usable)
        if ctx.settings.options("probe", ProbeOptions).warm_calls:
            calls.leave()
        return seen
    finally:
        calls.close()


async def _first(ctx: Context, seen: ProbeSeen, calls: Calls) -> ProbeSeen:
    """Make the first call, and remember what the service said to the credential."""
    asked = await first_request(ctx, ctx.settings.options("probe", ProbeOptions).every)
    named = seen.reach.tunnel is None and seen.reach.address != ctx.settings.endpoint.host
    resolve = (await ctx.system()).seconds if named else None
    first = await calls.first(asked.wire, authenticated=asked.authenticated)
    remember(ctx, first)
    return structs.replace(
        seen,
        resolve=resolve,
        withheld=asked.withheld,
        standing=asked.standing,
        standing_at=asked.standing_at,
        first=_with_opening(first, seen.reach, resolve),
    )


async def _unreached(ctx: Context, reach: Reach) -> ProbeSeen:
    """Say who stands in the way; over a connection that did not verify only the anonymous GET is sent, for its Date."""
    unverified = None
    if reach.handshake is not None and reach.handshake.error == "verify":
        _, connection = await open_way(ctx, verify=False)
        if connection is not None:
            unverified = await make_call(ctx, connection, request.anonymous_root(), kind="cold")
            connection.close()
    if reach.handshake is not None:
        blocker = "tls"
    elif ctx.proxy is not None:
        blocker = "proxy"
    else:
        blocker = "tcp" if reach.connects else "dns"
    return ProbeSeen(blocked_by=blocker, reach=reach, unverified=unverified)


def _with_opening(first: ProbeCall, reach: Reach, resolve: float | None) -> ProbeCall:
    """Add the phases of the connection to the first call's ledger."""
    old = first.call.ledger
    connect = next((one.seconds for one in reach.connects if one.address == reach.address), None)
    if reach.tunnel is not None:
        parts = (reach.tunnel.connect.seconds if reach.tunnel.connect else None, reach.tunnel.seconds)
        connect = sum(part for part in parts if part is not None)
    shake = reach.handshake.seconds if reach.handshake else None
    added = sum(part for part in (resolve, connect, shake) if part is not None)
    late = old.late or bool(reach.handshake and reach.handshake.late)
    total = None if old.total is None else old.total + added
    ledger = structs.replace(old, resolve=resolve, connect=connect, handshake=shake, total=total, late=late)
    return structs.replace(first, call=structs.replace(first.call, ledger=ledger))


async def _after_first(ctx: Context, seen: ProbeSeen, calls: Calls) -> ProbeSeen:
    """Take the looks that the first answer asks for, then the warm calls."""
    first, options = seen.first, ctx.settings.options("probe", ProbeOptions)
    if first is None:
        return seen
    if not first.authenticated and first.fault is not None and first.fault.kind in NO_ENVELOPE:
        seen = structs.replace(seen, fallback=await calls.make(request.anonymous_api()))
    if first.call.error is not None or (first.call.ledger.wait or 0.0) > options.slow:
        seen = structs.replace(seen, second=await calls.make(request.anonymous_root()))
        seen = structs.replace(seen, small=await small_request(ctx, first.call, seen.reach.address))
        if seen.second is None or seen.second.call.error is not None or seen.small is not None:
            return seen
    calls.reopened = 0
    warm = [await calls.make(request.anonymous_root()) for _ in range(options.warm_calls)]
    seen = structs.replace(seen, warm=tuple(call for call in warm if call is not None), reopened=calls.reopened)
    if options.idle and not calls.reopened and ctx.kept is None:  # under `watch` a connection rests from run to run
        await asyncio.sleep(ctx.left(options.idle))
        seen = structs.replace(seen, rest=options.idle, idle=await calls.make(request.anonymous_root()))
    return seen


def _measurements(seen: ProbeSeen, slow: float) -> Iterator[Measurement]:
    for call in (seen.first, *seen.warm):
        if call is not None:
            labels = {"call": call.call.kind}
            for phase in (*PHASES, "total"):
                limit = (0.0, slow) if phase == "wait" else msgspec.UNSET
                yield Measurement(phase, getattr(call.call.ledger, phase), "seconds", labels, warn=limit)


def _total(ledger: Ledger) -> str:
    return "?" if ledger.total is None else f"{ledger.total * 1000:.1f} ms"


def _summary(seen: ProbeSeen) -> str:
    answer = seen.first and (seen.first.envelope or (seen.fallback.envelope if seen.fallback else None))
    if seen.first is None or not answer:
        return ""
    said = say("{code} to {request}", code=answer.error_code, request=_told(seen))
    warm = [call.call.ledger for call in seen.warm if call.call.kind == "warm" and call.call.ledger.total is not None]
    best = say(", warm {time}", time=_total(min(warm, key=lambda ledger: ledger.total or 0.0))) if warm else ""
    held = say("; the credential was not sent: {why}", why=seen.withheld) if seen.withheld else ""
    cold = say("{said}: cold {time}", said=said, time=_total(seen.first.call.ledger))
    return f"{cold}{best}{held}"


def _told(seen: ProbeSeen) -> str:
    if seen.first is not None and seen.first.authenticated:
        return seen.first.call.request.partition("?")[0].rpartition("/")[2]
    return say("an anonymous GET, as expected")
