"""A world as data: who is in it, what is wrong with it, what a right diagnosis names, and how one sees the truth without imdoctor."""

from collections.abc import Mapping
from typing import Any

import msgspec

from imdoctor.lab.front import BACKUP, HOST
from imdoctor.lab.gateway import Answering
from imdoctor.lab.resolver import Resolving
from imdoctor.lab.world import Credentials
from tests.lab.wire import Manner

GATEWAY, SECOND, THIRD, ELSEWHERE = "43.141.10.1", "43.141.10.2", "43.141.10.3", "43.141.10.99"
GATEWAY6, BACKUP_ADDRESS = "2402:4e00:1900::10", "43.141.20.1"
"""Addresses that look public; nothing of theirs leaves the world's namespaces."""
PUBLIC, PUBLIC6 = "223.5.5.5", "2400:3200::1"
"""The public resolver that imdoctor asks as a control."""
CLIENT, CLIENT6 = "10.20.0.2", "2402:4e00:2000::2"
RESOLVER, SECOND_RESOLVER = "10.53.0.1", "10.53.0.2"
AUTHORITY, AUTHORITY6, ECHO = "43.141.53.1", "2402:4e00:3053::53", "43.141.30.1"
"""Where a world's third parties are, when it has any."""
PROXY = "10.80.0.1"
PROXY_PORT = 3128
DAY = 86400.0


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """A look at a world by other means than imdoctor: what a script on a host says must match a pattern."""

    script: str
    says: str
    """A regular expression, searched for in the script's output."""
    host: str = "client"
    after: bool = False
    """Looked at when imdoctor is done, not before: a firewall's count of what it dropped."""


class Resolver(msgspec.Struct, frozen=True, kw_only=True):
    """A resolver. ``zone`` adds to what the world's resolvers know, and goes before it; ``lines`` add to its configuration.

    It stands on the client for an address of 127.0.0.0/8, in the resolvers' network for 10.53.0.0/24, else far away.
    """

    address: str = RESOLVER
    kind: str = "unbound"
    """Or "dnsmasq", "debian" (dnsmasq as that starts it), "resolved", or "ours", which has faults that no real one can be made to have."""
    zone: Mapping[str, tuple[str, ...]] = {}
    lines: tuple[str, ...] = ()
    how: Resolving = Resolving()


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """What answers on port 443 of an address: the gateway behind a front, or nothing ("refused")."""

    front: str = "good"
    """A word of `imdoctor.lab.front`, of `tests.lab.fronts`, or "refused"."""
    answering: Answering = Answering()
    nginx: tuple[str, ...] | None = None
    """nginx in front of the gateway, with these lines in its server block."""


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy on PROXY, port 3128."""

    kind: str = "tinyproxy"
    """Or "squid", "none" (nothing listens), or "ours" (``how``: a word of `imdoctor.lab.proxy`)."""
    how: str = "good"
    lines: tuple[str, ...] = ()
    nameserver: str = RESOLVER


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where a network is."""

    country: str = "中国"
    code: str = "CN"
    region: str = ""
    city: str = ""
    isp: str = ""
    asn: int = 0


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """Third parties: whoami names and echoes, and an authority that gives mirrors by the asker's network.

    ``exits``: by which public addresses the router sends an inner one's packets on, in turn where there are several.
    """

    exits: Mapping[str, tuple[str, ...]] = {}
    places: Mapping[str, Whereabouts] = {}
    files: tuple[str, ...] = ()
    """Which files the client has of the places: "mmdb", "xdb"."""
    mirrors: Mapping[str, tuple[str, ...]] = {}
    """The service's addresses by the network that asks, or that EDNS Client Subnet names."""
    heeded: bool = True
    """Whether what is given for a network is said to be that network's own, or every network's (scope 0, RFC 7871)."""
    echoes: bool = True
    lie: str | None = None
    """"private", "rubbish", "endless", or "nowhere": echoes redirect to what is no address."""
    silent: bool = False
    """The authority hears questions for third parties' names, and says nothing."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One world. Everything left out is as it should be."""

    name: str
    title: str
    expect: tuple[str, ...] = ()
    """The causes that a right diagnosis names, and no others, in their order; none: the world is healthy."""
    allow: tuple[str, ...] = ()
    """Causes that may be named as well: what a chance of timing adds."""
    sure: Mapping[str, str] = {}
    """The confidence that a cause has to be named with, where a world is about that."""
    truth: tuple[Truth, ...]
    families: str = "4"
    """Which addresses the client has: "4", "6" or "46"."""
    servers: Mapping[str, Server] = msgspec.field(default_factory=lambda: {GATEWAY: Server()})
    backup: Server | None = Server()
    """What answers at the site's backup domain."""
    zone: Mapping[str, tuple[str, ...]] = {}
    """What the resolvers know beside HOST (the servers' addresses) and its backup domain."""
    resolvers: tuple[Resolver, ...] = (Resolver(),)
    nameservers: tuple[str, ...] | None = None
    """What resolv.conf names, where that is not the resolvers' addresses."""
    resolv_lines: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    environ: Mapping[str, str] = {}
    clock: float = 0.0
    """The client's clock against the true one, in seconds."""
    store: tuple[str, ...] = ("Lab Root", "Other Root")
    """The authorities in the client's store."""
    reference: tuple[str, ...] = ("Lab Root", "Other Root")
    """The authorities in the store that it is compared with."""
    outside: Outside | None = None
    near: tuple[str, ...] = ()
    """Far addresses that stand on a host of their own, to which the way is a plain cable."""
    told: Mapping[str, str] = {}
    """For a code, a pattern that the message of its finding must hold; for a check, one that a note of it must."""
    never: Mapping[str, str] = {}
    """For a code, a pattern that the message of none of its findings may hold."""
    absent: tuple[str, ...] = ()
    """Codes that no finding may have, not even for information."""
    wire: Manner | None = None
    """The way between the router and the far hosts, where it is no plain cable. "up" is away from the client."""
    setup: tuple[tuple[str, str], ...] = ()
    """Scripts, each with the host that runs it, when everything stands: what goes wrong."""
    proxy: Proxy | None = None
    proxy_setting: str = "env"
    credentials: Credentials = Credentials()
    target: Mapping[str, Any] = {}
    """Further settings of the target."""
    checks: Mapping[str, Any] = {}
    arguments: tuple[str, ...] = ()

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The zone that every resolver knows."""
        wanted = {address: ":" in address for address in self.servers}
        shown = tuple(
            address
            for address, six in wanted.items()
            if address != ELSEWHERE and ("6" if six else "4") in self.families
        )
        return {HOST: shown, BACKUP: (BACKUP_ADDRESS,) if "4" in self.families else (), **self.zone}


def addresses(world: World) -> dict[str, tuple[str, ...]]:
    """Return every address that a name may have for the client: by a resolver, a lie, a hosts file, a third party."""
    found: dict[str, set[str]] = {}
    pins = [(name, (words[0],)) for line in world.hosts for words in [line.split()] for name in words[1:]]
    told = [pair for resolver in world.resolvers for pair in resolver.zone.items()]
    for name, given in (*world.names.items(), *told, *pins):
        found.setdefault(name, set()).update(given)
    searched = [given for name, given in world.names.items() if name.startswith(f"{HOST}.")]
    mirrors = world.outside.mirrors.values() if world.outside is not None else ()
    found[HOST].update(*searched, *mirrors, *(one.how.addresses or () for one in world.resolvers))
    itself = {"0.0.0.0": "127.0.0.1"}
    return {name: (*given, *(itself[one] for one in given if one in itself)) for name, given in found.items()}


def behind_stubs(world: World) -> tuple[str, ...]:
    """Return the resolvers that a stub on the client asks: what it sends is not imdoctor's."""
    stubs = [resolver for resolver in world.resolvers if resolver.address.startswith("127.")]
    return tuple(line.removeprefix("--server=") for resolver in stubs for line in resolver.lines)
