"""Does a timed call get an answer from the IM gateway, and what does it say? Steps 3 and 5 of the list."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar

import msgspec
from msgspec import structs

from imdoctor import Context, Egress, Judged, Measurement, Observation, Seconds, Settings, Spec, Summary
from imdoctor.im import request
from imdoctor.im.envelope import Envelope, parse
from imdoctor.net.call import Call, Connection, Reach, Wire, open_connection, open_through
from imdoctor.net.connect import REFUSALS
from imdoctor.net.ledger import PHASES, Ledger
from imdoctor_checks.looks import RETRIES, SEGMENTS
from imdoctor_checks.looks.path import proxy_addresses
from imdoctor_checks.observations import ProbeCall, ProbeSeen, SmallCall, SmallRequest, UsersigSeen
from imdoctor_checks.specs.probe import FINDINGS
from imdoctor_checks.verdicts.probe import judge_calls

NO_ENVELOPE = {"not-json", "not-envelope"}
SHOWN = 200
"""Characters of the server's ErrorInfo that are kept."""
CUT = {"reset", "closed"}
"""Ends of a handshake that are tried once more before the probe gives up."""


class ProbeOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`slow`: from sending to the first byte. `idle`: a rest before a last warm call. `every`: of the authenticated call under `watch`."""

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

    async def observe(self, ctx: Context) -> ProbeSeen:
        """Make one cold call, authenticated if it may be, then warm anonymous ones on the kept connection."""
        reach, connection = await _open(ctx)
        earlier: tuple[Reach, ...] = ()
        while connection is None and _worth_another(reach) and len(earlier) < RETRIES:
            earlier += (reach,)
            reach, connection = await _open(ctx)
        if connection is None:
            return await _unreached(ctx, reach)
        wire, withheld = await _first_request(ctx)
        resolve = (
            (await ctx.system()).seconds
            if reach.tunnel is None and reach.address != ctx.settings.endpoint.host
            else None
        )
        seen = ProbeSeen(reach=reach, earlier=earlier, resolve=resolve, withheld=withheld)
        try:
            first = await _call(ctx, connection, wire, kind="cold", authenticated=wire.method == "POST")
            seen = structs.replace(seen, first=_with_opening(first, reach, resolve))
            return await _after_first(ctx, seen, connection)
        finally:
            connection.close()

    def judge(self, seen: ProbeSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge the first call's answer, then how the calls went."""
        del others
        yield from judge_calls(seen, settings, settings.options("probe", ProbeOptions).slow)
        yield from _measurements(seen)
        yield Summary(_summary(seen))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the calls, and which of them carries the credential."""
        host, port = ctx.settings.endpoint.host, ctx.settings.endpoint.port
        if ctx.credential.usersig is not None and ctx.settings.identifier and ctx.settings.sdkappid:
            service, command = _command(ctx.settings)
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
            why=f"GET / without any credential, up to {warm + 1} times",
        )
        yield Egress(
            to=host,
            port=port,
            protocol="https",
            through=ctx.through,
            why="POST /v4/… without an SDKAppID",
            condition="GET / gives no envelope",
        )
        why = "GET / without any credential, as long as the call, twice"
        yield Egress(
            to=host,
            port=port,
            protocol="https",
            through=ctx.through,
            why=why,
            condition="the call is never acknowledged",
        )


def _command(settings: Settings) -> tuple[str, str]:
    probe = settings.probe
    return (probe.service, probe.command) if probe else ("im_open_login_svc", "account_check")


async def _open(ctx: Context, *, verify: bool = True) -> tuple[Reach, Connection | None]:
    """Open a connection to the target, directly or through its proxy."""
    endpoint, limit, context = ctx.settings.endpoint, ctx.left(ctx.settings.timeout), await ctx.tls(verify=verify)
    if ctx.proxy is not None:
        addresses = await proxy_addresses(ctx, ctx.proxy)
        return await open_through(
            ctx.proxy,
            addresses=addresses,
            host=endpoint.host,
            port=endpoint.port,
            context=context,
            timeout=limit,
            dial=ctx.machine.dial,
        )
    addresses = await ctx.addresses()
    return await open_connection(
        addresses, host=endpoint.host, port=endpoint.port, context=context, timeout=limit, dial=ctx.machine.dial
    )


def _worth_another(reach: Reach) -> bool:
    """Tell whether another try may fare better: a handshake was cut off, or a connection refused; silence has had its time."""
    if reach.handshake is not None:
        return reach.handshake.error in CUT
    return reach.tunnel is None and any(one.error in REFUSALS for one in reach.connects)


async def _unreached(ctx: Context, reach: Reach) -> ProbeSeen:
    """Say who stands in the way; over a connection that did not verify only the anonymous GET is sent, for its Date."""
    unverified = None
    if reach.handshake is not None and reach.handshake.error == "verify":
        _, connection = await _open(ctx, verify=False)
        if connection is not None:
            unverified = await _call(ctx, connection, request.anonymous_root(), kind="cold")
            connection.close()
    if reach.handshake is not None:
        blocker = "tls"
    elif ctx.proxy is not None:
        blocker = "proxy"
    else:
        blocker = "tcp" if reach.connects else "dns"
    return ProbeSeen(blocked_by=blocker, reach=reach, unverified=unverified)


async def _first_request(ctx: Context) -> tuple[request.Request, str | None]:
    """Return the first call: the authenticated one where the credential may be sent, else the anonymous one and why."""
    settings, credential = ctx.settings, ctx.credential
    if credential.usersig is None:
        return request.anonymous_root(), None
    if settings.sdkappid is None or settings.identifier is None:
        return request.anonymous_root(), "sdkappid and identifier are both needed to sign in"
    seen = await ctx.seen("usersig", UsersigSeen)
    if seen is None:
        return request.anonymous_root(), "the usersig check did not run"
    if not seen.sendable:
        return request.anonymous_root(), "the credential is bad by what is known here"
    service, command = _command(settings)
    body = settings.probe.body if settings.probe else request.account_check_body(settings.identifier)
    wire = request.api_request(
        service=service,
        command=command,
        sdkappid=settings.sdkappid,
        identifier=settings.identifier,
        usersig=credential.usersig.reveal(),
        body=body,
        random=request.draw_random(),
    )
    return wire, None


async def _call(
    ctx: Context, connection: Connection, wire: Wire, *, kind: str, authenticated: bool = False
) -> ProbeCall:
    limit = ctx.left(ctx.settings.timeout)
    call, body = await connection.call(wire, kind=kind, timeout=limit, wall=ctx.machine.wall, lag=ctx.lag)
    said = parse(body) if call.error is None else None
    if isinstance(said, Envelope):
        # A healthy body may hold business figures: the envelope alone is kept.
        short = structs.replace(said, error_info=said.error_info[:SHOWN])
        return ProbeCall(call=structs.replace(call, body=None), authenticated=authenticated, envelope=short)
    return ProbeCall(call=call, authenticated=authenticated, fault=said)


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


async def _after_first(ctx: Context, seen: ProbeSeen, connection: Connection) -> ProbeSeen:
    """Take the looks that the first answer asks for, then the warm calls."""
    first, options = seen.first, ctx.settings.options("probe", ProbeOptions)
    if first is None:
        return seen
    calls = Calls(ctx, connection)
    try:
        if not first.authenticated and first.fault is not None and first.fault.kind in NO_ENVELOPE:
            seen = structs.replace(seen, fallback=await calls.make(request.anonymous_api()))
        if first.call.error is not None or (first.call.ledger.wait or 0.0) > options.slow:
            seen = structs.replace(seen, second=await calls.make(request.anonymous_root()))
            seen = structs.replace(seen, small=await _small_request(ctx, first.call, seen.reach.address))
            if seen.second is None or seen.second.call.error is not None or seen.small is not None:
                return seen
        calls.reopened = 0
        warm = [await calls.make(request.anonymous_root()) for _ in range(options.warm_calls)]
        seen = structs.replace(seen, warm=tuple(call for call in warm if call is not None), reopened=calls.reopened)
        if options.idle and not calls.reopened:
            await asyncio.sleep(ctx.left(options.idle))
            seen = structs.replace(seen, rest=options.idle, idle=await calls.make(request.anonymous_root()))
        return seen
    finally:
        calls.close()


async def _small_request(ctx: Context, lost: Call, address: str | None) -> SmallRequest | None:
    """For a request that was never acknowledged: one as long, without a credential, in full-size segments and in small ones."""
    stuck = lost.error == "timeout" and lost.info is not None and bool(lost.info.unacknowledged)
    if not stuck or lost.request_bytes is None or address is None:
        return None
    wire = request.anonymous_root(padding=lost.request_bytes)
    full, *small = await asyncio.gather(*(_padded(ctx, wire, address, size) for size in (None, *SEGMENTS)))
    calls = tuple(SmallCall(segment=size, error=error) for size, error in zip(SEGMENTS, small, strict=True))
    return SmallRequest(length=lost.request_bytes, full=full, small=calls)


async def _padded(ctx: Context, wire: request.Request, address: str, max_segment: int | None) -> str | None:
    """Make one call over a connection of its own; return how it failed."""
    endpoint, limit = ctx.settings.endpoint, ctx.left(ctx.settings.timeout)
    reach, connection = await open_connection(
        (address,),
        host=endpoint.host,
        port=endpoint.port,
        context=await ctx.tls(),
        timeout=limit,
        dial=ctx.machine.dial,
        max_segment=max_segment,
    )
    if connection is None:
        return reach.handshake.error if reach.handshake else "connect"
    try:
        return (await _call(ctx, connection, wire, kind="cold")).call.error
    finally:
        connection.close()


class Calls:
    """Anonymous calls on a kept connection, opened anew where it was not kept."""

    def __init__(self, ctx: Context, connection: Connection) -> None:
        self._ctx = ctx
        self._connection: Connection | None = connection
        self.reopened = 0

    async def make(self, wire: request.Request) -> ProbeCall | None:
        """Make one call; None when no connection can be opened any more."""
        kind = "warm"
        if self._connection is None or not self._connection.usable:
            self.close()
            kind = "cold"
            self.reopened += 1
            _, self._connection = await _open(self._ctx)
        if self._connection is None:
            return None
        return await _call(self._ctx, self._connection, wire, kind=kind)

    def close(self) -> None:
        """Close the connection at hand."""
        if self._connection is not None:
            self._connection.close()


def _measurements(seen: ProbeSeen) -> Iterator[Measurement]:
    for call in (seen.first, *seen.warm):
        if call is not None:
            labels = {"call": call.call.kind}
            for phase in (*PHASES, "total"):
                yield Measurement(phase, getattr(call.call.ledger, phase), "seconds", labels)


def _total(ledger: Ledger) -> str:
    return "?" if ledger.total is None else f"{ledger.total * 1000:.1f} ms"


def _summary(seen: ProbeSeen) -> str:
    answer = seen.first and (seen.first.envelope or (seen.fallback.envelope if seen.fallback else None))
    if seen.first is None or not answer:
        return ""
    said = f"{answer.error_code} to {_told(seen)}"
    warm = [call.call.ledger for call in seen.warm if call.call.kind == "warm" and call.call.ledger.total is not None]
    best = f", warm {_total(min(warm, key=lambda ledger: ledger.total or 0.0))}" if warm else ""
    held = f"; the credential was not sent: {seen.withheld}" if seen.withheld else ""
    return f"{said}: cold {_total(seen.first.call.ledger)}{best}{held}"


def _told(seen: ProbeSeen) -> str:
    if seen.first is not None and seen.first.authenticated:
        return seen.first.call.request.partition("?")[0].rpartition("/")[2]
    return "an anonymous GET, as expected"
