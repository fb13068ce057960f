"""The machine as the observers see it: its files, its proxy variables, its ways to the network, its clock.

The embedded lab hands out a machine of its own, so that nothing of the host's is used in it.
"""

import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from imdoctor.net.kept import PROCESS, Kept

IPV4, IPV6 = 4, 6
"""The families of addresses, by their version."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """How the kernel would leave for an address: from which source, or why not (an errno's name)."""

    to: str
    source: str | None
    error: str | None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A network interface and its operational state (RFC 2863: "up", "down", "unknown" …)."""

    name: str
    state: str


class SystemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the C library answers to the application: addresses in its order, or an error such as EAI_NONAME."""

    addresses: tuple[str, ...] = ()
    error: str | None = None
    seconds: float | None = None
    late: bool = False
    """The event loop was late meanwhile: the time is not to be trusted."""


def route_to(address: str) -> Route:
    """Ask the kernel for the route to an address: connect(2) on a datagram socket sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 53))
            return Route(to=address, source=probe.getsockname()[0], error=None)
    except OSError as error:
        return Route(to=address, source=None, error=errno_name(error))


def links() -> tuple[Link, ...]:
    """Return the interfaces beside loopback, with their state from sysfs; elsewhere than on Linux the state is "unknown"."""

    def state(name: str) -> str:
        try:
            return Path("/sys/class/net", name, "operstate").read_text("ascii").strip()
        except OSError:
            return "unknown"

    return tuple(Link(name=name, state=state(name)) for _, name in socket.if_nameindex() if name not in {"lo", "lo0"})


def gateways() -> tuple[str, ...]:
    """Return the default gateways from /proc/net/route and /proc/net/ipv6_route (proc(5)); none where there is no such file."""
    found = []
    for path, fields in (("/proc/net/route", (1, 2)), ("/proc/net/ipv6_route", (0, 4))):
        try:
            rows = [line.split() for line in Path(path).read_text("ascii").splitlines()]
        except OSError:
            continue
        destination, gateway = fields
        raw = [row[gateway] for row in rows if len(row) > gateway and not row[destination].strip("0")]
        found += [_from_hex(text) for text in raw if text.strip("0")]
    return tuple(dict.fromkeys(found))


def _from_hex(text: str) -> str:
    """Return the address of a hexadecimal field: IPv4 in the host's byte order, IPv6 in the network's."""
    raw = bytes.fromhex(text)
    if len(raw) == 4:  # noqa: PLR2004 - the bytes of an IPv4 address
        return socket.inet_ntop(socket.AF_INET, raw if sys.byteorder == "big" else raw[::-1])
    return socket.inet_ntop(socket.AF_INET6, raw)


def errno_name(error: OSError) -> str:
    """Return an error's name, such as ECONNREFUSED, or its text where it has no number."""
    import errno

    return errno.errorcode.get(error.errno or 0, str(error))


def directly(address: str, port: int) -> tuple[str, int]:
    """Dial an address as it stands."""
    return address, port


async def resolvectl(limit: float) -> str | None:
    """Return what resolvectl says of the nameservers, as JSON where the release can; None where it is not there or does not answer."""
    import asyncio

    for command in (("resolvectl", "--json=short", "dns"), ("resolvectl", "dns")):
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError:
            return None
        try:
            async with asyncio.timeout(limit):
                said, _ = await process.communicate()
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == 0:
            return said.decode("utf-8", "replace")
    return None


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Everything of a host that an observer reads or goes through.

    ``dial`` maps an address and port to those really dialled; the lab keeps public-looking addresses on loopback by it.
    ``resolve`` stands for the C library's look-up (None: getaddrinfo itself). ``ca_file`` is the system's trust store
    (None: OpenSSL's default places), ``reference_ca_file`` one to compare it with (None: the one that httpx brings).
    ``controls`` are public resolvers asked on TCP 443 whether there is a network; ``subnet_resolvers`` are asked what another
    network is given. ``root`` is where /etc and /proc are, for the files of resolvers on this machine.
    ``kept`` holds what lasts from run to run.
    """

    resolv_conf: Path = Path("/etc/resolv.conf")
    resolved_conf: Path = Path("/run/systemd/resolve/resolv.conf")
    hosts: Path = Path("/etc/hosts")
    nsswitch: Path = Path("/etc/nsswitch.conf")
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    dial: Callable[[str, int], tuple[str, int]] = directly
    resolve: Callable[[str, int], Awaitable[SystemAnswer]] | None = None
    route: Callable[[str], Route] = route_to
    links: Callable[[], tuple[Link, ...]] = links
    gateways: Callable[[], tuple[str, ...]] = gateways
    wall: Callable[[], float] = time.time
    ca_file: Path | None = None
    reference_ca_file: Path | None = None
    controls: tuple[str, ...] = ("223.5.5.5", "2400:3200::1")
    subnet_resolvers: tuple[str, ...] = ("223.5.5.5", "119.29.29.29", "8.8.8.8")
    root: Path = Path("/")
    resolvectl: Callable[[float], Awaitable[str | None]] = resolvectl
    kept: Kept = PROCESS
