"""Real servers, started on a host: unbound, dnsmasq, systemd-resolved, nginx, tinyproxy, squid."""

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator, Mapping

from imdoctor.lab.loop import Place
from imdoctor.lab.resolver import Resolving
from tests.lab.model import PROXY, PROXY_PORT, Proxy, Resolver
from tests.lab.network import Host

PLAIN = Resolving()
Zone = Mapping[str, tuple[str, ...]]
NOTHING_ELSE = 'local-zone: "." static'

UNBOUND = """server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  interface: {address}
  access-control: 0.0.0.0/0 allow
  access-control: ::0/0 allow
  module-config: "iterator"
  do-not-query-localhost: no
{lines}
"""
NGINX = """
daemon off;
master_process off;
user root;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxied;
  fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{
    listen {address}:443 ssl;
    ssl_certificate {folder}/site.pem;
    ssl_certificate_key {folder}/site.pem;
    {lines}
  }}
}}
"""
TINYPROXY = """User root
Group root
Port {port}
Listen {address}
Timeout 20
MaxClients 50
{lines}
"""
SQUID = """http_port {address}:{port}
pid_filename none
cache_log {folder}/cache.log
access_log none
cache deny all
coredump_dir {folder}
shutdown_lifetime 0 seconds
dns_timeout 2 seconds
{lines}
"""
RESOLVED = "[Resolve]\nDNS={upstream}\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\nCache=yes\nDNSStubListener=yes\n"


def listening(address: str, port: int) -> Callable[[], bool]:
    """Return a question, to be asked on the server's host: whether it accepts connections."""

    def ask() -> bool:
        try:
            with socket.create_connection((address, port), timeout=1):
                return True
        except OSError:
            return False

    return ask


def _local_data(zone: Zone) -> Iterator[str]:
    for name, addresses in zone.items():
        for address in addresses:
            kind = "AAAA" if ipaddress.ip_address(address).version == 6 else "A"
            yield f'local-data: "{name}. 60 IN {kind} {address}"'


@contextlib.contextmanager
def unbound(host: Host, resolver: Resolver, zone: Zone) -> Iterator[None]:
    """Run unbound with a zone of its own, and nothing else that it knows."""
    lines = "\n".join(f"  {line}" for line in (*(resolver.lines or (NOTHING_ELSE,)), *_local_data(zone)))
    if any(line.startswith("forward-zone") for line in resolver.lines):
        lines = "\n".join(resolver.lines)
    file = host.folder / f"unbound-{resolver.address.replace(':', '-')}.conf"
    file.write_text(UNBOUND.format(folder=host.folder, address=resolver.address, lines=lines))
    with host.serving("unbound", "-d", "-c", str(file), ready=listening(resolver.address, 53)):
        yield


@contextlib.contextmanager
def dnsmasq(host: Host, resolver: Resolver, zone: Zone) -> Iterator[None]:
    """Run dnsmasq with a zone of its own and nothing else that it knows; with a `--server=` among its lines, with that alone."""
    forwards = any(line.startswith("--server=") for line in resolver.lines)
    known = {} if forwards else zone
    records = [f"--host-record={','.join((name, *addresses))}" for name, addresses in known.items() if addresses]
    own = (
        "--no-resolv",
        "--no-hosts",
        "--bind-interfaces",
        f"--listen-address={resolver.address}",
        "--user=root",
        "--pid-file=",
        "--except-interface=nothing",
        *(() if forwards else ("--local=/#/",)),
    )
    command = ("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", *own, *records, *resolver.lines)
    with host.serving(*command, ready=listening(resolver.address, 53)):
        yield


@contextlib.contextmanager
def debian(host: Host, resolver: Resolver, zone: Zone) -> Iterator[None]:
    """Run dnsmasq as Debian's service does, by single letters; its `server=` stands in a folder."""
    del zone
    folder = host.folder / "dnsmasq.d"
    folder.mkdir()
    lines = ("no-resolv", *(line.removeprefix("--") for line in resolver.lines))
    (folder / "corp.conf").write_text("".join(f"{line}\n" for line in lines))
    (folder / "corp.conf.dpkg-old").write_text("server=10.53.0.9\n")
    where = ("-x", str(host.folder / "dnsmasq.pid"), "-u", "root", "-7", f"{folder},.dpkg-dist,.dpkg-old,.dpkg-new")
    with host.serving("dnsmasq", "-k", *where, "--local-service", ready=listening(resolver.address, 53)):
        yield


@contextlib.contextmanager
def resolved(host: Host, resolver: Resolver, zone: Zone) -> Iterator[None]:
    """Run systemd-resolved on its stub; ``lines`` name the resolver behind it, which stands in the world as well."""
    del zone
    systemd = host.folder / "run" / "systemd"
    for name in ("resolve", "resolved.conf.d"):
        (systemd / name).mkdir(parents=True)
    (systemd / "resolved.conf.d" / "lab.conf").write_text(RESOLVED.format(upstream=resolver.lines[0]))
    (systemd / "resolve").chmod(0o777)
    # As root it would become a user that only its package's installation makes.
    as_nobody = (
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=+net_bind_service,+net_raw,+setpcap",
        "--ambient-caps=+net_bind_service,+net_raw,+setpcap",
    )
    with host.serving(*as_nobody, "systemd-resolved", ready=listening(resolver.address, 53)):
        yield


@contextlib.contextmanager
def nginx(host: Host, place: Place, lines: tuple[str, ...]) -> Iterator[None]:
    """Run nginx on an address's port 443; ``lines`` say what its server does."""
    address = f"[{place.address}]" if ":" in (place.address or "") else place.address
    file = host.folder / "nginx.conf"
    file.write_text(NGINX.format(folder=host.folder, address=address, lines="\n    ".join(lines)))
    with host.serving("nginx", "-p", str(host.folder), "-c", str(file), ready=listening(place.address or "", 443)):
        yield


@contextlib.contextmanager
def tinyproxy(host: Host, how: Proxy) -> Iterator[None]:
    """Run tinyproxy, which lets CONNECT to 443 through unless ``lines`` say otherwise."""
    file = host.folder / "tinyproxy.conf"
    file.write_text(
        TINYPROXY.format(address=PROXY, port=PROXY_PORT, lines="\n".join(how.lines or ("ConnectPort 443",)))
    )
    with host.serving("tinyproxy", "-d", "-c", str(file), ready=listening(PROXY, PROXY_PORT)):
        yield


@contextlib.contextmanager
def squid(host: Host, how: Proxy) -> Iterator[None]:
    """Run squid, which lets everything through unless ``lines`` say otherwise."""
    file = host.folder / "squid.conf"
    lines = "\n".join(how.lines or ("http_access allow all",))
    file.write_text(SQUID.format(address=PROXY, port=PROXY_PORT, folder=host.folder, lines=lines))
    host.folder.chmod(0o777)
    with host.serving(
        "squid", "-N", "-f", str(file), ready=listening(PROXY, PROXY_PORT), last_words=host.folder / "cache.log"
    ):
        yield


RESOLVERS: dict[str, Callable[[Host, Resolver, Zone], contextlib.AbstractContextManager[None]]] = {
    "unbound": unbound,
    "dnsmasq": dnsmasq,
    "debian": debian,
    "resolved": resolved,
}
PROXIES: dict[str, Callable[[Host, Proxy], contextlib.AbstractContextManager[None]]] = {
    "tinyproxy": tinyproxy,
    "squid": squid,
}
