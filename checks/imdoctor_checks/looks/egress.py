"""Step 4 of the list: by which address each resolver leaves for the Internet, by which this host does, and where those are.

Third parties are asked for it, all of them within one small time: they never hold up the verdict on the target for longer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import dns.message
import dns.rdatatype

from imdoctor import Context, say
from imdoctor.check import is_address
from imdoctor.net.echo import Echo, Way, ask_echo
from imdoctor.net.egress import NO_TIME, Exit, Source, first_good, leaving
from imdoctor.net.exchange import FAILURES, PAYLOAD, exchange, records
from imdoctor.net.geo import Locator, MaxMindFile, Remembered, Routing, Told, XdbFile, places
from imdoctor.net.lookup import system_answer
from imdoctor.net.machine import IPV4, SystemAnswer
from imdoctor.net.subnet import SubnetAnswer, ask_for, subnet_of
from imdoctor.net.trust import tls_context
from imdoctor_checks.looks import HOUR
from imdoctor_checks.looks.path import proxy_addresses
from imdoctor_checks.looks.resolvers import answers, asked_servers, server_answers, subnet_resolvers
from imdoctor_checks.observations import EgressSeen
from imdoctor_checks.options import DnsOptions, dns_options, may_ask_others
from imdoctor_checks.verdicts.egress import host_ends, in_question

PORT = 53
FAMILIES = (4, 6)
MOST_ADDRESSES = 8
"""Egress addresses whose place is looked up."""
LEAST = 0.02
"""Seconds that are worth beginning a question for."""
SAMPLING = 0.25
"""Share of the time in which sources are asked more than once."""


Early = Callable[[EgressSeen], None]
"""Is told what is known before the echoes have answered."""


def _nobody(known: EgressSeen) -> None:
    """Tell nobody."""


async def egress(ctx: Context, servers: tuple[str, ...] = (), early: Early = _nobody) -> EgressSeen:
    """Look at the ways out: of the nameservers given, and of this host, directly and through the target's proxy.

    Once a run; where runs remember, once an hour. ``early`` is called, at most once, as soon as all but the echoes' word is known.
    """
    if not may_ask_others(ctx):
        return EgressSeen(barred=True)
    return await ctx.once(("egress", servers), lambda: _lately(ctx, servers, early))


async def _lately(ctx: Context, servers: tuple[str, ...], early: Early) -> EgressSeen:
    name = " ".join(("egress", ctx.settings.endpoint.host, ctx.through or "direct", *servers))
    found = await ctx.memory.lately(name, EgressSeen, HOUR, lambda: _take(ctx, servers, early))
    return EgressSeen() if found is None else found.value


async def _take(ctx: Context, servers: tuple[str, ...], early: Early) -> EgressSeen | None:
    """Wait until names resolve: the questions of this look must not come in the way of those. A dead nameserver is left alone.

    Where runs remember, a network without names is none to ask third parties in: what they do not say would stand for an hour.
    """
    if ctx.proxy is None and not await ctx.addresses() and ctx.memory.lasting:
        return None
    if servers:
        known = asyncio.ensure_future(server_answers(ctx))
        await asyncio.wait({known}, timeout=0)
        dead = {one.server for one in known.result() if not answers(one)} if known.done() else set()
        known.cancel()
        servers = tuple(one for one in servers if one not in dead)
    return await _Look(ctx, servers).take(early)


class _Look:
    """One look, with the one deadline of all its questions."""

    def __init__(self, ctx: Context, servers: tuple[str, ...]) -> None:
        self._ctx, self._servers = ctx, servers
        self._options = dns_options(ctx)
        span = ctx.left(self._options.third_party_timeout)
        self._ends = time.monotonic() + span
        self._more = self._ends - span * (1 - SAMPLING)
        self._families = [family for family in FAMILIES if routed(ctx, family)]

    async def take(self, early: Early) -> EgressSeen:
        """Ask for the addresses; as soon as DNS has shown them, for where they are and what the host's own prefix is given.

        A slow echo holds none of that up, but where only an echo can tell which address is the host's. With a file at hand
        the echoes are asked only there.
        """
        at_once = not self._options.geo.files
        asked = asyncio.ensure_future(self._echoes(wanted=at_once))
        try:
            through, direct = await asyncio.gather(
                asyncio.gather(*(self._through(server) for server in self._servers)),
                asyncio.gather(*(self._direct(family) for family in self._families)),
            )
            exits = tuple(one for group in (*through, *direct) for one in group)
            if not at_once and in_question(exits):
                asked = asyncio.ensure_future(self._echoes(wanted=True))
            near, subnet = await asyncio.gather(
                self._placed(address for one in exits for address in one.addresses), self._subnet(exits, asked)
            )
            early(EgressSeen(exits=exits, places=near, subnet=subnet))
            echoes = await asked
        finally:
            asked.cancel()
        shown = {address: None for one in echoes for address in (one.address, one.resolver) if address}
        late = await self._placed(address for address in shown if not any(one.address == address for one in near))
        every = [*(address for one in exits for address in one.addresses), *shown]
        said = await places(dict.fromkeys(every), [Remembered(one.told) for one in echoes])
        return EgressSeen(exits=exits, echoes=echoes, places=(*near, *late, *dict.fromkeys(said)), subnet=subnet)

    def _left(self) -> float:
        return max(0.0, self._ends - time.monotonic())

    async def _leaving(self, source: Source, server: str, via: str, family: int | None = None) -> Exit:
        """Ask one source; further samples have their share of the time, so that what hangs on the first keeps the rest."""
        machine, more = self._ctx.machine, self._more - time.monotonic()
        return await leaving(machine, source, server=server, via=via, limit=self._left(), more=more, family=family)

    async def _through(self, server: str) -> tuple[Exit, ...]:
        """Ask the sources in their order through one nameserver."""
        sources = [one for one in self._options.sources if one.kind != "https" and one.server is None]
        return await first_good([partial(self._leaving, one, server, server) for one in sources], _shows)

    async def _direct(self, family: int) -> tuple[Exit, ...]:
        """Ask the sources' own servers in their order, over one family."""
        tries = [partial(self._of_its_server, one, family) for one in direct_sources(self._options, family)]
        return await first_good(tries, _shows)

    async def _of_its_server(self, source: Source, family: int) -> Exit:
        found = await self._name(source.server or "")
        address = next((one for one in found.addresses if _family(one) == family), None)
        if address is None:
            error = f"{source.server} has no address ({found.error or 'of this family'})"
            return Exit(via="direct", source=source.text, family=family, error=error)
        return await self._leaving(source, address, "direct", family)

    async def _name(self, name: str) -> SystemAnswer:
        """Look a third party's name up as any program would, once a run; absolutely, without the search list."""
        if is_address(name):
            return SystemAnswer(addresses=(name,))
        machine, limit = self._ctx.machine, self._left()
        return await self._ctx.once(("name", name), lambda: system_answer(machine, f"{name}.", PORT, limit))

    async def _echoes(self, *, wanted: bool) -> tuple[Echo, ...]:
        """Ask every echo, over each family and through the proxy."""
        if not wanted:
            return ()
        ways = await self._ways()
        urls = [one.name for one in self._options.sources if one.kind == "https"]
        return tuple(await asyncio.gather(*(ask_echo(url, way, self._left()) for url in urls for way in ways)))

    async def _ways(self) -> list[Way]:
        """Return the ways to an echo. Its certificate is checked against the system's store, whatever the target's is."""
        ctx = self._ctx
        store = ctx.machine.ca_file
        context = await ctx.once(("tls", "system"), lambda: asyncio.to_thread(tls_context, store, verify=True))
        ways = [Way(machine=ctx.machine, context=context, lag=ctx.lag, family=family) for family in self._families]
        if ctx.proxy is not None:
            found = await proxy_addresses(ctx, ctx.proxy)
            ways.append(Way(machine=ctx.machine, context=context, lag=ctx.lag, proxy=ctx.proxy, proxy_addresses=found))
        return ways

    async def _placed(self, addresses: Iterable[str]) -> tuple[Told, ...]:
        """Say where addresses are: by files, and by routing data where those name no network."""
        wanted, geo = list(dict.fromkeys(addresses))[:MOST_ADDRESSES], self._options.geo
        files: list[Locator] = [
            *([MaxMindFile(geo.mmdb)] if geo.mmdb else []),
            *([XdbFile(geo.xdb)] if geo.xdb else []),
        ]
        told = await places(wanted, files)
        networked = {one.address for one in told if one.isp or one.asn}
        unknown = [address for address in wanted if address not in networked]
        if geo.asn_zone is None:
            return told
        if self._left() <= LEAST:
            return (
                *told,
                *(
                    Told(address=one, source=geo.asn_zone, error=say("{who}: {told}", who=geo.asn_zone, told=NO_TIME))
                    for one in unknown
                ),
            )
        return (*told, *await places(unknown, [Routing(geo.asn_zone, self._texts)]))

    async def _texts(self, name: str) -> list[str] | None:
        """Return a name's texts by the first nameserver that answers; None where none does."""
        tries = [partial(self._text, server, name) for server in self._servers or asked_servers(self._ctx)]
        answers = await first_good(tries, lambda texts: texts is not None)
        return next((texts for texts in answers if texts is not None), None)

    async def _text(self, server: str, name: str) -> list[str] | None:
        query = dns.message.make_query(name, "TXT", use_edns=0, payload=PAYLOAD)
        try:
            reply, _ = await exchange(self._ctx.machine, server, query, self._left())
        except FAILURES:
            return None
        return [b"".join(one.strings).decode("ascii", "replace") for one in records(reply, dns.rdatatype.TXT)]

    async def _subnet(self, exits: tuple[Exit, ...], echoes: Awaitable[tuple[Echo, ...]]) -> SubnetAnswer | None:
        """Ask public resolvers in their order what this host's own prefix is given. An echo is awaited where DNS is in doubt."""
        ctx, host = self._ctx, self._ctx.settings.endpoint.host
        known = EgressSeen(exits=exits, echoes=await echoes if in_question(exits) else ())
        direct = host_ends(known)
        asked = subnet_resolvers(ctx)
        if not direct or not asked:
            return None
        subnet, kind = subnet_of(direct[0]), "A" if IPV4 in self._families else "AAAA"
        if self._left() <= LEAST:
            return SubnetAnswer(server=asked[0], subnet=subnet, error=NO_TIME)
        tries = [
            lambda server=server: ask_for(ctx.machine, server, host, kind, subnet, self._left()) for server in asked
        ]
        answers = await first_good(tries, lambda one: bool(one.scope))
        return max(answers, key=lambda one: (bool(one.scope), one.error is None))


def _shows(one: Exit) -> bool:
    return bool(one.addresses)


def _family(address: str) -> int:
    return 6 if ":" in address else 4


def routed(ctx: Context, family: int) -> bool:
    """Tell whether there is a route to the public addresses of a family."""
    return any(ctx.machine.route(one).error is None for one in ctx.machine.controls if _family(one) == family)


def direct_sources(options: DnsOptions, family: int) -> list[Source]:
    """Return the sources that are asked of their own servers over a family."""
    servers = [one for one in options.sources if one.server is not None and one.speaks(family)]
    return [one for one in servers if not is_address(one.server or "") or _family(one.server or "") == family]
