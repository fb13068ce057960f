"""One client of the listener: requests and answers on a connection, HTTP/1.1 spoken by h11, each step bounded in bytes and time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

import h11
import msgspec

from imdoctor.agent.listen import Address

HEAD_MAX = 8 * 1024
"""Bytes of a request's head; up to READ more may pass."""
READ = 1024
CHUNK = 64 * 1024
"""Bytes that are written at once: what a slow reader can make us keep."""
LINGER, LINGER_MAX = 1.0, 64 * 1024
"""Seconds and bytes for what a refused client still sends: a close with unread bytes resets the connection, and the answer is lost."""
METHODS = ("GET", "HEAD")
SECURITY = (
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
)
"""A page may style itself, with an icon in it, and nothing else: no script, no frame, no request to anywhere."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request: its path, without the query, and the formats that the client accepts."""

    path: str
    accept: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered."""

    status: int = 200
    kind: str = "text/plain; charset=utf-8"
    body: bytes = b""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What clients may cost. Times are seconds: of a request's head, of writing an answer, between two requests."""

    connections: int = 64
    head: float = 5.0
    write: float = 10.0
    idle: float = 90.0


class RefusedError(Exception):
    """A request that is not answered; the connection ends with it. The text is a sentence."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(eq=False, kw_only=True)
class Connection:
    """A client's connection. ``waiting`` is since when (monotonic) it has had no whole request; None while one is answered."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: Address
    """The one that the listener is bound to."""
    answer: Callable[[Asked], Awaitable[Answer]]
    limits: Limits
    waiting: float | None = field(default_factory=time.monotonic)
    kept: bool = False
    """Whether it has had an answer already."""
    http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX))

    async def talk(self) -> None:
        """Answer requests until either side has had enough."""
        self.writer.transport.set_write_buffer_limits(high=0)  # drain() is over when the kernel has all of it
        with suppress(OSError):  # the client went away, or its time is over
            try:
                while await self._answered():
                    self.http.start_next_cycle()
                    self.waiting, self.kept = time.monotonic(), True
            except RefusedError as refused:
                await self._refuse(refused.status, str(refused))
            except h11.RemoteProtocolError as error:
                await self._refuse(HTTPStatus(error.error_status_hint), str(error))

    def cut(self) -> None:
        """End it at once."""
        self.writer.transport.abort()

    async def _answered(self) -> bool:
        """Answer one request; False where the connection ends with it, or none came."""
        request = await self._head()
        if request is None:
            return False
        asked = allowed(request, self.address)
        self.http.next_event()  # the end of a request without a body
        self.waiting = None
        answer = await self.answer(asked)
        await self._send(answer, head_only=request.method == b"HEAD")
        return self.http.our_state is h11.DONE and self.http.their_state is h11.DONE

    async def _head(self) -> h11.Request | None:
        """Read a request's head; None where the client ended the connection, or sent nothing in its time."""
        loop = asyncio.get_running_loop()
        begun = not self.kept or bool(self.http.trailing_data[0])
        try:
            async with asyncio.timeout(self.limits.head if begun else self.limits.idle) as patience:
                while (event := self.http.next_event()) is h11.NEED_DATA:
                    self.http.receive_data(await self.reader.read(READ))
                    if not begun:
                        begun = True
                        patience.reschedule(loop.time() + self.limits.head)
        except TimeoutError:
            if self.http.trailing_data[0]:
                raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "The request took too long.") from None
            return None
        return event if isinstance(event, h11.Request) else None

    async def _send(self, answer: Answer, *, head_only: bool = False, more: Mapping[str, str] | None = None) -> None:
        """Write an answer within its time. Raises TimeoutError and other OSErrors."""
        headers = [
            ("date", formatdate(usegmt=True)),
            ("content-type", answer.kind),
            ("content-length", str(len(answer.body))),
            *SECURITY,
            *(more or {}).items(),
        ]
        body = b"" if head_only else answer.body
        async with asyncio.timeout(self.limits.write):
            await self._write(
                h11.Response(status_code=answer.status, headers=headers, reason=HTTPStatus(answer.status).phrase)
            )
            for at in range(0, len(body), CHUNK):
                await self._write(h11.Data(data=body[at : at + CHUNK]))
            await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        self.writer.write(self.http.send(event) or b"")
        await self.writer.drain()

    async def _refuse(self, status: HTTPStatus, text: str) -> None:
        """Say why a request is not answered, and end the connection."""
        if self.http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        more = {"connection": "close"}
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            more["allow"] = ", ".join(METHODS)
        await self._send(Answer(status=status, body=f"{text}\n".encode()), more=more)
        self.writer.write_eof()
        taken = 0
        async with asyncio.timeout(LINGER):
            while taken < LINGER_MAX and (data := await self.reader.read(READ)):
                taken += len(data)


def allowed(request: h11.Request, address: Address) -> Asked:
    """Return what a request asks for. Raises RefusedError for one that this listener does not answer."""
    headers = {name: value.decode("latin-1") for name, value in request.headers}
    target = request.target.decode("latin-1")
    host = headers.get(b"host", "")
    if target.startswith("http://"):  # as a client of a proxy asks (RFC 9112 §3.2.2)
        host, slash, rest = target.removeprefix("http://").partition("/")
        target = slash + rest
    if request.http_version not in {b"1.0", b"1.1"}:
        raise RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is spoken here.")
    if address.is_loopback and request.http_version != b"1.0" and not _is_ours(host, address):
        text = f"This listener is for this machine alone and answers to its own names, such as {address}, not to another host's."
        raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, text)
    if request.method.decode("latin-1") not in METHODS:
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET and HEAD are answered.")
    if b"transfer-encoding" in headers or headers.get(b"content-length", "0").strip("0"):
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A request has no body here.")
    return Asked(path=target.partition("?")[0] or "/", accept=headers.get(b"accept", ""))


def _is_ours(host: str, address: Address) -> bool:
    """Tell whether a Host is a name of this machine. A name that somebody makes lead here is not: DNS rebinding."""
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.lower() in {"localhost", "127.0.0.1", "[::1]", address.host, f"[{address.host}]"}
