"""The `dns` check: each nameserver asked for itself, and the C library as the application sees it. Step 4 of the list."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from imdoctor import (
    Context,
    Egress,
    FilePath,
    Judged,
    Measurement,
    Observation,
    Seconds,
    Settings,
    Spec,
    Summary,
    pick,
)
from imdoctor.check import is_address
from imdoctor.net.lookup import SERVER_TIMEOUT, ServerAnswers, ask, ask_servers
from imdoctor.net.machine import SystemAnswer
from imdoctor.net.resolvers import (
    classify,
    hosts_entry,
    hosts_order,
    nameservers,
    read_resolv_conf,
    upstreams,
)
from imdoctor_checks.looks.gateway import look
from imdoctor_checks.observations import DnsSeen, Series, TcpSeen, TlsSeen
from imdoctor_checks.specs.dns import FINDINGS
from imdoctor_checks.verdicts.dns import TEMPORARY, before, in_doubt, judge_lookups, used
from imdoctor_checks.verdicts.opinion import judge_opinion

MOST_LOOKS = 12
"""Addresses in doubt that are looked at; more would be a load on other people's servers."""
SERIES = 4
"""Further questions to a server that seems to come and go."""


class Geo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files that tell where an address is."""

    mmdb: FilePath | None = None
    xdb: FilePath | None = None


class DnsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`nameservers` are asked instead of resolv.conf's; an answer over `slow` is a warning."""

    nameservers: tuple[str, ...] | None = None
    slow: Seconds = 0.2
    third_party: bool = True
    whoami: tuple[str, ...] = ()
    geo: Geo = Geo()


class Dns:
    """The `dns` check."""

    name: ClassVar[str] = "dns"
    title: ClassVar[str] = "Which resolvers does the host use, and does each answer, right and fast?"
    step: ClassVar[int | None] = 4
    options: ClassVar[type[msgspec.Struct]] = DnsOptions
    findings: ClassVar[Mapping[str, Spec]] = FINDINGS

    async def observe(self, ctx: Context) -> DnsSeen:
        """Ask each nameserver itself and the C library, side by side; then look at addresses in doubt."""
        if is_address(ctx.settings.endpoint.host):
            return DnsSeen(skipped="the endpoint is an address: there is no name to resolve")
        if ctx.proxy is not None:
            return DnsSeen(skipped="the call goes through a proxy, which resolves the name itself")
        machine, host = ctx.machine, ctx.settings.endpoint.host
        servers, system = await asyncio.gather(_servers(ctx), ctx.system())
        slow = ctx.settings.options("dns", DnsOptions).slow
        series, again, absolute = await asyncio.gather(
            asyncio.gather(*(_series(ctx, server) for server in servers if _wavers(server, system))),
            ctx.system_again() if system.addresses and (system.seconds or 0) > slow else _nothing(),
            ctx.system_again(absolute=True) if _at_odds(servers, system) else _nothing(),
        )
        seen = DnsSeen(
            resolv_conf=read_resolv_conf(machine),
            upstreams=upstreams(machine),
            hosts_order=hosts_order(machine),
            hosts_entry=hosts_entry(machine, host),
            servers=servers,
            series=tuple(series),
            system=system,
            system_again=again,
            system_absolute=absolute,
        )
        doubtful = in_doubt(seen)[:MOST_LOOKS]
        return msgspec.structs.replace(
            seen, looks=tuple(await asyncio.gather(*(look(ctx, address) for address in doubtful)))
        )

    def judge(self, seen: DnsSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge the servers one by one, then the answer, then whether it is the truth."""
        options = settings.options("dns", DnsOptions)
        configured = bool(seen.resolv_conf.nameservers or options.nameservers)
        found = list(judge_lookups(seen, options.slow, configured=configured))
        yield from found
        if all(finding.code != "dns.hijacked" for finding in found):
            yield from judge_opinion(seen, pick(others, "tls", TlsSeen), pick(others, "tcp", TcpSeen))
        yield from _measurements(seen)
        yield Summary(_summary(seen))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the nameservers, and the looks at addresses in doubt."""
        if is_address(ctx.settings.endpoint.host) or ctx.proxy is not None:
            return
        asked = ctx.settings.options("dns", DnsOptions).nameservers or nameservers(ctx.machine)
        for server in asked:
            yield Egress(to=server, port=53, protocol="udp", why=f"A and AAAA of {ctx.settings.endpoint.host}")
            condition = "an answer is truncated, or none comes"
            yield Egress(to=server, port=53, protocol="tcp", why="the same, over TCP", condition=condition)
        yield Egress(
            to=ctx.settings.endpoint.host,
            port=ctx.settings.endpoint.port,
            protocol="https",
            why="what answers at an address in doubt: the certificate, and GET /",
            condition="an answer is odd, or two resolvers differ",
        )


async def _nothing() -> None:
    return None


async def _servers(ctx: Context) -> tuple[ServerAnswers, ...]:
    """Return the answers of resolv.conf's nameservers, or of those that the configuration names instead."""
    configured = ctx.settings.options("dns", DnsOptions).nameservers
    if configured is None:
        return await ctx.servers()
    return await ask_servers(ctx.machine, configured, ctx.settings.endpoint.host, ctx.left(ctx.settings.timeout))


def _wavers(server: ServerAnswers, system: SystemAnswer) -> bool:
    """Tell whether a server answered one question and not another, or it and the C library fared differently."""
    answers = (server.a, server.aaaa)
    failed = [answer.first is not None or answer.lost > 0 or answer.rcode is None for answer in answers]
    answered = any(answer.rcode == "NOERROR" for answer in answers) or bool(system.addresses)
    return answered and (any(failed) or system.error in TEMPORARY)


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


def _measurements(seen: DnsSeen) -> Iterator[Measurement]:
    for server in seen.servers:
        for answer in (server.a, server.aaaa):
            yield Measurement("lookup", answer.seconds, "seconds", {"server": server.server, "type": answer.type})
    if seen.system is not None:
        yield Measurement("system", seen.system.seconds, "seconds")


def _summary(seen: DnsSeen) -> str:
    kinds = list(dict.fromkeys(classify(server.server).kind for server in seen.servers))
    took = "" if seen.system is None or seen.system.seconds is None else f", {seen.system.seconds * 1000:.0f} ms"
    count, addresses = len(seen.servers), len(used(seen))
    return (
        f"{count} resolver{'s' * (count != 1)} ({', '.join(kinds)}), {addresses} address{'es' * (addresses != 1)}{took}"
    )
