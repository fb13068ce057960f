"""Builds a world: its network, its servers, its client's files."""

import contextlib
import json
import os
import shlex
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imdoctor.lab.front import HOST, serve
from imdoctor.lab.gateway import App, Gateway
from imdoctor.lab.loop import LabLoop, Place
from imdoctor.lab.proxy import proxy
from imdoctor.lab.resolver import Resolver as LabResolver
from imdoctor.lab.resolver import start
from imdoctor.lab.world import KEY, credential
from tests.lab import fronts, servers
from tests.lab.certificates import authority, pem
from tests.lab.model import (
    BACKUP_ADDRESS,
    PROXY,
    PROXY_PORT,
    PUBLIC,
    PUBLIC6,
    Proxy,
    Resolver,
    Server,
    World,
)
from tests.lab.network import Host, helper, sh

WIRE = Path(__file__).parent / "wire.py"
PLAIN = 8080
"""Where the gateway speaks plain HTTP to the nginx before it."""
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/lib/systemd"
"""Where Debian keeps the servers; a user's own PATH leaves some of it out."""
NETWORK = """
for name in client router dns proxy far; do
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


@dataclass(frozen=True)
class Built:
    """A world that stands: its hosts, and the command that is judged in it."""

    world: World
    hosts: dict[str, Host]
    command: tuple[str, ...]
    environ: dict[str, str]

    def run(self, host: str, script: str) -> str:
        """Run a script on a host; the client's see what its applications see."""
        return self.hosts[host].run(script, self.environ if host == "client" else None)


@contextlib.contextmanager
def standing(world: World, folder: Path) -> Iterator[Built]:
    """Build a world in the calling process's own namespaces. Raises WorldError."""
    hosts = {name: _host(name, folder) for name in ("client", "router", "dns", "proxy", "far")}
    with contextlib.ExitStack() as stack:
        _network(world, stack)
        _far(world, hosts["far"], folder, stack)
        _client_files(world, hosts["client"])
        for resolver in world.resolvers:
            _resolver(world, resolver, hosts, stack)
        if world.proxy is not None:
            _proxy(world, world.proxy, hosts["proxy"], stack)
        for host, script in world.setup:
            sh(shlex.join(hosts[host].command("sh", "-ec", script)))
        yield Built(world, hosts, _command(world, hosts["client"].folder), _environ(world, hosts["client"].folder))


def _host(name: str, folder: Path) -> Host:
    own = folder / name
    own.mkdir()
    return Host(name, own, {"PATH": f"{PATH}:{os.environ.get('PATH', '')}", "HOME": str(own), "LANG": "C.UTF-8"})


def _network(world: World, stack: contextlib.ExitStack) -> None:
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
    ours = [
        address
        for address in (*world.servers, *(r.address for r in world.resolvers), PUBLIC, PUBLIC6)
        if _far_away(address)
    ]
    if world.backup is not None:
        ours.append(BACKUP_ADDRESS)
    sh(
        "\n".join(
            f"ip -n far addr add {address}/{128 if ':' in address else 32} dev lo {'nodad' if ':' in address else ''}"
            for address in dict.fromkeys(ours)
        )
    )
    for resolver in world.resolvers:
        if resolver.address.startswith("10.53.0.") and resolver.address != "10.53.0.1":
            sh(f"ip -n dns addr add {resolver.address}/24 dev eth0")
        if resolver.address.startswith("2402:4e00:5300:"):
            sh(SIX_RESOLVERS.format(address=resolver.address))


def _far_away(address: str) -> bool:
    return not address.startswith(("10.", "127.", "2402:4e00:5300:"))


def _far(world: World, host: Host, folder: Path, stack: contextlib.ExitStack) -> None:
    """Start what answers at the service's addresses, its backup domain's, and the public resolver's."""
    lab = stack.enter_context(LabLoop("127.0.0.1", host.enter))
    sites = dict(world.servers) | ({BACKUP_ADDRESS: world.backup} if world.backup is not None else {})
    for address, server in sites.items():
        gateway = Gateway(App(key=KEY), server.answering)
        _serve(lab, gateway, server, Place(address, 443), host, stack)
    publics = (PUBLIC, PUBLIC6) if "6" in world.families else (PUBLIC,)
    told = {resolver.address for resolver in world.resolvers}
    for address in publics:
        lab.serve(_closing, place=Place(address, 443))
        if address not in told:
            start(
                lab,
                LabResolver(world.names, servers.PLAIN),
                place=Place(address, 53),
            )
    del folder


async def _closing(reader: object, writer: object) -> None:
    """Accept, and end: enough for a control."""
    del reader, writer


def _serve(
    lab: LabLoop, gateway: Gateway, server: Server, place: Place, host: Host, stack: contextlib.ExitStack
) -> None:
    if server.front == "refused":
        return
    if server.nginx is not None:
        lab.serve(gateway.handler(), place=Place("127.0.0.1", PLAIN))
        (host.folder / "site.pem").write_bytes(pem(server.front))
        stack.enter_context(servers.nginx(host, place, server.nginx))
        return
    if server.front.startswith(("rsa", "by:")):
        file = host.folder / f"{server.front.replace(':', '-')}.pem"
        file.write_bytes(pem(server.front))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.load_cert_chain(file)
        lab.serve(gateway.handler(), context=context, place=place)
        return
    word, _, number = server.front.partition(":")
    if word in fronts.BEFORE:
        beyond = serve(lab, gateway, "good", authority=authority("Lab Root"), folder=host.folder)
        lab.serve(fronts.BEFORE[word](beyond, number), place=place)
        return
    serve(lab, gateway, server.front, authority=authority("Lab Root"), folder=host.folder, place=place)


def _resolver(world: World, resolver: Resolver, hosts: dict[str, Host], stack: contextlib.ExitStack) -> None:
    home = "client" if resolver.address.startswith("127.") else "far" if _far_away(resolver.address) else "dns"
    zone = {**world.names, **resolver.zone}
    if resolver.kind == "ours":
        lab = stack.enter_context(LabLoop(resolver.address, hosts[home].enter))
        start(lab, LabResolver(zone, resolver.how), place=Place(port=53))
        return
    stack.enter_context(servers.RESOLVERS[resolver.kind](hosts[home], resolver, zone))


def _proxy(world: World, how: Proxy, host: Host, stack: contextlib.ExitStack) -> None:
    (host.folder / "resolv.conf").write_text(f"nameserver {how.nameserver}\n")
    (host.folder / "hosts").write_text("127.0.0.1 localhost\n")
    if how.kind == "ours":
        lab = stack.enter_context(LabLoop(PROXY, host.enter))
        lab.serve(proxy(how.how, lambda name, port: port, None), place=Place(port=PROXY_PORT))  # noqa: ARG005 - no faulty proxy goes anywhere
    elif how.kind != "none":
        stack.enter_context(servers.PROXIES[how.kind](host, how))
    del world


def _client_files(world: World, host: Host) -> None:
    folder = host.folder
    named = world.nameservers if world.nameservers is not None else tuple(r.address for r in world.resolvers)
    lines = [*(f"nameserver {address}" for address in named), *world.resolv_lines]
    (folder / "resolv.conf").write_text("".join(f"{line}\n" for line in lines))
    (folder / "hosts").write_text("".join(f"{line}\n" for line in ("127.0.0.1 localhost", *world.hosts)))
    (folder / "nsswitch.conf").write_text("hosts: files dns\n")
    for name, roots in (("store.pem", world.store), ("reference.pem", world.reference)):
        (folder / name).write_bytes(b"".join(authority(root).root.pem() for root in roots))
    (folder / "no-certificates").mkdir()
    (folder / "imdoctor.yaml").write_text(json.dumps(_configuration(world, folder), indent=1))


def _configuration(world: World, folder: Path) -> dict[str, object]:
    """Return the configuration; JSON is YAML as well. The credential is made by the client's clock, as its application would."""
    held = world.credentials
    target: dict[str, object] = {
        "name": "prod",
        "endpoint": HOST,
        "sdkappid": 1400000000,
        "timeout": "4s",
        "client": {"timeout": "5s", "keepalive": True, "pool": 10},
        "proxy": world.proxy_setting,
        **world.target,
    }
    if held.identifier:
        target["identifier"] = held.identifier
    made = credential(held, time.time() + world.clock)
    for name, secret in (("secret_key", made.secret_key), ("usersig", None if made.made else made.usersig)):
        if secret is not None:
            file = folder / name
            file.touch(mode=0o600)
            file.write_text(secret.reveal())
            target[f"{name}_file"] = str(file)
    tls = {"reference_ca_file": str(folder / "reference.pem"), **world.checks.get("tls", {})}
    return {"version": 1, "targets": [target], "checks": {**world.checks, "tls": tls}}


def _environ(world: World, folder: Path) -> dict[str, str]:
    trust = {"SSL_CERT_FILE": str(folder / "store.pem"), "SSL_CERT_DIR": str(folder / "no-certificates")}
    return {**trust, "CURL_CA_BUNDLE": trust["SSL_CERT_FILE"], **world.environ}


def _command(world: World, folder: Path) -> tuple[str, ...]:
    """Return the command as its user types it, on a host whose clock may be wrong, and without any privilege."""
    run = (
        sys.executable,
        "-m",
        "imdoctor",
        "run",
        "--config",
        str(folder / "imdoctor.yaml"),
        "--format",
        "json",
        *world.arguments,
    )
    shift = ("faketime", "--exclude-monotonic", "-f", f"{world.clock:+.0f}s") if world.clock else ()
    return ("setpriv", "--bounding-set=-all", "--inh-caps=-all", *shift, *run)
