"""What it costs that a resolver leaves elsewhere: connects to an address that it gives, and to one that the host's own prefix is given."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from imdoctor import Context, Egress, say
from imdoctor.net.connect import connect
from imdoctor.net.lookup import ServerAnswers
from imdoctor_checks.looks import HOUR
from imdoctor_checks.looks.gateway import look
from imdoctor_checks.looks.resolvers import subnet_resolvers
from imdoctor_checks.looks.thirdparties import third_parties_end, time_for_looks
from imdoctor_checks.observations import EgressSeen, MirrorCost
from imdoctor_checks.options import may_ask_others
from imdoctor_checks.verdicts.dns import bogus
from imdoctor_checks.verdicts.egress import mismatched

PAIRS, MOST = 5, 10
LIMIT = 1.0
"""Seconds for one connect."""
STAGGER = 0.05
"""Seconds after which the next pair begins beside one whose address is slow."""
LEAST = 0.01
"""Seconds that are worth beginning a connect for."""
Pair = tuple[str, str]
"""An address that is given, and one that the host's own prefix is given."""


async def mirror_costs(ctx: Context, egress: EgressSeen, servers: Sequence[ServerAnswers]) -> tuple[MirrorCost, ...]:
    """Measure it for each nameserver that leaves elsewhere and gives other addresses; those of one address once a run."""
    pairs = mirror_pairs(egress, servers)
    asked = {pair: server for server, pair in pairs.items()}
    measured = await asyncio.gather(*(_once(ctx, server, pair) for pair, server in asked.items()))
    found = dict(zip(asked, measured, strict=True))
    return tuple(msgspec.structs.replace(found[pair], server=server) for server, pair in pairs.items())


def mirror_pairs(egress: EgressSeen, servers: Sequence[ServerAnswers]) -> Mapping[str, Pair]:
    """Return what is worth comparing, for each nameserver; nothing where the answer is the same for every network (scope 0)."""
    answer = egress.subnet
    if answer is None or answer.error or not answer.scope:
        return {}
    given = {item.server: item.addresses for item in servers}
    ours = {one.server: given[one.server] for one in mismatched(egress, servers)}
    own = [address for address in answer.addresses if not bogus(address)]
    pairs = {server: _pair(told, own) for server, told in ours.items() if not set(told) & set(answer.addresses)}
    return {server: pair for server, pair in pairs.items() if pair is not None}


def _pair(given: Sequence[str], own: Sequence[str]) -> Pair | None:
    """Return the first two addresses of one family that may be the service's."""
    told = [address for address in given if not bogus(address)]
    return next(((one, other) for one in told for other in own if (":" in one) is (":" in other)), None)


async def _once(ctx: Context, server: str, pair: Pair) -> MirrorCost:
    return await ctx.once(("cost", *pair), lambda: _lately(ctx, server, *pair))


async def _lately(ctx: Context, server: str, given: str, own: str) -> MirrorCost:
    """Measure it; where runs remember, once an hour: the connects are a load on the service."""
    name = f"cost {ctx.settings.endpoint} {server}"
    found = await ctx.memory.lately(name, MirrorCost, HOUR, lambda: _measure(ctx, server, given, own))
    return MirrorCost(server=server, given=given, own=own) if found is None else found.value


async def _measure(ctx: Context, server: str, given: str, own: str) -> MirrorCost | None:
    """Connect to both in turn, so that whatever else goes on meets both alike; None where the own one is not the gateway.

    No pair begins when the third parties' time is over, and none after an own address that was silent: what a third party
    says holds nothing up for longer. One that takes its time at the given address is followed by the next meanwhile.
    """
    limit, ends = await time_for_looks(ctx), await third_parties_end(ctx)
    if not limit or not (await look(ctx, own, limit)).gateway:
        return None
    ours, theirs = await _in_turn(ctx, given, own, ends)
    return MirrorCost(server=server, given=given, own=own, given_seconds=theirs, own_seconds=ours) if ours else None


Seconds = tuple[float | None, ...]


async def _in_turn(ctx: Context, given: str, own: str, ends: float) -> tuple[Seconds, Seconds]:
    """Return the seconds of connects to the own address and to the given one; pairs that come to nothing are made up for."""
    ours: list[float | None] = []
    theirs: list[asyncio.Task[tuple[float | None, bool]]] = []
    async with asyncio.TaskGroup() as group:
        while len(ours) < MOST and (left := ends - time.monotonic()) > LEAST:
            if _hopeful(ours, theirs) < PAIRS:
                seconds, silent = await _connect(ctx, own, min(left, LIMIT))
                ours.append(seconds)
                theirs.append(group.create_task(_connect(ctx, given, ctx.left(LIMIT))))
                if silent:
                    break
                await asyncio.wait(theirs[-1:], timeout=STAGGER)
            elif under_way := [task for task in theirs if not task.done()]:
                await asyncio.wait(under_way, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            else:
                break
    return tuple(ours), tuple(task.result()[0] for task in theirs)


def _hopeful(ours: Sequence[float | None], theirs: Sequence["asyncio.Task[tuple[float | None, bool]]"]) -> int:
    """Return how many pairs are good, or may be."""
    pairs = zip(ours, theirs, strict=True)
    return sum(one is not None and (not other.done() or other.result()[0] is not None) for one, other in pairs)


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
        condition = say("a resolver leaves elsewhere than this host, and its own prefix is given another address")
        why = say("connects to both addresses in turn: what the wrong one costs")
        yield Egress(to=endpoint.host, port=endpoint.port, protocol="tcp", why=why, condition=condition)
