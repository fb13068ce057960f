"""Calls to the target: how its connection is opened, one call after another on it, and one that is kept from run to run."""

import asyncio
import time
from dataclasses import dataclass

from msgspec import structs

from imdoctor import Context
from imdoctor.im import request
from imdoctor.im.envelope import Envelope, parse
from imdoctor.net.call import Call, Connection, Reach, Wire, open_connection, open_through
from imdoctor.net.connect import REFUSALS
from imdoctor_checks.looks import RETRIES, SEGMENTS
from imdoctor_checks.looks.path import proxy_addresses
from imdoctor_checks.looks.sharing import Offer, shares, take_offer
from imdoctor_checks.observations import ProbeCall, SmallCall, SmallRequest

SHOWN = 200
"""Characters of the server's ErrorInfo that are kept."""
CUT = {"reset", "closed"}
"""Ends of a handshake that are tried once more before the probe gives up."""
KEPT = "probe"
"""The name of the connection among what is kept from run to run."""


async def open_patiently(ctx: Context) -> tuple[Reach, Connection | None, tuple[Reach, ...]]:
    """Open a connection to the target; where somebody refuses or cuts it off, try again. Return also what failed before.

    Where the checks share their connections, it is the one that the tls check has opened.
    """
    if shares(ctx) and (offer := await _offered(ctx)) is not None:
        reach = Reach(address=offer.connect.address, connects=(offer.connect,), handshake=offer.handshake)
        endpoint = ctx.settings.endpoint
        return reach, Connection(offer.stream, endpoint.host, endpoint.port), ()
    reach, connection = await open_way(ctx)
    earlier: tuple[Reach, ...] = ()
    while connection is None and _worth_another(reach) and len(earlier) < RETRIES:
        earlier += (reach,)
        reach, connection = await open_way(ctx)
    return reach, connection, earlier


async def _offered(ctx: Context) -> Offer | None:
    addresses = await ctx.addresses()
    return await take_offer(ctx, addresses[0]) if addresses else None


async def open_way(ctx: Context, *, verify: bool = True) -> tuple[Reach, Connection | None]:
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


async def make_call(
    ctx: Context, connection: Connection, wire: Wire, *, kind: str, authenticated: bool = False
) -> ProbeCall:
    """Make one call, and read the envelope in its answer."""
    limit = ctx.left(ctx.settings.timeout)
    call, body = await connection.call(wire, kind=kind, timeout=limit, wall=ctx.machine.wall, lag=ctx.lag)
    said = parse(body) if call.error is None else None
    if isinstance(said, Envelope):
        # A healthy body may hold business figures: the envelope alone is kept.
        short = structs.replace(said, error_info=said.error_info[:SHOWN])
        return ProbeCall(call=structs.replace(call, body=None), authenticated=authenticated, envelope=short)
    return ProbeCall(call=call, authenticated=authenticated, fault=said)


class Calls:
    """Calls on a kept connection, opened anew where it was not kept."""

    def __init__(self, ctx: Context, connection: Connection) -> None:
        self._ctx = ctx
        self._connection: Connection | None = connection
        self.reopened = 0

    async def first(self, wire: request.Request, *, authenticated: bool) -> ProbeCall:
        """Make the first call on the new connection."""
        if self._connection is None:
            raise TypeError("the first call is made before anything can have closed the connection")
        return await make_call(self._ctx, self._connection, wire, kind="cold", authenticated=authenticated)

    async def make(self, wire: request.Request) -> ProbeCall | None:
        """Make one more call, anonymously; None when no connection can be opened any more."""
        kind = "warm"
        if not self.usable:
            self.close()
            kind = "cold"
            self.reopened += 1
            _, self._connection = await open_way(self._ctx)
        if self._connection is None:
            return None
        return await make_call(self._ctx, self._connection, wire, kind=kind)

    @property
    def usable(self) -> bool:
        """Whether the connection may carry another call."""
        return self._connection is not None and self._connection.usable

    def leave(self) -> None:
        """Leave the connection to the next run under `watch`, where it may carry another call."""
        if self._ctx.kept is not None and self._connection is not None and self.usable:
            self._ctx.kept[KEPT] = Left(self._connection, time.monotonic())
            self._connection = None

    def close(self) -> None:
        """Close the connection at hand."""
        if self._connection is not None:
            self._connection.close()


@dataclass(frozen=True)
class Left:
    """A connection that a run left open, and when (monotonic seconds)."""

    connection: Connection
    since: float

    def close(self) -> None:
        """Close it."""
        self.connection.close()


def left_open(ctx: Context) -> Left | None:
    """Take the connection that the last run left; None without one, or when the other side has ended it."""
    left: Left | None = None if ctx.kept is None else ctx.kept.pop(KEPT, None)
    if left is None or left.connection.usable:
        return left
    left.close()
    return None


async def after_rest(ctx: Context, left: Left) -> tuple[float, ProbeCall]:
    """Call on the connection that the last run left, and say how long it rested."""
    try:
        rest = time.monotonic() - left.since
        return rest, await make_call(ctx, left.connection, request.anonymous_root(), kind="warm")
    finally:
        left.close()


async def small_request(ctx: Context, lost: Call, address: str | None) -> SmallRequest | None:
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
        return (await make_call(ctx, connection, wire, kind="cold")).call.error
    finally:
        connection.close()
