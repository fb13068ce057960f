"""What it costs that a resolver leaves elsewhere: connects to an address that it gives, and to one that the host's own prefix is given."""

import time
from collections.abc import Iterator, Sequence

import msgspec

from imdoctor import Context, Egress
from imdoctor.net.connect import connect
from imdoctor.net.lookup import ServerAnswers
from imdoctor_checks.looks import HOUR
from imdoctor_checks.looks.resolvers import subnet_resolvers
from imdoctor_checks.observations import EgressSeen, MirrorCost
from imdoctor_checks.options import may_ask_others
from imdoctor_checks.verdicts.egress import mismatched

PAIRS = 5
LIMIT, ONE = 2.0, 1.0
"""Seconds for all of it, and for one connect."""


async def mirror_costs(ctx: Context, egress: EgressSeen, servers: Sequence[ServerAnswers]) -> tuple[MirrorCost, ...]:
    """Measure it for each nameserver that leaves elsewhere and gives other addresses; those of one address once."""
    answer = egress.subnet
    if answer is None or answer.error:
        return ()
    found: dict[tuple[str, str], MirrorCost] = {}
    costs = []
    for one in mismatched(egress, servers):
        given = next(item.addresses for item in servers if item.server == one.server)
        pair = _pair(given, answer.addresses)
        if pair is None or set(given) & set(answer.addresses):
            continue
        if pair not in found:
            found[pair] = await _lately(ctx, one.server, *pair)
        costs.append(msgspec.structs.replace(found[pair], server=one.server))
    return tuple(costs)


async def _lately(ctx: Context, server: str, given: str, own: str) -> MirrorCost:
    """Measure it; where runs remember, once an hour: the connects are a load on the service."""
    name = f"cost {ctx.settings.endpoint} {server}"
    found = await ctx.memory.lately(name, MirrorCost, HOUR, lambda: _measure(ctx, server, given, own))
    return MirrorCost(server=server, given=given, own=own) if found is None else found.value


def _pair(given: tuple[str, ...], own: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the first two addresses of one family."""
    return next(((one, other) for one in given for other in own if (":" in one) is (":" in other)), None)


async def _measure(ctx: Context, server: str, given: str, own: str) -> MirrorCost:
    """Connect to both in turn, so that whatever else goes on meets both alike; to a silent one once only."""
    ends = time.monotonic() + ctx.left(LIMIT)
    times: dict[str, list[float | None]] = {given: [], own: []}
    while len(times[own]) < PAIRS and time.monotonic() < ends:
        for address in (given, own):
            seconds, silent = await _connect(ctx, address, max(min(ends - time.monotonic(), ONE), 0.01))
            times[address].append(seconds)
            ends = time.monotonic() if silent else ends
    return MirrorCost(
        server=server, given=given, own=own, given_seconds=tuple(times[given]), own_seconds=tuple(times[own])
    )


async def _connect(ctx: Context, address: str, limit: float) -> tuple[float | None, bool]:
    """Return the seconds of one connect (None: it failed, needed a second SYN, or this program was late), and whether it met silence."""
    started = ctx.lag.now()
    seen, sock = await connect(address, ctx.settings.endpoint.port, timeout=limit, dial=ctx.machine.dial)
    if sock is not None:
        sock.close()
    spoilt = seen.attempts > 1 or ctx.lag.late_since(started)
    return None if spoilt else seen.seconds, seen.error == "timeout"


def cost_plan(ctx: Context) -> Iterator[Egress]:
    """List the connects."""
    if may_ask_others(ctx) and subnet_resolvers(ctx):
        endpoint = ctx.settings.endpoint
        condition = "a resolver leaves elsewhere than this host, and its own prefix is given another address"
        why = "connects to both addresses in turn: what the wrong one costs"
        yield Egress(to=endpoint.host, port=endpoint.port, protocol="tcp", why=why, condition=condition)
