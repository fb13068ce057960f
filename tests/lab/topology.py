"""The network of a world: a client behind a router, resolvers and a proxy near it, and everything else far away."""

import contextlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.lab.model import AUTHORITY, AUTHORITY6, BACKUP_ADDRESS, ECHO, PUBLIC, PUBLIC6, World
from tests.lab.network import helper, sh

WIRE = Path(__file__).parent / "wire.py"
HOSTS = ("client", "router", "dns", "proxy", "far", "near")
NETWORK = """
for name in client router dns proxy far near; do
  ip netns add $name
  nsenter --net=/run/netns/$name sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
  ip -n $name link set lo up
done
for name in client dns proxy; do ip link add eth0 netns $name type veth peer name ${name}0 netns router; done
ip -n client addr add 10.20.0.2/24 dev eth0;  ip -n router addr add 10.20.0.1/24 dev client0
ip -n dns addr add 10.53.0.1/24 dev eth0;     ip -n router addr add 10.53.0.254/24 dev dns0
ip -n proxy addr add 10.80.0.1/24 dev eth0;   ip -n router addr add 10.80.0.254/24 dev proxy0
for name in client dns proxy; do ip -n $name link set eth0 up; ip -n router link set ${name}0 up; done
ip -n client route add default via 10.20.0.1; ip -n dns route add default via 10.53.0.254
ip -n proxy route add default via 10.80.0.254
nsenter --net=/run/netns/router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
"""
CABLE = """
ip link add eth0 netns far type veth peer name far0 netns router
ip -n far addr add 172.30.0.2/30 dev eth0; ip -n router addr add 172.30.0.1/30 dev far0
ip -n far link set eth0 up; ip -n router link set far0 up
ip -n far route add default via 172.30.0.1; ip -n router route add default via 172.30.0.2
"""
NEAR = """
ip link add eth0 netns near type veth peer name near0 netns router
ip -n near addr add 172.30.1.2/30 dev eth0; ip -n router addr add 172.30.1.1/30 dev near0
ip -n near link set eth0 up; ip -n router link set near0 up
ip -n near route add default via 172.30.1.1
"""
OVER_WIRE = """
for name in far router; do ip -n $name link set wire0 up; done
ip -n router addr add 172.30.0.1/32 dev wire0
ip -n far route add default dev wire0; ip -n router route add default dev wire0
"""
SIX = """
ip -n client addr add 2402:4e00:2000::2/64 dev eth0 nodad; ip -n router addr add 2402:4e00:2000::1/64 dev client0 nodad
ip -n client -6 route add default via 2402:4e00:2000::1
"""
SIX_CABLE = """
ip -n far addr add 2402:4e00:3000::2/64 dev eth0 nodad; ip -n router addr add 2402:4e00:3000::1/64 dev far0 nodad
ip -n far -6 route add default via 2402:4e00:3000::1; ip -n router -6 route add default via 2402:4e00:3000::2
"""
SIX_RESOLVERS = """
ip -n dns addr add {address}/64 dev eth0 nodad; ip -n router addr add 2402:4e00:5300::fe/64 dev dns0 nodad
ip -n dns -6 route add default via 2402:4e00:5300::fe
"""
SIX_WIRE = "ip -n far -6 route add default dev wire0; ip -n router -6 route add default dev wire0"


def lay(world: World, stack: contextlib.ExitStack) -> None:
    """Make the hosts, the cables or the wire between them, and their addresses. Raises WorldError."""
    sh(NETWORK)
    if world.wire is None:
        sh(CABLE)
    else:
        manner = {name: value for name, value in vars(world.wire).items() if value != float("inf")}
        stack.enter_context(helper([sys.executable, str(WIRE), "router", "far", json.dumps(manner)]))
        sh(OVER_WIRE)
    if "6" in world.families:
        sh(SIX + (SIX_CABLE if world.wire is None else SIX_WIRE))
    if "4" not in world.families:
        sh("ip -n client -4 addr flush dev eth0")
    _near(world.near)
    _exits(world.outside.exits if world.outside is not None else {})
    for address in far_addresses(world):
        sh(f"ip -n far addr add {address}{'/128 dev lo nodad' if ':' in address else '/32 dev lo'}")
    for address in (resolver.address for resolver in world.resolvers):
        if address.startswith("10.53.0.") and address != "10.53.0.1":
            sh(f"ip -n dns addr add {address}/24 dev eth0")
        if address.startswith("2402:4e00:5300:"):
            sh(SIX_RESOLVERS.format(address=address))


def _near(addresses: tuple[str, ...]) -> None:
    """Put addresses on a host of their own."""
    if addresses:
        sh(NEAR)
    for address in addresses:
        sh(f"ip -n near addr add {address}/32 dev lo; ip -n router route add {address} via 172.30.1.2")


def _exits(exits: Mapping[str, tuple[str, ...]]) -> None:
    """Let the router send each inner address on by its public ones; questions for whoami names by each in turn."""
    for inner, public in exits.items():
        for number, address in enumerate(public):
            turn = (
                f"-m statistic --mode nth --every {len(public) - number} --packet 0" if number < len(public) - 1 else ""
            )
            rule = f"iptables -t nat -A POSTROUTING -s {inner} ! -d 10.0.0.0/8 {turn} -j SNAT --to-source {address}"
            sh(f"nsenter --net=/run/netns/router {rule}")


def far_addresses(world: World) -> tuple[str, ...]:
    """Return the addresses of the far host."""
    every = (*world.servers, *(resolver.address for resolver in world.resolvers), PUBLIC, PUBLIC6)
    backup = (BACKUP_ADDRESS,) if world.backup is not None else ()
    outside = (ECHO, *authorities(world)) if world.outside is not None else ()
    own = (line for resolver in world.resolvers if home_of(resolver.address) == "far" for line in resolver.lines)
    leaving = [found[1] for line in own if (found := re.match(r"outgoing-interface: (\S+)", line))]
    far = [address for address in every if home_of(address) == "far" and address not in world.near]
    return tuple(dict.fromkeys((*far, *backup, *outside, *leaving)))


def authorities(world: World) -> tuple[str, ...]:
    """Return the addresses of the third parties' one server."""
    return (AUTHORITY, "1.1.1.1", *((AUTHORITY6,) if "6" in world.families else ()))


def home_of(address: str) -> str:
    """Return the host on which an address is."""
    if address.startswith("127."):
        return "client"
    return "dns" if address.startswith(("10.53.", "2402:4e00:5300:")) else "far"
