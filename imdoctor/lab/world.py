"""A scenario, and the world on loopback that it describes: resolvers, gateway, proxy, files, clock, credential."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from imdoctor.check import Settings
from imdoctor.config.model import Client, Endpoint
from imdoctor.config.secrets import Credential, Secret
from imdoctor.im import usersig
from imdoctor.lab.authority import Authority
from imdoctor.lab.front import BACKUP, HOST, serve
from imdoctor.lab.gateway import Answering, App, Gateway
from imdoctor.lab.loop import LOOPBACK, LabLoop
from imdoctor.lab.proxy import proxy
from imdoctor.lab.raw import RAW
from imdoctor.lab.resolver import Resolver, Resolving, start
from imdoctor.net.geo import ASN_ZONE, origin_name
from imdoctor.net.lookup import ask
from imdoctor.net.machine import Link, Machine, Route, SystemAnswer
from imdoctor.net.resolvers import hosts_entry, nameservers
from imdoctor.runner import Job

GATEWAY, GATEWAY6, ELSEWHERE = "43.141.10.1", "2402:4e00:1900::10", "43.141.10.99"
"""Addresses that look public, and are dialled on loopback only."""
PROXY = "10.80.0.1"
CONTROL, BACKUP_ADDRESS = "43.141.53.53", "43.141.20.1"
KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
"""The lab's secret key, which opens nothing else."""
SOURCE = "10.0.0.2"
WHOAMI, WHOAMI_DIRECT = "whoami.ds.akahelp.net", ("whoami.akamai.net", "ns1-1.akamaitech.net")
"""The lab's own copies of names whose answer is the asker's address: through a resolver, and of their own server."""
AUTHORITY = "43.141.53.54"
HOST_EXIT, RESOLVER_EXIT = "119.147.10.2", "120.196.0.2"
NETWORKS = {HOST_EXIT: 4134, RESOLVER_EXIT: 9808}
"""Addresses by which the lab pretends to leave for the Internet, and the autonomous systems that they are of."""
ATTEMPTS = 2
"""Rounds of the C library through its nameservers (resolv.conf(5))."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What the target signs in with. Everything left out is as it should be."""

    kind: str = "secret_key"
    """Or "usersig", or "none"."""
    key: str = KEY
    identifier: str = "administrator"
    signed_for: str = "administrator"
    signed_app: int = 1400000000
    age: float = 60.0
    """Seconds since the usersig was made; negative lies in the future."""
    lives: float = 30 * 86400.0
    spoilt: str | None = None
    """"truncated", "double-encoded" or "malformed"."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A world with a fault in it, and the causes that a right diagnosis names, the first one first."""

    name: str
    title: str
    expect: tuple[str, ...] = ()
    addresses: tuple[str, ...] = (GATEWAY,)
    resolvers: tuple[Resolving, ...] = (Resolving(),)
    resolver_tcp: bool = True
    hosts: tuple[str, ...] = ()
    dead: Mapping[str, str] = {}
    """Addresses that do not lead to the gateway: "refused", "silent", "reset-on-accept"."""
    tls: str = "good"
    """A certificate's fault, or a word of `imdoctor.lab.raw.RAW`."""
    elsewhere: str | None = None
    """What stands at ELSEWHERE: a certificate's fault."""
    backup: str | None = None
    """What stands at the backup domain; None: the same as at the target."""
    public: Resolving | None = None
    """How a public resolver answers; None: there is none, and third parties are not asked."""
    leaves_by: str = HOST_EXIT
    """By which address the resolvers leave for the Internet; the host leaves by HOST_EXIT."""
    third_party: bool = False
    """Whether third parties, the lab's own copies of them, are asked."""
    gateway: Answering = Answering()
    proxy: str | None = None
    """"good", "dead", or a word of `imdoctor.lab.proxy.ANSWERS`."""
    proxy_credentials: str | None = None
    exempt: bool = False
    """The target is in NO_PROXY."""
    credentials: Credentials = Credentials()
    sdkappid: int = 1400000000
    client: Client = Client(timeout=5.0, keepalive=True, pool=10)
    clock: float = 0.0
    """The host's clock against the real one, in seconds."""
    offline: bool = False
    timeout: float = 5.0


@contextlib.contextmanager
def open_world(scenario: Scenario) -> Iterator[Job]:
    """Start what a scenario needs; yield the job of examining it from inside."""
    with tempfile.TemporaryDirectory(prefix="imdoctor-lab-") as name, LabLoop() as lab:
        folder = Path(name)
        authority = Authority()
        ports = _ports(scenario, lab, authority, folder)
        (folder / "ca.pem").write_bytes(authority.root.pem())
        (folder / "resolv.conf").write_text(
            "".join(f"nameserver 10.53.0.{n + 1}\n" for n in range(len(scenario.resolvers)))
        )
        (folder / "hosts").write_text("127.0.0.1 localhost\n" + "".join(f"{line}\n" for line in scenario.hosts))
        (folder / "nsswitch.conf").write_text("hosts: files dns\n")
        nobody = lab.silent() if scenario.offline else lab.refusing()

        def dial(address: str, port: int) -> tuple[str, int]:
            return LOOPBACK, ports.get((address, port), nobody)

        yield Job(
            name="sandbox" if not scenario.expect else scenario.name,
            settings=_settings(scenario),
            machine=_machine(scenario, folder, dial),
            credential=credential(scenario.credentials, time.time() + scenario.clock),
        )


def _settings(scenario: Scenario) -> Settings:
    held = scenario.credentials
    return Settings(
        endpoint=Endpoint(HOST),
        sdkappid=scenario.sdkappid,
        identifier=held.identifier,
        timeout=scenario.timeout,
        client=scenario.client,
        credential=held.kind,
        third_party=scenario.third_party or scenario.public is not None,
    )


def _machine(scenario: Scenario, folder: Path, dial: Callable[[str, int], tuple[str, int]]) -> Machine:
    environ = {}
    if scenario.proxy:
        login = f"{scenario.proxy_credentials}@" if scenario.proxy_credentials and scenario.proxy != "auth" else ""
        environ["https_proxy"] = f"http://{login}{PROXY}:3128"
    if scenario.exempt:
        environ["no_proxy"] = HOST
    machine = Machine(
        resolv_conf=folder / "resolv.conf",
        resolved_conf=folder / "no-such-file",
        hosts=folder / "hosts",
        nsswitch=folder / "nsswitch.conf",
        environ=environ,
        dial=dial,
        route=_route(scenario),
        links=lambda: (Link(name="lab0", state="down" if scenario.offline else "up"),),
        gateways=lambda: ("10.0.0.1",),
        wall=lambda: time.time() + scenario.clock,
        ca_file=folder / "ca.pem",
        reference_ca_file=folder / "ca.pem",
        controls=(CONTROL,),
        subnet_resolvers=(CONTROL,),
        root=folder,
        resolvectl=_no_resolvectl,
    )

    async def resolve(host: str, port: int) -> SystemAnswer:
        del port
        return await _resolve(machine, host)

    return replace(machine, resolve=resolve)


async def _no_resolvectl(limit: float) -> None:
    """Stand for a machine without it."""
    del limit


def _route(scenario: Scenario) -> Callable[[str], Route]:
    def route(to: str) -> Route:
        if scenario.offline:
            return Route(to=to, source=None, error="ENETUNREACH")
        return Route(to=to, source="2402:4e00:1900::2" if ":" in to else SOURCE, error=None)

    return route


async def _resolve(machine: Machine, host: str) -> SystemAnswer:
    """Resolve as the C library does: the hosts file, then the nameservers in their order, the first that has a say."""
    if pinned := hosts_entry(machine, host):
        return SystemAnswer(addresses=pinned)
    for server in nameservers(machine) * ATTEMPTS:
        a, aaaa = await asyncio.gather(*(ask(machine, server, host, kind, 1.0) for kind in ("A", "AAAA")))
        if addresses := a.addresses + aaaa.addresses:
            return SystemAnswer(addresses=addresses)
        if "NXDOMAIN" in {a.rcode, aaaa.rcode}:
            return SystemAnswer(error="EAI_NONAME")
        if a.rcode == "NOERROR" and not a.tcp_error:
            return SystemAnswer(error="EAI_NODATA")
    return SystemAnswer(error="EAI_AGAIN")


def credential(held: Credentials, now: float) -> Credential:
    """Make the credential as the application would at a time (Unix seconds) by its own clock, and spoil it as told."""
    if held.kind == "none":
        return Credential()
    made_at = int(now - held.age)
    text = usersig.make(
        key=held.key, sdkappid=held.signed_app, identifier=held.signed_for, time=made_at, expire=int(held.lives)
    )
    spoilt = {
        "truncated": text[: len(text) // 2],
        "double-encoded": text.replace("*", "%2A").replace("-", "%2D").replace("_", "%5F"),
        "malformed": "not a usersig",
    }
    sig = Secret(spoilt[held.spoilt] if held.spoilt else text)
    if held.kind == "usersig":
        return Credential(usersig=sig)
    return Credential(usersig=sig, secret_key=Secret(held.key), made_at=made_at)


def _ports(scenario: Scenario, lab: LabLoop, authority: Authority, folder: Path) -> dict[tuple[str, int], int]:
    """Start the servers; return where each address and port really is."""
    gateway = Gateway(App(key=KEY), scenario.gateway)
    main = serve(lab, gateway, scenario.tls, authority=authority, folder=folder)
    ports = {(address, 443): main for address in scenario.addresses}
    for address, how in scenario.dead.items():
        ports[address, 443] = {"refused": lab.refusing, "silent": lab.silent}.get(
            how, lambda: lab.serve(RAW["reset-on-accept"])
        )()
    if scenario.elsewhere:
        ports[ELSEWHERE, 443] = serve(lab, gateway, scenario.elsewhere, authority=authority, folder=folder)
    if not scenario.offline:
        ports[CONTROL, 443] = lab.serve(RAW["closed"])
    ports[BACKUP_ADDRESS, 443] = (
        serve(lab, gateway, scenario.backup, authority=authority, folder=folder) if scenario.backup else main
    )
    name, server = WHOAMI_DIRECT
    zone = {HOST: scenario.addresses, BACKUP: (BACKUP_ADDRESS,), server: (AUTHORITY,)}
    texts = {origin_name(one, ASN_ZONE): f'"{asn} | {one}/24 | CN | apnic |"' for one, asn in NETWORKS.items()}
    texts[WHOAMI] = f'"ns" "{scenario.leaves_by}"'
    ports[AUTHORITY, 53] = start(lab, Resolver({name: (HOST_EXIT,)}, Resolving()))
    if scenario.public:
        ports[CONTROL, 53] = start(lab, Resolver(zone, scenario.public))
    for number, resolving in enumerate(scenario.resolvers, 1):
        resolver = Resolver(zone, resolving, texts)
        port = start(lab, resolver, tcp=scenario.resolver_tcp)
        ports[f"10.53.0.{number}", 53] = port
    if scenario.proxy and scenario.proxy != "dead":
        ports[PROXY, 3128] = lab.serve(proxy(scenario.proxy, lambda host, port: main, scenario.proxy_credentials))  # noqa: ARG005 - the lab has one gateway
    return ports
