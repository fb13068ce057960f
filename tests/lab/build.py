"""Builds a world: its network, its servers, its client."""

import contextlib
import os
import shlex
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imdoctor.lab.front import serve
from imdoctor.lab.gateway import App, Gateway
from imdoctor.lab.loop import LabLoop, Place
from imdoctor.lab.proxy import proxy
from imdoctor.lab.resolver import Resolver as LabResolver
from imdoctor.lab.resolver import start
from imdoctor.lab.world import KEY
from tests.lab import client, fronts, outside, servers
from tests.lab.certificates import authority, pem
from tests.lab.model import BACKUP_ADDRESS, PROXY, PROXY_PORT, PUBLIC, PUBLIC6, Proxy, Resolver, Server, World
from tests.lab.network import Host, sh
from tests.lab.topology import HOSTS, authorities, home_of, lay

PLAIN = 8080
"""Where the gateway speaks plain HTTP to the nginx before it."""
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/lib/systemd"
"""Where Debian keeps the servers; a user's own PATH leaves some of it out."""


@dataclass(frozen=True)
class Built:
    """A world that stands: its hosts, the command that is judged in it, and the one that says what that would send."""

    world: World
    hosts: dict[str, Host]
    command: tuple[str, ...]
    plan: tuple[str, ...]
    environ: dict[str, str]

    def run(self, host: str, script: str) -> str:
        """Run a script on a host; the client's see what its applications see."""
        return self.hosts[host].run(script, self.environ if host == "client" else None)


@contextlib.contextmanager
def standing(world: World, folder: Path) -> Iterator[Built]:
    """Build a world in the calling process's own namespaces. Raises WorldError."""
    hosts = {name: _host(name, folder) for name in HOSTS}
    with contextlib.ExitStack() as stack:
        lay(world, stack)
        _far(world, hosts, stack)
        own = hosts["client"].folder
        client.write_files(world, own)
        for resolver in world.resolvers:
            _resolver(world, resolver, hosts, stack)
        if world.proxy is not None:
            _proxy(world.proxy, hosts["proxy"], stack)
        for host, script in world.setup:
            sh(shlex.join(hosts[host].command("sh", "-ec", script)))
        yield Built(world, hosts, client.command(world, own), client.plan(world, own), client.environ(world, own))


def _host(name: str, folder: Path) -> Host:
    own = folder / name
    own.mkdir()
    return Host(name, own, {"PATH": f"{PATH}:{os.environ.get('PATH', '')}", "HOME": str(own), "LANG": "C.UTF-8"})


def _far(world: World, hosts: dict[str, Host], stack: contextlib.ExitStack) -> None:
    """Start what answers at the service's addresses, its backup domain's, the public resolver's and the third parties'."""
    host = hosts["far"]
    lab = stack.enter_context(LabLoop("127.0.0.1", host.enter))
    near = stack.enter_context(LabLoop("127.0.0.1", hosts["near"].enter)) if world.near else lab
    sites = dict(world.servers) | ({BACKUP_ADDRESS: world.backup} if world.backup is not None else {})
    for address, server in sites.items():
        gateway = Gateway(App(key=KEY), server.answering)
        _serve(near if address in world.near else lab, gateway, server, Place(address, 443), host, stack)
    publics = (PUBLIC, PUBLIC6) if "6" in world.families else (PUBLIC,)
    told = {resolver.address for resolver in world.resolvers}
    for address in publics:
        lab.serve(_closing, place=Place(address, 443))
        if address not in told and (world.outside is None or address != PUBLIC):
            start(lab, LabResolver(world.names, servers.PLAIN), place=Place(address, 53))

    if world.outside is not None:
        outside.start(lab, world.outside, world.names, (*authorities(world), PUBLIC), host.folder)


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
    host = hosts[home_of(resolver.address)]
    zone = {**world.names, **resolver.zone}
    if resolver.kind == "ours":
        lab = stack.enter_context(LabLoop(resolver.address, host.enter))
        start(lab, LabResolver(zone, resolver.how), place=Place(port=53))
        return
    stack.enter_context(servers.RESOLVERS[resolver.kind](host, resolver, zone))


def _proxy(how: Proxy, host: Host, stack: contextlib.ExitStack) -> None:
    (host.folder / "resolv.conf").write_text(f"nameserver {how.nameserver}\n")
    (host.folder / "hosts").write_text("127.0.0.1 localhost\n")
    if how.kind == "ours":
        lab = stack.enter_context(LabLoop(PROXY, host.enter))
        lab.serve(proxy(how.how, lambda name, port: port, None), place=Place(port=PROXY_PORT))  # noqa: ARG005 - no faulty proxy goes anywhere
    elif how.kind != "none":
        stack.enter_context(servers.PROXIES[how.kind](host, how))
