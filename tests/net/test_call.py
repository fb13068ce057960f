"""Calls to a real TLS server on loopback: good ones, and one for each way in which a server misbehaves."""

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from imdoctor.im import request
from imdoctor.lab.authority import Authority
from imdoctor.lab.gateway import Answering, App, Gateway
from imdoctor.lab.loop import Handler, LabLoop
from imdoctor.net.call import BODY_MAX, Call, Connection, Reach, open_connection
from imdoctor.net.ledger import LagWatch
from imdoctor.net.trust import tls_context

HOST = "console.tim.qq.com"
FAR = "43.141.10.1"


@contextlib.contextmanager
def serving(folder: Path, handler: Handler) -> Iterator[tuple[int, ssl.SSLContext]]:
    """Serve TLS by a handler; yield its port, and a client's context that trusts it."""
    authority = Authority()
    leaf = authority.leaf(HOST)
    (folder / "leaf.pem").write_bytes(leaf.key_pem() + leaf.pem())
    (folder / "ca.pem").write_bytes(authority.root.pem())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "leaf.pem")
    with LabLoop() as lab:
        yield lab.serve(handler, context=context), tls_context(folder / "ca.pem", verify=True)


async def opened(port: int, context: ssl.SSLContext, *addresses: str) -> tuple[Reach, Connection | None]:
    """Open a connection; every address is the one port but for ``dead``, which refuses."""

    def dial(address: str, _: int) -> tuple[str, int]:
        return "127.0.0.1", 1 if address == "dead" else port

    return await open_connection(addresses or (FAR,), host=HOST, port=443, context=context, timeout=2.0, dial=dial)


async def calls(port: int, context: ssl.SSLContext, count: int, timeout: float) -> list[tuple[Call, bytes]]:
    """Make up to so many calls on one connection, while it is kept."""
    _, connection = await opened(port, context)
    assert connection is not None
    made = []
    for _ in range(count):
        made.append(
            await connection.call(
                request.anonymous_root(), kind="warm", timeout=timeout, wall=lambda: 7.0, lag=LagWatch()
            )
        )
        if not connection.usable:
            break
    connection.close()
    return made


def made(folder: Path, how: Answering, *, count: int = 1, timeout: float = 2.0) -> list[tuple[Call, bytes]]:
    """Call a gateway of the lab that answers in a certain way."""
    with serving(folder, Gateway(App(key="k"), how).handler()) as (port, context):
        return asyncio.run(calls(port, context, count, timeout))


def test_a_call_that_times_out_tells_whether_its_request_arrived(tmp_path: Path) -> None:
    """What the kernel knows is kept: a request that the peer took is acknowledged, answer or not."""
    ((seen, _),) = made(tmp_path, Answering(silent=True), timeout=0.3)
    assert seen.error == "timeout"
    assert seen.info is not None
    assert seen.info.unacknowledged == 0
    assert seen.request_bytes is not None
    ((good, _),) = made(tmp_path, Answering())
    assert (good.info, good.request_bytes) == (None, seen.request_bytes)


def test_a_good_call(tmp_path: Path) -> None:
    """A call tells status, headers that matter, both clocks and its phases; what belongs to the connection is not measured."""
    ((call, body),) = made(tmp_path, Answering())
    assert (call.request, call.status, call.http_version, call.error, call.kept) == (
        "GET /",
        200,
        "HTTP/1.1",
        None,
        True,
    )
    assert {"server", "date", "connection"} <= set(call.headers)
    assert (call.sent_at, call.answered_at) == (7.0, 7.0)
    assert b"60002" in body
    ledger = call.ledger
    assert (ledger.resolve, ledger.connect, ledger.handshake) == (None, None, None)
    assert None not in {ledger.send, ledger.wait, ledger.receive, ledger.other, ledger.total}


@pytest.mark.parametrize(
    ("how", "count"), [(Answering(), 3), (Answering(close_always=True), 1)], ids=["kept", "closed"]
)
def test_the_connection_is_kept(tmp_path: Path, how: Answering, count: int) -> None:
    """Calls go on on one connection for as long as the server keeps it."""
    seen = made(tmp_path, how, count=3)
    assert [call.error for call, _ in seen] == [None] * count


@pytest.mark.parametrize(
    ("how", "error"),
    [
        pytest.param(Answering(silent=True), "timeout", id="silent"),
        pytest.param(Answering(rest=0.2), "timeout", id="a drip"),
        pytest.param(Answering(close_unanswered=True), "closed", id="closed unanswered"),
        pytest.param(Answering(truncated=True), "truncated", id="cut off"),
        pytest.param(Answering(body_bytes=BODY_MAX + 1), "too-large", id="one byte too many"),
        pytest.param(Answering(body_bytes=BODY_MAX), None, id="as many as may be"),
        pytest.param(Answering(bomb=True), "too-large", id="a bomb"),
        pytest.param(Answering(garbage=True), "bad-http", id="no HTTP"),
        pytest.param(Answering(endless_header=True), "bad-http", id="a header without end"),
        pytest.param(Answering(status=301, headers={"Location": "https://x/"}), None, id="a redirect is not followed"),
        pytest.param(Answering(status=502, body="<html>"), None, id="an error page"),
    ],
)
def test_misbehaviour(tmp_path: Path, how: Answering, error: str | None) -> None:
    """Each way in which a server misbehaves has its word; a body is never larger than its limit; after a failure nothing is kept."""
    ((call, body),) = made(tmp_path, how, timeout=0.8)
    assert call.error == error
    assert len(body) <= BODY_MAX
    assert call.kept is (error is None)
    assert call.status == (how.status if error in {None, "truncated", "too-large"} or how.rest else None)


def answers(head: bytes, body: bytes) -> Handler:
    """Return a handler that answers any request with these bytes, and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (len(body), head, body))
        await writer.drain()

    return handle


@pytest.mark.parametrize(
    ("head", "sent", "error", "body"),
    [
        (b"Content-Encoding: gzip\r\n", gzip.compress(b"{}"), None, b"{}"),
        (b"Content-Encoding: gzip\r\n", b"no gzip", "bad-http", b""),
        (b"", b"\xff\xfe", None, b"\xff\xfe"),
    ],
    ids=["gzip", "what claims to be gzip", "no text"],
)
def test_bodies(tmp_path: Path, head: bytes, sent: bytes, error: str | None, body: bytes) -> None:
    """A body is undone of what Content-Encoding says, and shown whatever bytes it holds."""
    with serving(tmp_path, answers(head, sent)) as (port, context):
        ((call, got),) = asyncio.run(calls(port, context, 1, 2.0))
    assert (call.error, got) == (error, body)


@pytest.mark.parametrize(
    ("addresses", "errors", "used"),
    [
        ((FAR,), [None], FAR),
        (("dead", FAR), ["ECONNREFUSED", None], FAR),
        (("dead",), ["ECONNREFUSED"], None),
        ((), [None], FAR),
    ],
    ids=["good", "the first is dead", "all are dead", "default"],
)
def test_the_first_address_that_connects_is_used(
    tmp_path: Path, addresses: tuple[str, ...], errors: list[str | None], used: str | None
) -> None:
    """Every address that was tried is recorded; the first that connects carries the calls."""

    async def reach(port: int, context: ssl.SSLContext) -> Reach:
        seen, connection = await opened(port, context, *addresses)
        if connection is not None:
            connection.close()
        return seen

    with serving(tmp_path, Gateway(App(key="k"), Answering()).handler()) as (port, context):
        seen = asyncio.run(reach(port, context))
    assert (seen.address, [one.error for one in seen.connects]) == (used, errors)
    assert (seen.handshake is not None) is (used is not None)


def test_the_request_is_as_documented(tmp_path: Path) -> None:
    """What goes over the wire: POST, the path with its parameters, the host, a length, and a body that is never empty."""
    heads: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(2))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def post(port: int, context: ssl.SSLContext) -> Call:
        _, connection = await opened(port, context)
        assert connection is not None
        wire = request.api_request(
            service="s", command="c", sdkappid=1, identifier="a", usersig="sig*", body=None, random=7
        )
        call, _ = await connection.call(wire, kind="cold", timeout=2.0, wall=lambda: 7.0, lag=LagWatch())
        connection.close()
        return call

    with serving(tmp_path, listen) as (port, context):
        call = asyncio.run(post(port, context))
    (head,) = heads
    assert head.startswith(b"POST /v4/s/c?sdkappid=1&identifier=a&usersig=sig*&random=7&contenttype=json HTTP/1.1\r\n")
    assert head.endswith(b"\r\n\r\n{}")
    assert b"host: console.tim.qq.com\r\n" in head.lower()
    assert b"content-length: 2\r\n" in head.lower()
    assert "sig*" not in repr(call)
