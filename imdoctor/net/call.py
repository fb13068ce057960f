"""HTTP calls over one connection that is opened and timed here, HTTP/1.1 spoken by h11.

The address is pinned, each phase is timed at the stream, the errno is kept, and whatever a hostile server does costs at most
the timeout and the limits below.
"""

import asyncio
import select
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import h11
import msgspec
from msgspec import structs

from imdoctor.net.connect import Connect, Dial, TcpInfo, connect, tcp_info
from imdoctor.net.handshake import Handshake, handshake
from imdoctor.net.http import HTTPS_PORT
from imdoctor.net.ledger import LagWatch, Ledger, close
from imdoctor.net.machine import errno_name
from imdoctor.net.proxy import Proxy, Tunnel, tunnel
from imdoctor.speech import say

HEADER_MAX = 64 * 1024
"""Bytes of an answer's header."""
READ = 64 * 1024
GZIP_OR_ZLIB = 47
"""Window bits by which zlib recognises either format (zlib.h)."""
BODY_MAX = 1 << 20
"""Bytes of a body that are read; a larger one is an error."""
STAGGER = 0.25
"""Seconds before the next address is tried beside a silent one (RFC 8305 §5)."""
SHOWN_HEADERS = (
    "server",
    "date",
    "age",
    "connection",
    "keep-alive",
    "via",
    "location",
    "content-type",
    "content-length",
    "content-encoding",
)
USER_AGENT = "imdoctor"


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection for calls was opened: the address, and what each step said. None: the step was not reached."""

    address: str | None = None
    connects: tuple[Connect, ...] = ()
    tunnel: Tunnel | None = None
    handshake: Handshake | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``error``: None, "timeout", "reset", "closed" (no byte of an answer), "truncated", "too-large", "bad-http".

    ``request`` is the method and path with ``usersig=***``; ``sent_at`` and ``answered_at`` are the host's clock (Unix seconds)
    at the first byte sent and received. ``headers`` holds those that matter, in lower case.
    ``body`` is the first 200 characters of the body.
    """

    request: str
    kind: str
    """"cold" (a new connection), "warm" (a kept one)."""
    ledger: Ledger = Ledger()
    error: str | None = None
    detail: str | None = None
    status: int | None = None
    http_version: str | None = None
    headers: dict[str, str] = {}
    body_bytes: int | None = None
    body: str | None = None
    sent_at: float | None = None
    answered_at: float | None = None
    request_bytes: int | None = None
    """Bytes of the request as it was sent, before TLS."""
    info: TcpInfo | None = None
    """What the kernel knew of the connection, where the call timed out."""
    kept: bool = False
    """Whether the connection may carry another call."""


class Wire(Protocol):
    """A request as it is sent; ``shown`` is its path without the credential."""

    @property
    def method(self) -> str:
        """GET or POST."""

    @property
    def path(self) -> str:
        """The path with its query, as it is sent."""

    @property
    def headers(self) -> Iterable[tuple[str, str]]:
        """Names and values; Host is added where it is not among them."""

    @property
    def body(self) -> bytes:
        """What follows the headers; it may be empty."""

    @property
    def shown(self) -> str:
        """The path as people may see it."""


class Stream(Protocol):
    """What a call goes over: a TLS connection as a rule."""

    @property
    def sock(self) -> socket.socket:
        """The socket beneath it."""

    async def read(self, size: int, *, timeout: float | None) -> bytes:
        """Return what comes, at most so many bytes; none at its end. Raises TimeoutError, OSError, ssl.SSLError."""

    async def write(self, data: bytes, *, timeout: float | None) -> None:
        """Send all of it. Raises TimeoutError, OSError."""

    def close(self) -> None:
        """End it."""


@dataclass
class Times:
    """When bytes went and came, on the monotonic clock (ns) and the host's clock (s)."""

    wall: Callable[[], float]
    start: int = field(default_factory=time.monotonic_ns)
    sent_first: int | None = None
    sent_last: int | None = None
    received_first: int | None = None
    sent_at: float | None = None
    answered_at: float | None = None
    sent_bytes: int | None = None

    def phases(self, end: int) -> dict[str, float]:
        """Return send, wait and receive, as far as they were reached."""
        marks = {
            "send": (self.sent_first, self.sent_last),
            "wait": (self.sent_last, self.received_first),
            "receive": (self.received_first, end),
        }
        return {name: (b - a) / 1e9 for name, (a, b) in marks.items() if a is not None and b is not None}


class Connection:
    """An open connection, for one call after another: HTTP/1.1 by h11 over a stream."""

    def __init__(self, stream: Stream, host: str, port: int) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADER_MAX)
        name = f"[{host}]" if ":" in host else host
        self._host = name if port == HTTPS_PORT else f"{name}:{port}"  # https' own port is left out (RFC 9110 §7.2)

    @property
    def usable(self) -> bool:
        """Whether another call may be sent: the last one is complete, both sides keep the connection, and nothing came unasked."""
        if self._stream.sock.fileno() < 0 or self._http.our_state is not h11.IDLE:
            return False
        return not select.select([self._stream.sock], [], [], 0)[0]

    async def call(
        self, request: Wire, *, kind: str, timeout: float, wall: Callable[[], float], lag: LagWatch
    ) -> tuple[Call, bytes]:
        """Make one call; redirects are not followed. Return what was seen, and the body."""
        times, answer = Times(wall=wall), Answer()
        error, detail = None, None
        started = lag.now()
        try:
            async with asyncio.timeout(timeout):  # bounds every read and write within
                await self._send(request, times)
                await self._receive(answer, times)
        except (TimeoutError, OSError, h11.RemoteProtocolError, _TooLargeError) as failure:
            error, detail = _classify(
                failure, answered=times.received_first is not None, headed=answer.head is not None
            )
        end = time.monotonic_ns()
        info = tcp_info(self._stream.sock) if error == "timeout" else None
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self.close()
        ledger = close(times.phases(end), (end - times.start) / 1e9, late=lag.late_since(started))
        seen = Call(request=f"{request.method} {request.shown}", kind=kind, ledger=ledger, error=error, detail=detail)
        seen = structs.replace(
            seen,
            sent_at=times.sent_at,
            answered_at=times.answered_at,
            request_bytes=times.sent_bytes,
            info=info,
            kept=self.usable,
        )
        return _described(seen, answer), bytes(answer.body)

    async def _send(self, request: Wire, times: Times) -> None:
        headers = _headers(request, self._host)
        head = h11.Request(method=request.method, target=request.path, headers=headers)
        parts = (head, *([h11.Data(data=request.body)] if request.body else []), h11.EndOfMessage())
        data = b"".join(self._http.send(part) or b"" for part in parts)
        times.sent_first, times.sent_at, times.sent_bytes = time.monotonic_ns(), times.wall(), len(data)
        await self._stream.write(data, timeout=None)
        times.sent_last = time.monotonic_ns()

    async def _receive(self, answer: "Answer", times: Times) -> None:
        """Read one answer: its head, its body up to the limit, its end."""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                data = await self._stream.read(READ, timeout=None)
                if data and times.received_first is None:
                    times.received_first, times.answered_at = time.monotonic_ns(), times.wall()
                self._http.receive_data(data)
            elif isinstance(event, h11.Response):
                answer.begin(event)
            elif isinstance(event, h11.Data):
                answer.take(event.data)
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return

    def close(self) -> None:
        """Close it at once."""
        self._stream.close()


class Answer:
    """An answer as it comes: its head, and its body undone of gzip or deflate, by no more than the limit."""

    def __init__(self) -> None:
        self.head: h11.Response | None = None
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self._inflate: Any = None

    def begin(self, head: h11.Response) -> None:
        """Take the head."""
        self.head = head
        self.headers = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in head.headers}
        if self.headers.get("content-encoding") in {"gzip", "deflate"}:
            self._inflate = zlib.decompressobj(wbits=GZIP_OR_ZLIB)

    def take(self, part: bytes) -> None:
        """Take a part of the body. Raises _TooLargeError past the limit."""
        room = BODY_MAX + 1 - len(self.body)
        try:
            self.body += self._inflate.decompress(part, room) if self._inflate else part
        except zlib.error as error:
            raise h11.RemoteProtocolError(f"the body is not what Content-Encoding says: {error}") from None
        if len(self.body) > BODY_MAX:
            del self.body[BODY_MAX:]
            raise _TooLargeError


def _headers(request: Wire, host: str) -> list[tuple[str, str]]:
    own = {
        "host": host,
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "user-agent": USER_AGENT,
    }
    if request.body:
        own["content-length"] = str(len(request.body))
    given = list(request.headers)
    names = {name.lower() for name, _ in given}
    return [*((name, value) for name, value in own.items() if name not in names), *given]


class _TooLargeError(Exception):
    """The body passed its limit."""


def _classify(failure: Exception, *, answered: bool, headed: bool) -> tuple[str, str | None]:
    """Return the word and the detail for what ended a call. The one place that maps the libraries' errors."""
    text = str(failure)[:200]
    if isinstance(failure, TimeoutError):
        return "timeout", None
    if isinstance(failure, _TooLargeError):
        return "too-large", say("more than {most} bytes", most=BODY_MAX)
    if isinstance(failure, OSError):
        reason = (failure.reason or text) if isinstance(failure, ssl.SSLError) else errno_name(failure)
        return ("truncated" if answered else "reset"), reason
    if not answered:
        return "closed", None
    return ("truncated" if headed and "closed" in text else "bad-http"), text


def _described(seen: Call, answer: Answer) -> Call:
    if answer.head is None:
        return seen
    return structs.replace(
        seen,
        status=answer.head.status_code,
        http_version=f"HTTP/{answer.head.http_version.decode('ascii', 'replace')}",
        headers={name: answer.headers[name][:200] for name in SHOWN_HEADERS if name in answer.headers},
        body_bytes=len(answer.body),
        body=answer.body[:800].decode("utf-8", "replace")[:200],
    )


async def open_connection(
    addresses: tuple[str, ...],
    *,
    host: str,
    port: int,
    context: ssl.SSLContext,
    timeout: float,
    dial: Dial,
    max_segment: int | None = None,
) -> tuple[Reach, Connection | None]:
    """Open a connection to the first of the addresses that answers, the next one tried beside a silent one (RFC 8305)."""
    connects, winner = await _race(addresses, port, timeout, dial, max_segment)
    reach = Reach(connects=connects)
    if winner is None:
        return reach, None
    address, sock = winner
    shake, stream = await handshake(sock, context=context, server_name=host, timeout=timeout)
    reach = structs.replace(reach, address=address, handshake=shake)
    return reach, Connection(stream, host, port) if stream else None


async def open_through(
    proxy: Proxy,
    *,
    addresses: tuple[str, ...],
    host: str,
    port: int,
    context: ssl.SSLContext,
    timeout: float,
    dial: Dial,
) -> tuple[Reach, Connection | None]:
    """Open a connection through a proxy's tunnel."""
    told, sock = await tunnel(proxy, host, port, addresses=addresses, timeout=timeout, dial=dial)
    if sock is None:
        return Reach(tunnel=told), None
    shake, stream = await handshake(sock, context=context, server_name=host, timeout=timeout)
    return Reach(tunnel=told, handshake=shake), Connection(stream, host, port) if stream else None


async def _race(
    addresses: tuple[str, ...], port: int, timeout: float, dial: Dial, max_segment: int | None
) -> tuple[tuple[Connect, ...], tuple[str, Any] | None]:
    """Connect to the addresses in their order; return every outcome that came, and the winner's address and socket."""
    if len(addresses) == 1:
        only, sock = await connect(addresses[0], port, timeout=timeout, dial=dial, max_segment=max_segment)
        return (only,), None if sock is None else (only.address, sock)
    tasks: list[asyncio.Task[tuple[Connect, Any]]] = []
    ends = time.monotonic() + timeout
    for address in addresses:
        left = max(ends - time.monotonic(), 0.01)
        attempt = connect(address, port, timeout=left, dial=dial, max_segment=max_segment)
        tasks.append(asyncio.create_task(attempt))
        await asyncio.wait(tasks, timeout=STAGGER, return_when=asyncio.FIRST_COMPLETED)
        if _winner(tasks):
            break
    while not _winner(tasks) and any(not task.done() for task in tasks):
        await asyncio.wait([task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED)
    winner = _winner(tasks)
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    ended = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    for seen, sock in ended:
        if sock is not None and (winner is None or sock is not winner[1]):
            sock.close()
        del seen
    return tuple(seen for seen, _ in ended), winner


def _winner(tasks: Iterable["asyncio.Task[tuple[Connect, Any]]"]) -> tuple[str, Any] | None:
    done = (task.result() for task in tasks if task.done())
    return next(((seen.address, sock) for seen, sock in done if sock is not None), None)
