"""Which resolvers does the host use, and does each answer, right and fast? Step 4 of the list."""

import asyncio
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

import msgspec

from imdoctor import (
    Context,
    Egress,
    FilePath,
    Finding,
    Judged,
    Measurement,
    Observation,
    Seconds,
    Settings,
    Severity,
    Spec,
    Summary,
)
from imdoctor.check import is_address
from imdoctor.net.lookup import AGAIN, SERVER_TIMEOUT, Answer, ServerAnswers, ask, ask_servers
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
from imdoctor_checks.observations import DnsSeen, GatewayLook, Series
from imdoctor_checks.specs.dns import FINDINGS

MOST_LOOKS = 12
"""Addresses in doubt that are looked at; more would be a load on other people's servers."""
SERIES = 4
"""Further questions to a server that seems to come and go."""
LEAST_FAILURES = 2
"""Of all questions to one server: one lost datagram is no finding."""


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
        series, again = await asyncio.gather(
            asyncio.gather(*(_series(ctx, server) for server in servers if _wavers(server, system))),
            ctx.system_again() if system.addresses and (system.seconds or 0) > slow else _nothing(),
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
        )
        doubtful = in_doubt(seen)[:MOST_LOOKS]
        return msgspec.structs.replace(
            seen, looks=tuple(await asyncio.gather(*(look(ctx, address) for address in doubtful)))
        )

    def judge(self, seen: DnsSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:  # noqa: ARG002 - the observation says it all
        """Judge the servers one by one, then the answer, then whether it is the truth."""
        options = settings.options("dns", DnsOptions)
        if (
            seen.resolv_conf.nameservers
            or options.nameservers
            or any(not _failure(seen, server) for server in seen.servers)
        ):
            yield from _bad_servers(seen)
        else:
            yield Finding("dns.no-resolver", because=_unconfigured(seen))
        yield from _no_answer(seen)
        yield from _slow(seen, options.slow)
        yield from _wavering(seen)
        yield from _untrue(seen)
        yield from _kinds(seen)
        yield from _measurements(seen)
        yield Summary(_summary(seen))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the nameservers, and the looks at addresses in doubt."""
        if is_address(ctx.settings.endpoint.host) or ctx.proxy is not None:
            return
        asked = ctx.settings.options("dns", DnsOptions).nameservers or nameservers(ctx.machine)
        for server in asked:
            yield Egress(to=server, port=53, protocol="udp", why=f"A and AAAA of {ctx.settings.endpoint.host}")
            yield Egress(to=server, port=53, protocol="tcp", why="the same, whole", condition="an answer is truncated")
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
    """Tell whether a server answered one question and not another, or nothing while the C library got an answer."""
    answers = (server.a, server.aaaa)
    failed = [answer.first is not None or answer.lost > 0 or answer.rcode is None for answer in answers]
    answered = any(answer.rcode == "NOERROR" for answer in answers) or bool(system.addresses)
    return any(failed) and answered


def _before(answer: Answer) -> list[str]:
    """Return what came before the answer that stands, where it took more than one question."""
    return ["timeout"] * answer.lost + ([answer.first] if answer.first is not None else [])


async def _series(ctx: Context, server: ServerAnswers) -> Series:
    """Ask a server the question that it answered a few times more."""
    kind = "AAAA" if server.aaaa.rcode == "NOERROR" and server.a.rcode != "NOERROR" else "A"
    outcomes: list[str] = []
    for _ in range(SERIES):
        answer = await ask(ctx.machine, server.server, ctx.settings.endpoint.host, kind, ctx.left(SERVER_TIMEOUT))
        outcomes += [*_before(answer), answer.outcome]
        if answer.rcode is None:
            break  # lost like the questions before: it is dead, not wavering
    return Series(server=server.server, outcomes=tuple(outcomes))


def bogus(address: str) -> bool:
    """Tell whether an address cannot be that of a public name: private, loopback, reserved, unspecified."""
    known = ipaddress.ip_address(address.partition("%")[0])
    return not known.is_global or known.is_multicast


def pinned(seen: DnsSeen) -> tuple[str, ...]:
    """Return the addresses that the hosts file gives, where it is asked before the nameservers."""
    order = [source for source in seen.hosts_order if source in {"files", "dns", "resolve"}]
    return seen.hosts_entry if order[:1] == ["files"] else ()


def used(seen: DnsSeen) -> tuple[str, ...]:
    """Return the addresses that the application sees."""
    return seen.system.addresses if seen.system else ()


def in_doubt(seen: DnsSeen) -> list[str]:
    """Return the addresses worth a look: pinned ones, bogus ones, and all when two resolvers differ."""
    told = {server.server: set(server.addresses) for server in seen.servers if server.addresses}
    every = [address for server in seen.servers for address in server.addresses]
    doubted = [*pinned(seen), *(address for address in (*used(seen), *every) if bogus(address))]
    if len({frozenset(addresses) for addresses in told.values()}) > 1:
        doubted += [*used(seen), *every]
    return list(dict.fromkeys(doubted))


def _failure(seen: DnsSeen, server: ServerAnswers) -> str | None:
    """Return the code for a server that answered neither question, nor any of a series; else None."""
    if any("NOERROR" in series.outcomes for series in seen.series if series.server == server.server):
        return None
    rcodes = {server.a.rcode, server.aaaa.rcode} - {None}
    if rcodes - AGAIN:
        return None
    if "SERVFAIL" in rcodes:
        return "dns.servfail"
    if rcodes or "refused-port" in {server.a.error, server.aaaa.error}:
        return "dns.server-refused"
    return "dns.server-timeout"


def _bad_servers(seen: DnsSeen) -> Iterator[Finding]:
    codes = [(_failure(seen, server), server) for server in seen.servers]
    severity: Severity = "fail" if all(code for code, _ in codes) else "warn"
    good = [server.server for code, server in codes if not code]
    for code, server in codes:
        if code:
            data = {"server": server.server, "error": server.a.outcome, "rank": _rank(seen, server), "others": good}
            because = (f"{server.server}: A {_told(server.a)}, AAAA {_told(server.aaaa)}",)
            yield Finding(code, severity=severity, data=data, because=because, confidence="certain")


def _unconfigured(seen: DnsSeen) -> tuple[str, ...]:
    error = seen.resolv_conf.error
    why = f"resolv.conf cannot be read ({error})" if error else "resolv.conf names no nameserver"
    return (why, *(f"{server.server}: {_told(server.a)}" for server in seen.servers))


def _rank(seen: DnsSeen, server: ServerAnswers) -> str:
    place = seen.servers.index(server) + 1
    return f"{place} of {len(seen.servers)}"


def _told(answer: Answer) -> str:
    asked = f" (asked {answer.attempts} times)" if answer.attempts > 1 else ""
    return f"{answer.outcome}{asked}"


def _no_answer(seen: DnsSeen) -> Iterator[Finding]:
    """Judge why the application has no address, unless the servers' own failure says it; and TCP, where it was needed."""
    direct = [address for server in seen.servers for address in server.addresses]
    for server in seen.servers:
        broken = next((answer for answer in (server.a, server.aaaa) if answer.truncated and answer.tcp_error), None)
        if broken is not None:
            severity: Severity = "warn" if used(seen) or direct else "fail"
            yield Finding(
                "dns.tcp-blocked", severity=severity, data={"server": server.server, "error": broken.tcp_error}
            )
            if severity == "fail":
                return
    if used(seen) or all(_failure(seen, server) for server in seen.servers):
        return
    denied = [server.server for server in seen.servers if "NXDOMAIN" in {server.a.rcode, server.aaaa.rcode}]
    if denied:
        yield Finding("dns.nxdomain", data={"servers": denied}, confidence="certain")
        return
    error = seen.system.error if seen.system else None
    why = f"the nameservers answer, but the C library says {error}" if direct else "the answers hold no address"
    yield Finding("dns.no-address", data={"reason": why, "error": error, "direct": direct}, because=(why,))


def _quickest(answer: Answer) -> float | None:
    times = [seconds for seconds in (answer.seconds, answer.again) if seconds is not None]
    return min(times, default=None)


def _slow(seen: DnsSeen, limit: float) -> Iterator[Finding]:
    """Judge servers that are slow in both looks, and the C library in both of its."""
    for server in seen.servers:
        times = [seconds for seconds in (_quickest(server.a), _quickest(server.aaaa)) if seconds is not None]
        if times and not _failure(seen, server) and max(times) > limit:
            yield Finding(
                "dns.slow", data={"who": server.server, "seconds": max(times), "limit": limit}, confidence="certain"
            )
    looks = [answer.seconds for answer in (seen.system, seen.system_again) if answer and answer.seconds is not None]
    if len(looks) > 1 and min(looks) > limit and used(seen):
        yield Finding("dns.slow", data={"who": "the C library", "seconds": min(looks), "limit": limit})


def _wavering(seen: DnsSeen) -> Iterator[Finding]:
    for series in seen.series:
        server = next(item for item in seen.servers if item.server == series.server)
        before = [outcome for answer in (server.a, server.aaaa) for outcome in (*_before(answer), answer.outcome)]
        failed = [outcome for outcome in (*before, *series.outcomes) if outcome != "NOERROR"]
        steady = (
            server.aaaa.outcome if server.aaaa.outcome not in {"NOERROR", "timeout"} else None
        )  # SERVFAIL for AAAA alone
        failed = [outcome for outcome in failed if outcome != steady]
        if len(failed) >= LEAST_FAILURES:
            asked = len(before) + len(series.outcomes)
            data = {"server": series.server, "failed": len(failed), "asked": asked, "outcomes": sorted(set(failed))}
            yield Finding("dns.intermittent", data=data, confidence="certain")


def _untrue(seen: DnsSeen) -> Iterator[Finding]:
    """Judge whether the addresses are the service's, by what answers at them."""
    looks = {item.address: item for item in seen.looks}
    if held := pinned(seen):
        answers = any(looks[address].gateway for address in held if address in looks)
        severity: Severity = "warn" if answers else "fail"
        because = tuple(_looked(looks[address]) for address in held if address in looks)
        yield Finding(
            "dns.hosts-override", severity=severity, data={"addresses": held}, because=because, confidence="certain"
        )
    every = (*used(seen), *(address for server in seen.servers for address in server.addresses))
    for address in dict.fromkeys(address for address in every if bogus(address) and address not in held):
        known = looks.get(address)
        severity = "info" if known and known.gateway else "fail" if address in used(seen) or not used(seen) else "warn"
        because = (_looked(known),) if known else ()
        yield Finding(
            "dns.bogon-answer", address, {"bogon": address}, severity=severity, because=because, confidence="certain"
        )
    yield from _differing(seen, looks)


def _looked(item: GatewayLook) -> str:
    if item.gateway is None:
        return f"{item.address}: nothing answers ({item.error})"
    if item.gateway:
        return f"{item.address}: answers as the IM gateway, with a certificate that verifies"
    return f"{item.address}: answers, but not as the IM gateway ({item.error or item.subject})"


def _differing(seen: DnsSeen, looks: Mapping[str, GatewayLook]) -> Iterator[Finding]:
    """Tell a lie from another mirror where servers differ: by certificate and envelope, never by prefix."""
    right = [server for server in seen.servers if _any(server.addresses, looks, gateway=True)]
    wrong = [
        server
        for server in seen.servers
        if server.addresses
        and not any(map(bogus, server.addresses))
        and all(_is(looks, address, gateway=False) for address in server.addresses)
    ]
    if not right or not wrong:
        return
    data = {"right": [server.server for server in right], "wrong": [server.server for server in wrong]}
    false = [address for server in wrong for address in server.addresses]
    because = tuple(
        _looked(looks[address]) for server in (*wrong, *right) for address in server.addresses if address in looks
    )
    misled = bool(used(seen)) and all(address in false for address in used(seen))
    code = "dns.hijacked" if misled else "dns.servers-disagree"
    yield Finding(code, data={**data, "addresses": false}, because=because, confidence="certain")


def _is(looks: Mapping[str, GatewayLook], address: str, *, gateway: bool) -> bool:
    return address in looks and looks[address].gateway is gateway


def _any(addresses: Iterable[str], looks: Mapping[str, GatewayLook], *, gateway: bool) -> bool:
    return any(_is(looks, address, gateway=gateway) for address in addresses)


def _kinds(seen: DnsSeen) -> Iterator[Finding]:
    for server in seen.servers:
        known = classify(server.server)
        data = {"server": server.server, "owner": known.owner or "its owner is not in the table", "kind": known.kind}
        if known.kind in {"private", "cloud-internal"}:
            yield Finding("dns.private-resolver", data=data)
        elif known.kind == "public":
            yield Finding("dns.public-resolver", data=data)
        elif known.kind == "stub" and not seen.upstreams:
            yield Finding("dns.stub-opaque", data=data)


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
