"""Which proxy the environment names for a host, and the CONNECT through it (RFC 9110 §9.3.6)."""

import asyncio
import base64
import ipaddress
import socket
import time
import urllib.parse
from collections.abc import Mapping

import h11
import msgspec
from msgspec import structs

from imdoctor.net.connect import Connect, Dial, connect
from imdoctor.net.http import SUCCESS, class_of
from imdoctor.net.machine import errno_name

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080, "socks4": 1080}
LONGEST_ANSWER = 16 * 1024
"""Bytes of an answer to CONNECT, its header included."""


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy. ``source`` is the variable that named it, or "configuration". ``authorization`` is not for showing."""

    scheme: str
    host: str
    port: int
    source: str
    authorization: str | None = None

    @property
    def shown(self) -> str:
        """The proxy's URL without its user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Proxy({self.shown!r}, source={self.source!r})"


class Tunnel(msgspec.Struct, frozen=True, kw_only=True):
    """What came of CONNECT.

    ``error``: None, "resolve", "connect", "timeout", "closed", "reset", "garbage", "refused" (an answer other than 2xx),
    "unsupported-scheme".
    """

    proxy: str
    address: str | None = None
    """The proxy's own address that was used."""
    connect: Connect | None = None
    status: int | None = None
    reason: str | None = None
    server: str | None = None
    """The answer's Server, Proxy-Agent or Via header."""
    authenticate: str | None = None
    """The Proxy-Authenticate header's scheme."""
    seconds: float | None = None
    error: str | None = None


def proxy_for(setting: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for an https:// call to a host: ``setting`` is "env", "none" or a URL; NO_PROXY is honoured with "env"."""
    if setting == "none":
        return None
    if setting != "env":
        return _parse(setting, "configuration")
    source = next(
        (name for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") if environ.get(name)), None
    )
    if source is None or exempt(host, port, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    return _parse(environ[source], source)


def _parse(text: str, source: str) -> Proxy | None:
    """Read a proxy's URL; without a scheme it is http. Returns None for what names no host."""
    try:
        url = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
        port = url.port
    except ValueError:
        return None
    if not url.hostname:
        return None
    authorization = None
    if url.username is not None:
        pair = f"{urllib.parse.unquote(url.username)}:{urllib.parse.unquote(url.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    return Proxy(
        scheme=url.scheme.lower(),
        host=url.hostname,
        port=port or PORTS.get(url.scheme.lower(), 80),
        source=source,
        authorization=authorization,
    )


def exempt(host: str, port: int, no_proxy: str) -> bool:
    """Tell whether NO_PROXY exempts a host: by name or suffix, `*`, address or network, each with or without a port."""
    return any(_exempts(entry, host.lower().rstrip("."), port) for entry in no_proxy.replace(",", " ").lower().split())


def _exempts(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    try:
        network = ipaddress.ip_network(entry.strip("[]"), strict=False)
        return ipaddress.ip_address(host) in network
    except ValueError:
        name, _, wanted = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    if wanted and wanted != str(port):
        return False
    name = name.lstrip("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


async def tunnel(
    proxy: Proxy, host: str, port: int, *, addresses: tuple[str, ...], timeout: float, dial: Dial
) -> tuple[Tunnel, socket.socket | None]:
    """Open a tunnel through a proxy, at the first of its ``addresses`` that connects. The caller closes the socket.

    Only http:// proxies are spoken to: TLS to the proxy itself and SOCKS are told as "unsupported-scheme".
    """
    seen = Tunnel(proxy=proxy.shown)
    if proxy.scheme != "http":
        return structs.replace(seen, error="unsupported-scheme"), None
    if not addresses:
        return structs.replace(seen, error="resolve"), None
    ends = time.monotonic() + timeout
    sock, attempt = None, None
    for address in addresses:
        attempt, sock = await connect(address, proxy.port, timeout=max(ends - time.monotonic(), 0.05), dial=dial)
        if sock is not None:
            break
    seen = structs.replace(seen, address=attempt.address if attempt else None, connect=attempt)
    if sock is None:
        return structs.replace(seen, error="connect"), None
    told = await _ask(sock, proxy, host, port, max(ends - time.monotonic(), 0.05))
    seen = structs.replace(seen, **structs.asdict(told))
    if seen.error is not None:
        sock.close()
        return seen, None
    return seen, sock


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy's answer to CONNECT: the fields of Tunnel that come from it."""

    status: int | None = None
    reason: str | None = None
    server: str | None = None
    authenticate: str | None = None
    seconds: float | None = None
    error: str | None = None


async def _ask(sock: socket.socket, proxy: Proxy, host: str, port: int, timeout: float) -> Told:
    """Send CONNECT and read the answer's header."""
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = [("Host", target), *([("Proxy-Authorization", proxy.authorization)] if proxy.authorization else [])]
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_ANSWER)
    started, received = time.monotonic_ns(), bytearray()
    try:
        async with asyncio.timeout(timeout):
            request = http.send(h11.Request(method="CONNECT", target=target, headers=headers))
            await asyncio.get_running_loop().sock_sendall(sock, request or b"")
            return _told(await _response(sock, http, received), http, (time.monotonic_ns() - started) / 1e9)
    except asyncio.CancelledError:
        sock.close()
        raise
    except TimeoutError:
        return Told(error="timeout")
    except h11.RemoteProtocolError:
        return Told(error="garbage" if received else "closed")
    except OSError as error:
        return Told(error="reset" if errno_name(error) in {"ECONNRESET", "EPIPE"} else errno_name(error))


async def _response(sock: socket.socket, http: h11.Connection, received: bytearray) -> h11.Response:
    """Read the answer's header; what came is kept in ``received``. Raises h11.RemoteProtocolError."""
    while True:
        event = http.next_event()
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            data = await asyncio.get_running_loop().sock_recv(sock, LONGEST_ANSWER)
            received += data
            http.receive_data(data)
        elif isinstance(event, h11.ConnectionClosed):
            raise h11.RemoteProtocolError("the proxy closed the connection")


def _told(response: h11.Response, http: h11.Connection, seconds: float) -> Told:
    headers = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in response.headers}
    good = class_of(response.status_code) == SUCCESS  # any of them (RFC 9110 §9.3.6)
    # After a 2xx come the tunnel's bytes, and the client speaks first in it: what is there already is no tunnel's.
    garbage = good and bool(http.trailing_data[0])
    return Told(
        status=response.status_code,
        reason=response.reason.decode("latin-1")[:100],
        server=next((headers[name][:200] for name in ("server", "proxy-agent", "via") if name in headers), None),
        authenticate=next(iter(headers.get("proxy-authenticate", "").split()), None),
        seconds=seconds,
        error="garbage" if garbage else None if good else "refused",
    )
