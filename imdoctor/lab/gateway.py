"""An IM gateway on loopback: HTTP/1.1 that speaks the API as documented, or as a fault wants it."""

import asyncio
import gzip
import json
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import h11
import msgspec

from imdoctor.im import errorcodes, usersig
from imdoctor.lab.loop import Handler

READ = 65536
BOMB = 50_000_000
ENDLESS = 2000
"""Header lines of 1000 bytes: far more than any client takes."""


class App(msgspec.Struct, frozen=True, kw_only=True):
    """The app that the gateway knows."""

    sdkappid: int = 1400000000
    admin: str = "administrator"
    key: str


class Account(msgspec.Struct, frozen=True):
    """One user that account_check is asked about."""

    user: str = msgspec.field(name="UserID")


class Accounts(msgspec.Struct, frozen=True):
    """The body of account_check."""

    items: list[Account] = msgspec.field(name="CheckItem")


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """How the gateway answers. Everything left out is as it should be."""

    status: int = 200
    headers: dict[str, str] = {}
    body: str | None = None
    """In place of the API's answer."""
    error_code: int | None = None
    """The authenticated call's ErrorCode."""
    delay: float = 0.0
    """Seconds before the first byte."""
    rest: float = 0.0
    """Seconds between the bytes of the body."""
    silent: bool = False
    close_unanswered: bool = False
    truncated: bool = False
    close_always: bool = False
    garbage: bool = False
    endless_header: bool = False
    body_bytes: int | None = None
    """A body of this many bytes."""
    bomb: bool = False
    """A body of 50 MB in 50 kB of gzip."""
    date_shift: float | None = 0.0
    """The server's clock against the real one, in seconds; None leaves the Date header out."""
    posts: int | None = None
    """The fault shows until so many POSTs have come."""
    only_every: int = 1
    """The fault shows in every so many-th connection only."""


@dataclass
class Gateway:
    """One gateway: how many connections it has taken, and which requests."""

    app: App
    answering: Answering
    connections: int = 0
    posts: int = 0
    wall: Callable[[], float] = time.time

    def handler(self) -> Handler:
        """Return the handler for a server."""
        return self._handle

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, request after request."""
        self.connections += 1
        how = self.answering if self.connections % self.answering.only_every == 0 else Answering()
        while True:
            try:
                request, body, http = await _request(reader)
            except h11.RemoteProtocolError:
                return
            if request is None:
                return
            self.posts += request.method == b"POST"
            if how.posts is not None and self.posts > how.posts:
                how = Answering()
            await asyncio.sleep(how.delay if how.error_code is None or request.method == b"POST" else 0.0)
            if how.silent:
                await asyncio.Event().wait()
            if how.close_unanswered:
                return
            if not await self._answer(writer, http, request, body, how):
                return

    async def _answer(
        self, writer: asyncio.StreamWriter, http: h11.Connection, request: h11.Request, body: bytes, how: Answering
    ) -> bool:
        """Send one answer; tell whether the connection is kept."""
        if how.garbage:
            writer.write(b"\x00\x01 this is no HTTP \xff\r\n\r\n")
            return False
        if how.endless_header:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            await _endlessly(writer)
        content = self._content(request, body, how)
        headers = self._headers(content, how)
        writer.write(http.send(h11.Response(status_code=how.status, headers=list(headers.items()))) or b"")
        if how.truncated:
            writer.write(content[: len(content) // 2])
            await writer.drain()
            return False
        await _send(writer, content, how.rest)
        return not how.close_always

    def _headers(self, content: bytes, how: Answering) -> dict[str, str]:
        shift = {} if how.date_shift is None else {"Date": formatdate(self.wall() + how.date_shift, usegmt=True)}
        kept = "close" if how.close_always else "keep-alive"
        own = {
            "Server": "imdoctor-lab",
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "Connection": kept,
        }
        packed = {"Content-Encoding": "gzip"} if how.bomb else {}
        return {**own, **shift, **packed, **how.headers}

    def _content(self, request: h11.Request, body: bytes, how: Answering) -> bytes:
        if how.bomb:
            return gzip.compress(b" " * BOMB)
        if how.body_bytes is not None:
            return b" " * how.body_bytes
        if how.body is not None:
            return how.body.encode()
        url = urllib.parse.urlsplit(request.target.decode("ascii"))
        if request.method != b"POST" or not url.path.startswith("/v4/"):
            return _envelope(60002, "HTTP parse Error")
        return self._api(url, body, how)

    def _api(self, url: urllib.parse.SplitResult, body: bytes, how: Answering) -> bytes:
        """Answer a call as the document has it: who calls, with what right, then the command."""
        query = {name: values[0] for name, values in urllib.parse.parse_qs(url.query, keep_blank_values=True).items()}
        code = self._refusal(query, self.wall() + (how.date_shift or 0.0)) or how.error_code or 0
        if code:
            known = errorcodes.lookup(code)
            return _envelope(code, known.meaning if known else "unknown")
        try:
            return _command(url.path.removeprefix("/v4/"), body)
        except msgspec.DecodeError:
            return _envelope(60003, "json parse error")

    def _refusal(self, query: Mapping[str, str], now: float) -> int:
        """Return the error code that refuses a caller, or 0."""
        if "sdkappid" not in query:
            return 60012
        if query["sdkappid"] != str(self.app.sdkappid):
            return 70020
        if not query.get("usersig"):
            return 70002
        sig = usersig.decode(query["usersig"])
        if isinstance(sig, usersig.UserSigFault):
            return 70003
        checks = (
            (query.get("identifier") != sig.identifier, 70013),
            (sig.sdkappid != self.app.sdkappid, 70014),
            (not usersig.verify(sig, key=self.app.key), 70009),
            (sig.expires_at <= now or sig.issued_at > now, 70001),
            (sig.identifier != self.app.admin, 60010),
        )
        return next((code for wrong, code in checks if wrong), 0)


def _command(command: str, body: bytes) -> bytes:
    """Answer a command; a body that is no JSON, or not the command's own, is a DecodeError."""
    if command == "im_open_login_svc/account_check":
        users = [item.user for item in msgspec.json.decode(body, type=Accounts).items]
        items = [{"UserID": user, "ResultCode": 0, "ResultInfo": "", "AccountStatus": "Imported"} for user in users]
        return _envelope(0, "", ResultItem=items)
    msgspec.json.decode(body, type=dict[str, Any])
    if command == "group_open_http_svc/get_appid_group_list":
        return _envelope(0, "", TotalCount=1, GroupIdList=[{"GroupId": "@TGS#1LABLABLAB"}], Next=0)
    return _envelope(60009, "unknown command")


async def _request(reader: asyncio.StreamReader) -> tuple[h11.Request | None, bytes, h11.Connection]:
    """Read one request with its body; None at the end of the connection or of all patience with it."""
    http = h11.Connection(h11.SERVER)
    request, body = None, bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(READ)
            if not data:
                return None, b"", http
            http.receive_data(data)
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return request, bytes(body), http
        else:
            return None, b"", http


def _envelope(code: int, info: str, **more: object) -> bytes:
    return json.dumps({"ActionStatus": "FAIL" if code else "OK", "ErrorInfo": info, "ErrorCode": code, **more}).encode()


async def _send(writer: asyncio.StreamWriter, content: bytes, rest: float) -> None:
    step = 1 if rest else max(len(content), 1)
    for start in range(0, len(content), step):
        if writer.transport.is_closing():
            return
        writer.write(content[start : start + step])
        await writer.drain()
        await asyncio.sleep(rest)


async def _endlessly(writer: asyncio.StreamWriter) -> None:
    for number in range(ENDLESS):
        if writer.transport.is_closing():
            return
        writer.write(b"X-%d: %s\r\n" % (number, b"x" * 1000))
        await writer.drain()
        await asyncio.sleep(0)
