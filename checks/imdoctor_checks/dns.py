"""The `dns` check: each nameserver asked for itself, and the C library as the application sees it. Step 4 of the list."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from imdoctor import (
    Context,
    Egress,
    Fact,
    Judged,
    Measurement,
    Observation,
    Settings,
    Spec,
    Summary,
    count,
    pick,
    retold,
    say,
)
from imdoctor.check import is_address
from imdoctor.net.lookup import SERVER_TIMEOUT, ServerAnswers, ask, ask_servers
from imdoctor.net.machine import SystemAnswer
from imdoctor.net.resolvers import (
    classify,
    hosts_entry,
    hosts_order,
    read_resolv_conf,
)
from imdoctor.net.stubs import stubs
from imdoctor.net.subnet import identifier
from imdoctor.net.waiting import together
from imdoctor_checks.looks import HOUR
from imdoctor_checks.looks.costs import cost_plan, mirror_costs
from imdoctor_checks.looks.egress import egress
from imdoctor_checks.looks.egress_plan import egress_plan
from imdoctor_checks.looks.elsewhere import public_answers, public_plan
from imdoctor_checks.looks.gateway import LIMIT, begin_look, look, looked
from imdoctor_checks.looks.resolvers import answers, asked_servers, begin_servers, server_answers
from imdoctor_checks.looks.thirdparties import time_for_looks
from imdoctor_checks.observations import DnsSeen, EgressSeen, GatewayLook, MirrorCost, Series, TcpSeen, TlsSeen
from imdoctor_checks.options import DnsOptions, dns_options, may_ask_others
from imdoctor_checks.specs.dns import FINDINGS
from imdoctor_checks.verdicts.costs import priced
from imdoctor_checks.verdicts.dns import TEMPORARY, before, in_doubt, judge_lookups, taken, used
from imdoctor_checks.verdicts.egress import egress_summary, judge_egress
from imdoctor_checks.verdicts.opinion import judge_opinion
from imdoctor_checks.verdicts.ways import exits, resolvers

MOST_LOOKS = 12
"""Addresses in doubt that are looked at; more would be a load on other people's servers."""
IDENTITY = 1.0
"""Seconds for a nameserver's identifier."""
RESENT = 1.0
"""Seconds: the least that the C library waits before it asks again (resolv.conf(5)); one that took longer met a loss."""
SERIES = 4
"""Further questions to a server that seems to come and go."""


class Identifier(msgspec.Struct, frozen=True):
    """What a nameserver calls itself (NSID, RFC 5001); None where it does not say."""

    name: str | None


class Dns:
    """The `dns` check."""

    name: ClassVar[str] = "dns"
    title: ClassVar[str] = (
        "Which resolvers does the host use; does each answer, right and fast; is its egress in the host's own region and ISP?"
    )
    step: ClassVar[int | None] = 4
    options: ClassVar[type[msgspec.Struct]] = DnsOptions
    findings: ClassVar[Mapping[str, Spec]] = FINDINGS

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact("resolvers", "resolv_conf.nameservers"),
        Fact("resolvers", "stubs", "{address} hands on to {upstreams}"),
        Fact("addresses", "system.addresses"),
        Fact("addresses", "servers.a.addresses"),
        Fact("addresses", "servers.aaaa.addresses"),
        Fact("egress", "egress.exits", "{via} leaves by {addresses}"),
    )
    gauges: ClassVar[tuple[str, ...]] = ("mirror cost",)

    async def observe(self, ctx: Context) -> DnsSeen:
        """Ask each nameserver itself and the C library, and where all of them leave, side by side; then look at addresses in doubt."""
        if is_address(ctx.settings.endpoint.host):
            return DnsSeen(skipped=say("the endpoint is an address: there is no name to resolve"))
        if ctx.proxy is not None:
            return DnsSeen(skipped=say("the call goes through a proxy, which resolves the name itself"))
        behind = ctx.begin("stubs", lambda: stubs(ctx.machine, asked_servers(ctx)))
        seen = await (_look_around(ctx) if may_ask_others(ctx) else _look_here(ctx))
        seen = msgspec.structs.replace(seen, stubs=await asyncio.shield(behind))
        looked = {one.address for one in seen.looks}
        more = [address for address in in_doubt(seen) if address not in looked]
        return msgspec.structs.replace(seen, looks=(*seen.looks, *await _looks(ctx, seen, more)))

    def judge(self, seen: DnsSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge the servers one by one, then the answer, then whether it is the truth."""
        options = settings.options("dns", DnsOptions)
        configured = bool(seen.resolv_conf.nameservers or options.nameservers)
        found = list(judge_lookups(seen, options.slow, configured=configured))
        yield from found
        if all(finding.code != "dns.hijacked" for finding in found):
            yield from judge_opinion(seen, pick(others, "tls", TlsSeen), pick(others, "tcp", TcpSeen))
        yield from resolvers(seen)
        yield from exits(seen.egress)
        yield from judge_egress(seen)
        yield from _measurements(seen, options.slow)
        yield Summary(_summary(seen))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the nameservers, and the looks at addresses in doubt."""
        if is_address(ctx.settings.endpoint.host) or ctx.proxy is not None:
            return
        asked, host = asked_servers(ctx), ctx.settings.endpoint.host
        for server in ctx.nameservers:
            yield Egress(
                to=server, port=53, protocol="udp", why=say("A and AAAA of {host}, by the C library", host=host)
            )
        for server in asked:
            yield Egress(
                to=server,
                port=53,
                protocol="udp",
                why=say("A and AAAA of {host}, and which server it is (NSID)", host=host),
            )
            condition = say("an answer is truncated, or none comes")
            yield Egress(to=server, port=53, protocol="tcp", why=say("the same, over TCP"), condition=condition)
        yield Egress(
            to=ctx.settings.endpoint.host,
            port=ctx.settings.endpoint.port,
            protocol="https",
            why=say("what answers at an address in doubt: the certificate, and GET /"),
            condition=say("an answer is odd, or two resolvers differ"),
        )
        yield from public_plan(ctx)
        yield from egress_plan(ctx, asked)
        yield from cost_plan(ctx)


async def _look_here(ctx: Context) -> DnsSeen:
    """Look the name up here alone: third parties are barred."""
    return msgspec.structs.replace(await _look_up(ctx), egress=EgressSeen(barred=True))


async def _look_around(ctx: Context) -> DnsSeen:
    """Look the name up, here and at a public resolver, and at the ways out, side by side."""
    seen, (ways, costs) = await asyncio.gather(_known(ctx), _away(ctx))
    return msgspec.structs.replace(seen, egress=ways, costs=costs)


async def _known(ctx: Context) -> DnsSeen:
    """Look the name up here and at a public resolver, and look at what answers at the addresses in doubt."""
    seen, public, _ = await asyncio.gather(_look_up(ctx), public_answers(ctx), _doubted(ctx))
    seen = msgspec.structs.replace(seen, public=public)
    return msgspec.structs.replace(seen, looks=await _looks(ctx, seen, in_doubt(seen)))


async def _away(ctx: Context) -> tuple[EgressSeen, tuple[MirrorCost, ...]]:
    """Look at the ways out, and at what a wrong one costs; a slow echo holds up nothing that can be told without it."""
    begun: list[asyncio.Task[tuple[MirrorCost, ...]]] = []
    ways = await egress(
        ctx, asked_servers(ctx), lambda known: begun.append(asyncio.create_task(_consequences(ctx, known)))
    )
    await asyncio.gather(*begun)
    return ways, await _consequences(ctx, ways)


async def _consequences(ctx: Context, ways: EgressSeen) -> tuple[MirrorCost, ...]:
    """Look at what the ways out put in doubt, and at what they cost; each once a run, however often this is asked."""
    costs, _ = await asyncio.gather(mirror_costs(ctx, ways, await server_answers(ctx)), _doubted(ctx, ways))
    return costs


async def _doubted(ctx: Context, ways: EgressSeen | None = None) -> None:
    """Look at what third parties put in doubt, as soon as they do."""
    servers, public = await asyncio.gather(server_answers(ctx), public_answers(ctx))
    seen = DnsSeen(servers=servers, public=public, egress=ways)
    await _looks(ctx, seen, in_doubt(seen))


async def _looks(ctx: Context, seen: DnsSeen, addresses: Sequence[str]) -> tuple[GatewayLook, ...]:
    """Look at addresses; those that third parties alone give get what is left of their time."""
    given = {*used(seen), *(address for server in seen.servers for address in server.addresses)}
    wanted = addresses[: MOST_LOOKS - len(seen.looks)]
    least = await time_for_looks(ctx) if set(wanted) - given else LIMIT
    limits = {address: LIMIT if address in given else min(LIMIT, least) for address in wanted}
    looks = (look(ctx, address, limit) for address, limit in limits.items() if limit or looked(ctx, address))
    return await together(looks)


async def _look_up(ctx: Context) -> DnsSeen:
    """Ask the nameservers and the C library; those that waver, are slow or at odds once more."""
    machine, host = ctx.machine, ctx.settings.endpoint.host
    started, slow = ctx.lag.now(), dns_options(ctx).slow
    answering, asking = begin_servers(ctx), ctx.begin_system()
    servers = await asyncio.shield(answering)
    if not asking.done():  # the C library may be waiting for a dead nameserver
        for address in in_doubt(DnsSeen(servers=servers))[:MOST_LOOKS]:
            begin_look(ctx, address)
    system = await ctx.system()
    if ctx.lag.late_since(started):
        servers = tuple(await asyncio.gather(*(_timed_anew(ctx, server, slow) for server in servers)))
    naming = ctx.begin("identifiers", lambda: _identifiers(ctx, servers))
    second = await _second_looks(ctx, servers, system, slow)
    return msgspec.structs.replace(
        second,
        resolv_conf=read_resolv_conf(machine),
        hosts_order=hosts_order(machine),
        hosts_entry=hosts_entry(machine, host),
        servers=servers,
        identifiers=await asyncio.shield(naming),
        system=system,
    )


async def _second_looks(ctx: Context, servers: Sequence[ServerAnswers], system: SystemAnswer, slow: float) -> DnsSeen:
    """Take the looks that the answers ask for: none, as a rule."""
    series = [_series(ctx, server) for server in servers if _wavers(server, system)]
    again = [ctx.system_again()] if system.addresses and (system.seconds or 0) > slow else []
    absolute = [ctx.system_again(absolute=True)] if _at_odds(servers, system) else []
    if not series and not again and not absolute:
        return DnsSeen()
    told, slowly, whole = await asyncio.gather(together(series), together(again), together(absolute))
    return DnsSeen(series=told, system_again=next(iter(slowly), None), system_absolute=next(iter(whole), None))


async def _timed_anew(ctx: Context, server: ServerAnswers, slow: float) -> ServerAnswers:
    """Ask a server that seems slow once more, where it may have been this program that was late."""
    if (taken(server) or 0) <= slow:
        return server
    limit = ctx.left(SERVER_TIMEOUT)
    (again,) = await ask_servers(ctx.machine, (server.server,), ctx.settings.endpoint.host, limit)
    return again if answers(again) and (taken(again) or 0) < (taken(server) or 0) else server


async def _identifiers(ctx: Context, servers: Sequence[ServerAnswers]) -> dict[str, str]:
    """Return what nameservers that answer call themselves."""
    host, limit = ctx.settings.endpoint.host, ctx.left(IDENTITY)
    asked = [server.server for server in servers if answers(server)]
    named = await together(_identifier(ctx, server, host, limit) for server in asked)
    return {server: name for server, name in zip(asked, named, strict=True) if name}


async def _identifier(ctx: Context, server: str, host: str, limit: float) -> str | None:
    """Return what a nameserver calls itself; where runs remember, it is asked once an hour."""

    async def ask_it() -> Identifier:
        return Identifier(await identifier(ctx.machine, server, host, limit))

    found = await ctx.memory.lately(f"nsid {server}", Identifier, HOUR, ask_it)
    return None if found is None else found.value.name


def _wavers(server: ServerAnswers, system: SystemAnswer) -> bool:
    """Tell whether a server answered one question and not another, or the C library fared worse with it."""
    both = (server.a, server.aaaa)
    failed = [answer.first is not None or answer.lost > 0 or answer.rcode is None for answer in both]
    answered = any(answer.rcode == "NOERROR" for answer in both) or bool(system.addresses)
    waited = (system.seconds or 0) > RESENT  # this program may have been late: the series will tell
    return answered and (any(failed) or system.error in TEMPORARY or waited)


def _at_odds(servers: Sequence[ServerAnswers], system: SystemAnswer) -> bool:
    """Tell whether the C library's answer is none of the nameservers': its search list may stand between them."""
    told = {address for server in servers for address in server.addresses}
    return bool(told) and not told & set(system.addresses)


async def _series(ctx: Context, server: ServerAnswers) -> Series:
    """Ask a server the question that it answered a few times more."""
    kind = "AAAA" if server.aaaa.rcode == "NOERROR" and server.a.rcode != "NOERROR" else "A"
    outcomes: list[str] = []
    for _ in range(SERIES):
        answer = await ask(ctx.machine, server.server, ctx.settings.endpoint.host, kind, ctx.left(SERVER_TIMEOUT))
        outcomes += [*before(answer), answer.outcome]
        if answer.rcode is None:
            break  # lost like the questions before: it is dead, not wavering
    return Series(server=server.server, outcomes=tuple(outcomes))


def _measurements(seen: DnsSeen, slow: float) -> Iterator[Measurement]:
    limit = (0.0, slow)
    for server in seen.servers:
        for answer in (server.a, server.aaaa):
            labels = {"server": server.server, "type": answer.type}
            yield Measurement("lookup", answer.seconds, "seconds", labels, warn=limit)
    if seen.system is not None:
        yield Measurement("system", seen.system.seconds, "seconds", warn=limit)
    for one in seen.egress.exits if seen.egress is not None else ():
        if one.addresses:
            yield Measurement("egress", one.seconds, "seconds", {"server": one.via, "source": one.source})
    for cost in seen.costs:
        yield Measurement("mirror cost", priced(seen, cost), "seconds", {"server": cost.server})


def _summary(seen: DnsSeen) -> str:
    kinds = list(dict.fromkeys(classify(server.server).kind for server in seen.servers))
    servers = count(len(seen.servers), "1 resolver", "{number} resolvers")
    told = say("{servers} ({kinds})", servers=servers, kinds=", ".join(map(retold, kinds)))
    parts = [told, count(len(used(seen)), "1 address", "{number} addresses")]
    if seen.system is not None and seen.system.seconds is not None:
        parts.append(f"{seen.system.seconds * 1000:.0f} ms")
    return f"{say(', ').join(parts)}{egress_summary(seen)}"
