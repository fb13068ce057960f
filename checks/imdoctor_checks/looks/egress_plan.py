"""What the look at the ways out asks, by name or address; what depends on another answer is marked."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from imdoctor import Context, Egress, say
from imdoctor.check import is_address
from imdoctor.net.echo import PORTS
from imdoctor_checks.looks.egress import FAMILIES, PORT, direct_sources, routed
from imdoctor_checks.looks.resolvers import asked_servers, subnet_resolvers
from imdoctor_checks.options import DnsOptions, dns_options, may_ask_others


def egress_plan(ctx: Context, servers: tuple[str, ...] = ()) -> Iterator[Egress]:
    """List it: the nameservers' questions first, then this host's own, the echoes, where all of it is, and its prefix."""
    if not may_ask_others(ctx):
        return
    options = dns_options(ctx)
    for server in ctx.nameservers:
        why = say("the names of third parties, by the C library")
        yield Egress(to=server, port=PORT, protocol="udp", why=why)
    yield from _plan_through(options, servers)
    yield from _plan_direct(ctx, options)
    yield from _plan_echoes(ctx, options)
    if options.geo.asn_zone:
        for server in asked_servers(ctx):
            yield Egress(
                to=server,
                port=PORT,
                protocol="udp",
                why=say("which network announces an address: TXT under {asn_zone}", asn_zone=options.geo.asn_zone),
                condition=say("an egress address is found, and no file names its network"),
                third_party=True,
            )
    for server in subnet_resolvers(ctx):
        yield Egress(
            to=server,
            port=PORT,
            protocol="udp",
            why=say(
                "what this host's own prefix is given for {host} (EDNS Client Subnet)", host=ctx.settings.endpoint.host
            ),
            condition=say("this host's egress address is found"),
            third_party=True,
        )


def _plan_through(options: DnsOptions, servers: tuple[str, ...]) -> Iterator[Egress]:
    sources = [one for one in options.sources if one.kind != "https" and one.server is None]
    for server in servers:
        for number, source in enumerate(sources):
            yield Egress(
                to=server,
                port=PORT,
                protocol="udp",
                why=say("by which address it leaves: {text}", text=source.text),
                condition=say("no source before it has shown an address") if number else None,
                third_party=True,
            )


def _plan_direct(ctx: Context, options: DnsOptions) -> Iterator[Egress]:
    for family in (family for family in FAMILIES if routed(ctx, family)):
        for number, source in enumerate(direct_sources(options, family)):
            named = not is_address(source.server or "")
            conditions = [
                *([say("no source before it has shown an address")] if number else []),
                *([say("its name resolves")] if named else []),
            ]
            yield Egress(
                to=source.server or "",
                port=PORT,
                protocol="udp",
                why=say("by which IPv{family} address this host leaves: {text}", family=family, text=source.text),
                condition=say(" and ").join(conditions) or None,
                third_party=True,
            )


def _plan_echoes(ctx: Context, options: DnsOptions) -> Iterator[Egress]:
    conditions = [say("DNS shows no address of this host's, or a resolver's")] if options.geo.files else []
    proxy = ctx.proxy
    for source in (one for one in options.sources if one.kind == "https"):
        parts = urlsplit(source.name)
        host = parts.hostname or ""
        why = say("by which address this host leaves: GET {name}", name=source.name)
        yield Egress(
            to=host,
            port=parts.port or PORTS["https"],
            protocol="https",
            why=why,
            condition=say(" and ").join([*conditions, say("its name resolves")]),
            third_party=True,
        )
        for scheme, port in PORTS.items():
            yield Egress(
                to=f"*.{host}",
                port=port,
                protocol=scheme,
                why=say("the same, where it redirects to"),
                condition=say("it redirects within its domain"),
                third_party=True,
            )
        if proxy is not None:
            yield Egress(
                to=host,
                port=parts.port or PORTS["https"],
                protocol="https",
                through=proxy.shown,
                why=say("by which address the proxy leaves: GET {name}", name=source.name),
                condition=say(" and ").join(conditions) or None,
                third_party=True,
            )
