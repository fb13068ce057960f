"""HTTP calls over one connection that is opened and timed here: httpx, with a transport of our own.

httpx's own connections lump look-up and connection together and lose the errno. Here the address is pinned, each phase is
timed at the stream, and whatever a hostile server does costs at most the timeout and the limits below.
"""

import asyncio
import select
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpcore
import httpx
import msgspec
from msgspec import structs

from imdoctor.net.connect import Connect, Dial, connect
from imdoctor.net.handshake import Handshake, TlsStream, handshake
from imdoctor.net.ledger import LagWatch, Ledger, close
from imdoctor.net.machine import errno_name
from imdoctor.net.proxy import Proxy, Tunnel, tunnel

BODY_MAX = 1 << 20
"""Bytes of a body that are read; a larger one is an error."""
STAGGER = 0.25
"""Seconds before the next address is tried beside a silent one (RFC 8305 §5)."""
FOREVER = 3600.0
"""The call's own timeout bounds every read and write; the stream's must never be the shorter one."""
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
    kept: bool = False
    """Whether the connection may carry another call."""


class Wire(Protocol):
    """A request as it is sent; ``shown`` is its path without the credential."""

    @property
    def method(self) -> str: ...  # noqa: D102 - as its name says
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def headers(self) -> Iterable[tuple[str, str]]: ...  # noqa: D102
    @property
    def body(self) -> bytes: ...  # noqa: D102
    @property
    def shown(self) -> str: ...  # noqa: D102


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

    def phases(self, end: int) -> dict[str, float]:
        """Return send, wait and receive, as far as they were reached."""
        marks = {
            "send": (self.sent_first, self.sent_last),
            "wait": (self.sent_last, self.received_first),
            "receive": (self.received_first, end),
        }
        return {name: (b - a) / 1e9 for name, (a, b) in marks.items() if a is not None and b is not None}


class TimedStream(httpcore.AsyncNetworkStream):
    """A TLS stream as httpcore wants it, with the times of its bytes."""

    def __init__(self, tls: TlsStream) -> None:
        self._tls = tls
        self.times = Times(wall=time.time)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        data = await self._tls.read(max_bytes, timeout=timeout or FOREVER)
        if data and self.times.received_first is None:
            self.times.received_first, self.times.answered_at = time.monotonic_ns(), self.times.wall()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        if self.times.sent_first is None:
            self.times.sent_first, self.times.sent_at = time.monotonic_ns(), self.times.wall()
        await self._tls.write(buffer, timeout=timeout or FOREVER)
        self.times.sent_last = time.monotonic_ns()

    async def aclose(self) -> None:
        """Close at once."""
        self._tls.close()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's signature
        """Tell whether bytes, or the end, wait to be read: an idle connection of that kind is of no more use."""
        if info == "is_readable":
            return self._tls.sock.fileno() < 0 or bool(select.select([self._tls.sock], [], [], 0)[0])
        return None


class Transport(httpx.AsyncBaseTransport):
    """httpx's transport over one open connection; HTTP/1.1 by httpcore."""

    def __init__(self, stream: TimedStream, host: str, port: int) -> None:
        origin = httpcore.Origin(b"https", host.encode("idna") if host.isascii() else host.encode(), port)
        self.http = httpcore.AsyncHTTP11Connection(origin=origin, stream=stream)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and hand the answer on as it comes."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        sent = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
        )
        answer = await self.http.handle_async_request(sent)
        return httpx.Response(answer.status, headers=answer.headers, stream=Body(answer), extensions=answer.extensions)


class Body(httpx.AsyncByteStream):
    """An answer's body as httpx wants it."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._answer.aiter_stream():
            yield part

    async def aclose(self) -> None:
        """Close the answer; the connection stays when the body was read to its end."""
        await self._answer.aclose()


class Connection:
    """An open connection to the gateway, for one call after another."""

    def __init__(self, tls: TlsStream, host: str, port: int) -> None:
        self._stream = TimedStream(tls)
        self._transport = Transport(self._stream, host, port)
        name = f"[{host}]" if ":" in host else host
        self._base = f"https://{name}" if port == 443 else f"https://{name}:{port}"  # noqa: PLR2004 - https' own port

    @property
    def usable(self) -> bool:
        """Whether another call may be sent on it."""
        return self._transport.http.is_idle() and not self._transport.http.has_expired()

    async def call(
        self, request: Wire, *, kind: str, timeout: float, wall: Callable[[], float], lag: LagWatch
    ) -> tuple[Call, bytes]:
        """Make one call; redirects are not followed. Return what was seen, and the body."""
        times = self._stream.times = Times(wall=wall)
        answer, body, error, detail = None, bytearray(), None, None
        started = lag.now()
        client = httpx.AsyncClient(transport=self._transport, trust_env=False, follow_redirects=False, timeout=FOREVER)
        wire = client.build_request(
            request.method, self._base + request.path, headers=_headers(request), content=request.body or None
        )
        try:
            async with asyncio.timeout(timeout):
                answer = await client.send(wire, stream=True)
                await _read(answer, body)
                await answer.aclose()
        except (
            TimeoutError,
            OSError,
            httpcore.RemoteProtocolError,
            httpcore.LocalProtocolError,
            _TooLargeError,
        ) as failure:
            error, detail = _classify(failure, answered=times.received_first is not None)
            await self._transport.http.aclose()
        end = time.monotonic_ns()
        ledger = close(times.phases(end), (end - times.start) / 1e9, late=lag.late_since(started))
        seen = Call(request=f"{request.method} {request.shown}", kind=kind, ledger=ledger, error=error, detail=detail)
        seen = structs.replace(seen, sent_at=times.sent_at, answered_at=times.answered_at, kept=self.usable)
        return (_described(seen, answer, bytes(body)) if answer is not None else seen), bytes(body)

    def close(self) -> None:
        """Close it at once."""
        self._stream._tls.close()  # noqa: SLF001 - the connection owns its stream


def _headers(request: Wire) -> list[tuple[str, str]]:
    own = {"accept": "*/*", "accept-encoding": "identity", "connection": "keep-alive", "user-agent": USER_AGENT}
    given = list(request.headers)
    names = {name.lower() for name, _ in given}
    return [*((name, value) for name, value in own.items() if name not in names), *given]


class _TooLargeError(Exception):
    """The body passed its limit."""


async def _read(answer: httpx.Response, body: bytearray) -> None:
    """Read a body up to its limit, undone of gzip or deflate by no more than the same limit."""
    inflate = (
        zlib.decompressobj(wbits=47) if answer.headers.get("content-encoding", "") in {"gzip", "deflate"} else None
    )
    async for part in answer.aiter_raw():
        body += inflate.decompress(part, BODY_MAX + 1 - len(body)) if inflate else part
        if len(body) > BODY_MAX:
            del body[BODY_MAX:]
            raise _TooLargeError


def _classify(failure: Exception, *, answered: bool) -> tuple[str, str | None]:
    """Return the word and the detail for what ended a call. The one place that maps the libraries' errors."""
    text = str(failure)[:200]
    if isinstance(failure, TimeoutError):
        return "timeout", None
    if isinstance(failure, _TooLargeError):
        return "too-large", f"more than {BODY_MAX} bytes"
    if isinstance(failure, OSError):
        reason = (failure.reason or text) if isinstance(failure, ssl.SSLError) else errno_name(failure)
        return ("truncated" if answered else "reset"), reason
    ends = {"disconnected": "closed", "closed connection": "truncated"}
    return next((word for mark, word in ends.items() if mark in text), "bad-http"), text


def _described(seen: Call, answer: httpx.Response, body: bytes) -> Call:
    version = answer.extensions.get("http_version", b"")
    return structs.replace(
        seen,
        status=answer.status_code,
        http_version=version.decode("ascii", "replace"),
        headers={name: answer.headers[name][:200] for name in SHOWN_HEADERS if name in answer.headers},
        body_bytes=len(body),
        body=body[:800].decode("utf-8", "replace")[:200],
    )


async def open_connection(
    addresses: tuple[str, ...], *, host: str, port: int, context: ssl.SSLContext, timeout: float, dial: Dial
) -> tuple[Reach, Connection | None]:
    """Open a connection to the first of the addresses that answers, the next one tried beside a silent one (RFC 8305)."""
    connects, winner = await _race(addresses, port, timeout, dial)
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
    addresses: tuple[str, ...], port: int, timeout: float, dial: Dial
) -> tuple[tuple[Connect, ...], tuple[str, Any] | None]:
    """Connect to the addresses in their order; return every outcome that came, and the winner's address and socket."""
    tasks: list[asyncio.Task[tuple[Connect, Any]]] = []
    ends = time.monotonic() + timeout
    for address in addresses:
        tasks.append(asyncio.create_task(connect(address, port, timeout=max(ends - time.monotonic(), 0.01), dial=dial)))
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
