"""Has this machine a network at all? Interfaces, routes, resolv.conf; and, when nothing answers, controls off the target's path."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from imdoctor import (
    Context,
    Egress,
    Fact,
    Finding,
    Judged,
    Observation,
    Settings,
    Spec,
    Summary,
    count,
    pick,
    say,
)
from imdoctor.net.http import HTTPS_PORT
from imdoctor.net.machine import Machine
from imdoctor.net.resolvers import is_loopback, read_resolv_conf
from imdoctor_checks.looks.elsewhere import control_addresses, controls
from imdoctor_checks.looks.resolvers import public_resolvers
from imdoctor_checks.observations import DnsSeen, HostSeen, ProbeSeen, ProxySeen, TcpSeen, TlsSeen
from imdoctor_checks.verdicts.elsewhere import answers

ANYWHERE = ("223.5.5.5", "2400:3200::1")
"""Asked of the kernel's routing table only: is there a way out, by IPv4 and by IPv6?"""

UP = {"up", "unknown"}
"""Operational states of an interface that carries packets; tunnels and the like never say more than "unknown"."""

EVERYTHING = ("dns.*", "tcp.*", "tls.*", "probe.*", "proxy.*", "clock.blocked")


class Host:
    """The `host` check."""

    name: ClassVar[str] = "host"
    title: ClassVar[str] = "Has this machine a network, routes and a resolver?"
    step: ClassVar[int | None] = None
    findings: ClassVar[Mapping[str, Spec]] = {
        "host.offline": Spec(
            "fail",
            title="This machine has no network",
            message="no nameserver and none of {controls} control address(es) answers anything",
            why="Neither the nameservers nor any control address outside of the target answers. The fault lies between this "
            "machine and its network, not with the IM service.",
            causes=(
                "The interface is down: a cable, the radio link, or an address that DHCP did not renew.",
                "A firewall or a security group lets nothing out of this machine.",
                "A container or network namespace is attached to no network.",
            ),
            confirm=(
                "Look for an interface that is up and has an address: `ip -br address`.",
                "Try an address beyond the target and the nameservers: `nc -vz -w 3 223.5.5.5 443`.",
                "See whether the gateway is there: `ip route show default; ip neigh`.",
            ),
            remedy=(
                "Look at the interfaces and the default route: `ip -br address; ip route; ip -6 route`.",
                "If this is a container or a network namespace, see that it is attached to a network.",
                "If a firewall guards this machine, ask for outgoing DNS (port 53) and TCP 443 to {host}.",
            ),
            explains=(*EVERYTHING, "host.no-route", "host.no-resolv-conf"),
        ),
        "host.no-route": Spec(
            "fail",
            title="This machine has no route to where the call goes",
            message="no route to {unrouted}",
            why="The kernel has no route for any address on the call's path, so not one packet leaves.",
            causes=(
                "DHCP or the network's configuration gave no default route, or somebody deleted it.",
                "The interface that the route leads through is down.",
                "A VPN client that ended badly took the default route with it.",
                "The address is one of IPv6, and this network has IPv4 only.",
            ),
            confirm=(
                "Ask the kernel: `ip route get {first}`.",
                (
                    "See whether there is a default route, and whether its interface is up: `ip route show "
                    "default; ip -6 route show default; ip -br link`."
                ),
            ),
            remedy=(
                "Show the routes: `ip route; ip -6 route`, and ask the kernel: `ip route get {first}`.",
                "Add the default route again (`ip route add default via GATEWAY`), or bring its interface up.",
            ),
            explains=EVERYTHING,
            confidence="certain",
        ),
        "host.no-resolv-conf": Spec(
            "fail",
            title="This machine has no resolver configuration",
            message="{path} cannot be read ({error})",
            why="Without it the C library asks a nameserver on this machine itself, and there is none that answers.",
            causes=(
                "It is a link to a file of systemd-resolved or of a network manager that does not run.",
                "A container image or a chroot was made without it.",
                "A folder on the way to it, or the file itself, may not be read by this user.",
            ),
            confirm=(
                "Follow the path with its links and permissions: `namei -l {path}`.",
                "See whether what writes it runs: `systemctl is-active systemd-resolved NetworkManager`.",
            ),
            remedy=(
                "Write {path} with one line for each nameserver: `nameserver ADDRESS`.",
                "If it is a link, see that what it points at exists: `ls -l {path}`.",
            ),
            explains=EVERYTHING,
            confidence="certain",
        ),
    }

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact("resolvers", "resolv_conf.nameservers"),
        Fact("gateways", "gateways"),
    )

    async def observe(self, ctx: Context) -> HostSeen:
        """Read what the machine says of itself; ask the controls only when nothing at all has answered."""
        machine = ctx.machine
        seen = HostSeen(
            links=machine.links(),
            routes=tuple(machine.route(address) for address in _path(ctx, ())),
            resolv_conf=read_resolv_conf(machine),
        )
        if await _anything_answered(ctx):
            return seen
        addresses = await ctx.addresses()
        routes = tuple(machine.route(address) for address in _path(ctx, addresses))
        return HostSeen(
            links=seen.links,
            routes=routes,
            resolv_conf=seen.resolv_conf,
            answered=False,
            target_addresses=addresses,
            gateways=machine.gateways(),
            controls=await controls(ctx),
        )

    def judge(self, seen: HostSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Tell "no network" and "no route" from a fault of the target's alone."""
        del settings
        yield from _resolv_conf(seen, others)
        if not seen.answered and not any(answers(item, seen.gateways) for item in seen.controls):
            yield _disconnected(seen)
        yield Summary(_summary(seen))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the controls."""
        for address in control_addresses(ctx):
            third = address in public_resolvers(ctx)
            yield Egress(
                to=address,
                port=HTTPS_PORT,
                protocol="tcp",
                why=say("a control: is there a network at all?"),
                condition=say("the target fails at every address"),
                third_party=third,
            )


def _path(ctx: Context, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses on the call's path: the target's, the nameservers', and one of the public Internet of each family."""
    return tuple(dict.fromkeys((*addresses, *ctx.nameservers, *ANYWHERE)))


async def _anything_answered(ctx: Context) -> bool:
    """Tell whether a nameserver, the target or its proxy answered anything; a refusal is an answer. The first that did decides."""
    looks = [asyncio.ensure_future(look(ctx)) for look in (_nameserver, _target, _shaking, _proxy, _calling)]
    try:
        for done in asyncio.as_completed(looks):
            if await done:
                return True
        return False
    finally:
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)


async def _nameserver(ctx: Context) -> bool:
    dns = await ctx.seen("dns", DnsSeen)
    return dns is not None and any(answer.rcode for server in dns.servers for answer in (server.a, server.aaaa))


async def _target(ctx: Context) -> bool:
    tcp = await ctx.seen("tcp", TcpSeen)
    return tcp is not None and any(answers(item) for item in tcp.connects)


async def _shaking(ctx: Context) -> bool:
    tls = await ctx.seen("tls", TlsSeen)
    return tls is not None and any(answers(path.connect) for path in tls.paths)


async def _proxy(ctx: Context) -> bool:
    proxy = await ctx.seen("proxy", ProxySeen)
    return proxy is not None and proxy.tunnel is not None and answers(proxy.tunnel.connect)


async def _calling(ctx: Context) -> bool:
    probe = await ctx.seen("probe", ProbeSeen)
    return probe is not None and any(answers(item) for item in probe.reach.connects)


def _disconnected(seen: HostSeen) -> Finding:
    """Name what is missing: with an interface up it is the routes, if there is none for any address on the call's path."""
    unrouted = [route.to for route in seen.routes if route.error and not is_loopback(route.to)]
    routed = any(route.error is None and not is_loopback(route.to) for route in seen.routes)
    if unrouted and not routed and any(link.state in UP for link in seen.links):
        return Finding("host.no-route", data={"unrouted": unrouted, "first": unrouted[0]}, because=_evidence(seen))
    return Finding("host.offline", data={"controls": len(seen.controls)}, because=_evidence(seen), confidence="certain")


def _resolv_conf(seen: HostSeen, others: Mapping[str, Observation]) -> Iterator[Finding]:
    """Judge a missing resolv.conf, unless something on this machine answers in its stead."""
    dns = pick(others, "dns", DnsSeen)
    answered = dns is not None and any(server.a.rcode or server.aaaa.rcode for server in dns.servers)
    if seen.resolv_conf.error and not answered and not (dns is not None and dns.skipped):
        path = str(Machine.resolv_conf)
        yield Finding("host.no-resolv-conf", data={"path": path, "error": seen.resolv_conf.error})


def _evidence(seen: HostSeen) -> tuple[str, ...]:
    states = ", ".join(f"{link.name} {link.state}" for link in seen.links) or say("none beside loopback")
    controls = (
        say("TCP 443 of {address}: {error}", address=control.address, error=control.error) for control in seen.controls
    )
    routes = (say("route to {to}: {error}", to=route.to, error=route.error) for route in seen.routes if route.error)
    return (say("interfaces: {states}", states=states), *routes, *controls)


def _summary(seen: HostSeen) -> str:
    families = [name for name, address in zip(("IPv4", "IPv6"), ANYWHERE, strict=True) if _routed(seen, address)]
    up = sum(link.state in UP for link in seen.links)
    way = say("{families} route out", families=say(" and ").join(families)) if families else say("no route out")
    return f"{count(up, '1 interface up', '{number} interfaces up')}{say(', ')}{way}"


def _routed(seen: HostSeen, address: str) -> bool:
    return any(route.to == address and route.error is None for route in seen.routes)
