"""HTTP echoes: pages that say from which address they were asked, and where that is."""

import asyncio
import re
import socket
import ssl
import time
import urllib.parse
from dataclasses import dataclass, field

import msgspec

from imdoctor.net.call import Call, Connection, open_connection, open_through
from imdoctor.net.connect import Dial, connect
from imdoctor.net.geo import Told, clean, is_public
from imdoctor.net.http import OK
from imdoctor.net.ledger import LagWatch
from imdoctor.net.lookup import system_answer
from imdoctor.net.machine import IPV6, Machine
from imdoctor.net.pages import decode, parse
from imdoctor.net.proxy import Proxy, tunnel
from imdoctor.speech import say

REDIRECTS = 3
PORTS = {"https": 443, "http": 80}
MOVED = {301, 302, 303, 307, 308}
LARGEST = 1 << 16
"""Bytes of a page that are read for what it shows."""
HOSTNAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
PLAIN = "/?%&=+,;:@!$'()*~"
"""What a path and a query may hold beside letters, digits and `-._` (RFC 3986 §3.3, §3.4)."""


class Echo(msgspec.Struct, frozen=True, kw_only=True):
    """What one echo shows: the asker's address and, where it tells, the address of the resolver that found it."""

    url: str
    via: str
    """"direct", or "proxy"."""
    family: int | None = None
    address: str | None = None
    resolver: str | None = None
    told: tuple[Told, ...] = ()
    """Where it says that these are."""
    seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Get:
    """A plain GET, as `imdoctor.net.call` sends it."""

    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def shown(self) -> str:
        """The path."""
        return self.path


@dataclass(frozen=True, kw_only=True)
class Way:
    """How echoes are reached: directly over a family (4 or 6), or through a proxy."""

    machine: Machine
    context: ssl.SSLContext
    lag: LagWatch = field(default_factory=LagWatch)
    family: int | None = None
    proxy: Proxy | None = None
    proxy_addresses: tuple[str, ...] = ()

    @property
    def via(self) -> str:
        """The word for it."""
        return "direct" if self.proxy is None else "proxy"


async def ask_echo(url: str, way: Way, limit: float) -> Echo:
    """Ask one echo, following its redirects within its own domain."""
    seen, started = Echo(url=url, via=way.via, family=way.family), time.monotonic()
    try:
        async with asyncio.timeout(limit):
            return await _follow(url, way, seen, limit, started)
    except TimeoutError:
        return msgspec.structs.replace(seen, error="timeout")


async def _follow(url: str, way: Way, seen: Echo, limit: float, started: float) -> Echo:
    home, here = urllib.parse.urlsplit(url).hostname or "", url
    for _ in range(REDIRECTS + 1):
        told = await _get(here, way, limit)
        if isinstance(told, str):
            return msgspec.structs.replace(seen, error=told)
        call, body = told
        if call.error is not None:
            return msgspec.structs.replace(seen, error=call.error)
        if call.status not in MOVED:
            return _shown(seen, call, body, time.monotonic() - started)
        try:
            here = redirected(here, call.headers.get("location", ""), home)
        except ValueError as error:
            return msgspec.structs.replace(seen, error=str(error))
    return msgspec.structs.replace(seen, error=say("too many redirects"))


def redirected(here: str, location: str, home: str) -> str:
    """Return where a redirect leads. Raises ValueError with why it is not followed: only http and https within ``home`` are."""
    try:
        there = urllib.parse.urljoin(here, location)
        parts = urllib.parse.urlsplit(there)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(say("a redirect to nowhere")) from None
    within = host == home or host.endswith(f".{home}")
    if parts.scheme not in PORTS or not within or not HOSTNAME.fullmatch(host):
        raise ValueError(say("a redirect to {host}", host=clean(host)) if clean(host) else say("a redirect to nowhere"))
    return there


def target(url: str) -> str:
    """Return a URL's path and query as a request line may hold them (RFC 9112 §3.2); a header's other characters are bytes."""
    parts = urllib.parse.urlsplit(url)
    path, query = (
        urllib.parse.quote(part, safe=PLAIN, encoding="latin-1", errors="replace")
        for part in (parts.path or "/", parts.query)
    )
    return f"{path}?{query}" if query else path


async def _get(url: str, way: Way, limit: float) -> tuple[Call, bytes] | str:
    """Get one page, or say why there is none."""
    parts = urllib.parse.urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    addresses: tuple[str, ...] = ()
    if way.proxy is None:
        found = await system_answer(way.machine, f"{host}.", port, limit)
        addresses = tuple(one for one in found.addresses if way.family is None or (":" in one) is (way.family == IPV6))
        if not addresses:
            return found.error or say("its name has no address of this family")
    connection = await _open(parts.scheme, host, port, addresses, way, limit)
    if isinstance(connection, str):
        return connection
    try:
        return await connection.call(Get(target(url)), kind="cold", timeout=limit, wall=way.machine.wall, lag=way.lag)
    finally:
        connection.close()


async def _open(
    scheme: str, host: str, port: int, addresses: tuple[str, ...], way: Way, limit: float
) -> Connection | str:
    """Open a connection, or say why there is none."""
    if scheme == "http":
        sock = await _plainly(host, port, addresses, way, limit)
        return say("no connection") if sock is None else Connection(PlainStream(sock), host, port)
    dial = way.machine.dial
    if way.proxy is not None:
        reach, connection = await open_through(
            way.proxy,
            addresses=way.proxy_addresses,
            host=host,
            port=port,
            context=way.context,
            timeout=limit,
            dial=dial,
        )
    else:
        reach, connection = await open_connection(
            addresses, host=host, port=port, context=way.context, timeout=limit, dial=dial
        )
    if connection is not None:
        return connection
    if reach.handshake is not None:
        return reach.handshake.verify_message or reach.handshake.error or say("no handshake")
    if reach.tunnel is not None:
        return say("the proxy opens no tunnel ({answer})", answer=reach.tunnel.status or reach.tunnel.error)
    return next((one.error for one in reach.connects if one.error), say("no connection"))


async def _plainly(host: str, port: int, addresses: tuple[str, ...], way: Way, limit: float) -> socket.socket | None:
    """Connect without TLS."""
    dial: Dial = way.machine.dial
    if way.proxy is not None:
        _, sock = await tunnel(way.proxy, host, port, addresses=way.proxy_addresses, timeout=limit, dial=dial)
    else:
        _, sock = await connect(addresses[0], port, timeout=limit, dial=dial)
    return sock


class PlainStream:
    """A connection without TLS, as `imdoctor.net.call.Connection` uses one: some echoes redirect to http."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    async def read(self, size: int, *, timeout: float | None) -> bytes:
        """Return up to ``size`` bytes. Raises TimeoutError and OSError."""
        async with asyncio.timeout(timeout):
            return await asyncio.get_running_loop().sock_recv(self.sock, size)

    async def write(self, data: bytes, *, timeout: float | None) -> None:
        """Send all of ``data``. Raises TimeoutError and OSError."""
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().sock_sendall(self.sock, data)

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()


def _shown(seen: Echo, call: Call, body: bytes, seconds: float) -> Echo:
    """Return what a page shows."""
    if call.status != OK:
        return msgspec.structs.replace(seen, error=f"HTTP {call.status}")
    shown = parse(seen.url, decode(body[:LARGEST]))
    if shown is None:
        return msgspec.structs.replace(seen, error=say("no address in the answer"))
    address, resolver, told = shown
    strange = next((one for one in (address, resolver) if one is not None and not is_public(one)), None)
    if strange is not None:
        return msgspec.structs.replace(seen, error=say("{address}, which is no public address", address=clean(strange)))
    return msgspec.structs.replace(seen, address=address, resolver=resolver, told=told, seconds=seconds)
