"""The heartbeat, against real servers: one small handler for each way to answer wrongly, named for it."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from imdoctor.agent.delivery import DeliveryError, Message, Outbox
from imdoctor.agent.events import Event
from imdoctor.agent.heartbeat import Heartbeat
from imdoctor.agent.outward import reason
from imdoctor.config.secrets import Secret

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATH = "/ping/0c6b9d5e-capability"
TIMEOUT = 5.0


class Answers:
    """Answers with a status, and keeps each request."""

    def __init__(self, status: str, *headers: str) -> None:
        self._head = "\r\n".join((f"HTTP/1.1 {status}", *headers, "Content-Length: 2", "", "OK"))
        self.requests: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request whole, and answer it."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        self.requests.append(head + await reader.readexactly(length))
        writer.write(self._head.encode())
        await writer.drain()


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with success and a body without an end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"5\r\nhello\r\n")
        await writer.drain()
        await asyncio.sleep(0)


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read, and say nothing."""
    del writer
    while await reader.read(65536):
        pass


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a byte at a time, without an end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request, and end the connection."""
    del writer
    await reader.read(65536)


async def slams(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End the connection at once, with whatever stands unread in it."""
    del reader, writer


async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer whatever comes in plain HTTP."""
    await reader.read(65536)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    await writer.drain()


async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with what is no HTTP."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """Serve on loopback; yield the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return
        except asyncio.CancelledError:
            writer.transport.abort()  # what is not sent yet is for nobody
        finally:
            writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def message(text: str = "prod: FAILED", *, ok: bool = False) -> Message:
    """Return a message."""
    return Message(event=Event(name="verdict", level="info", message=text), report=b"{}", ok=ok)


async def beat(
    url: str, *messages: Message, timeout: float = TIMEOUT, environ: dict[str, str] | None = None
) -> DeliveryError | None:
    """Deliver messages by one heartbeat; return the first failure."""
    heartbeat = Heartbeat(Secret(url), timeout=timeout, environ=environ or {})
    try:
        for each in messages or (message(),):
            await heartbeat.deliver(each)
    except DeliveryError as error:
        return error
    finally:
        await heartbeat.aclose()
    return None


def failure(handler: Handler, *, timeout: float = TIMEOUT) -> DeliveryError | None:
    """Return what a heartbeat says of a server."""

    async def go() -> DeliveryError | None:
        async with serving(handler) as port:
            return await beat(f"http://127.0.0.1:{port}{PATH}", timeout=timeout)

    return asyncio.run(go())


@pytest.mark.parametrize(
    ("path", "ok", "target"),
    [
        pytest.param("/uuid", True, "/uuid", id="well"),
        pytest.param("/uuid", False, "/uuid/fail", id="not well"),
        pytest.param("/uuid/", False, "/uuid/fail", id="a slash at the end"),
        pytest.param("", True, "/", id="no path"),
        pytest.param("", False, "/fail", id="no path, not well"),
        pytest.param("/key/slug?create=1&x=%2F", True, "/key/slug?create=1&x=%2F", id="a query"),
        pytest.param("/key/slug?create=1&x=%2F", False, "/key/slug/fail?create=1&x=%2F", id="a query, not well"),
        pytest.param("/uuid#part", False, "/uuid/fail", id="a fragment is for nobody"),
    ],
)
def test_the_call(path: str, *, ok: bool, target: str) -> None:
    """A POST carries the verdict to the URL, or to its /fail, before any query."""

    async def go() -> bytes:
        server = Answers("200 OK")
        async with serving(server) as port:
            assert await beat(f"http://127.0.0.1:{port}{path}", message("prod: 坏了", ok=ok)) is None
        return server.requests[0]

    head, _, body = asyncio.run(go()).partition(b"\r\n\r\n")
    assert head.startswith(f"POST {target} HTTP/1.1\r\n".encode())
    assert body.decode() == "prod: 坏了"


@pytest.mark.parametrize(("text", "size"), [("x" * 10_000, 10_000), ("x" * 10_001, 10_000), ("坏" * 5000, 9999)])
def test_a_long_body_is_cut(text: str, size: int) -> None:
    """A body has 10 kB at the most, and no half of a character."""

    async def go() -> bytes:
        server = Answers("204 No Content")
        async with serving(server) as port:
            await beat(f"http://127.0.0.1:{port}", message(text))
        return server.requests[0].partition(b"\r\n\r\n")[2]

    body = asyncio.run(go())
    assert len(body) == size
    assert text.startswith(body.decode())


def test_user_and_password_of_the_url() -> None:
    """A URL's user and password are sent as RFC 7617 has it."""

    async def go() -> bytes:
        server = Answers("200 OK")
        async with serving(server) as port:
            assert await beat(f"http://us:p%40ss@127.0.0.1:{port}/x", message(), message()) is None
        assert len(server.requests) == 2
        return server.requests[1]

    assert b"\r\nAuthorization: Basic dXM6cEBzcw==\r\n" in asyncio.run(go())


def test_an_answer_without_an_end_is_success() -> None:
    """The status is the answer; a body is not waited for."""
    assert failure(never_ends) is None


@pytest.mark.parametrize(
    ("handler", "timeout", "text", "final"),
    [
        pytest.param(Answers("500 No"), TIMEOUT, "it answers 500", False, id="500"),
        pytest.param(Answers("503 No"), TIMEOUT, "it answers 503", False, id="503"),
        pytest.param(Answers("408 No"), TIMEOUT, "it answers 408", False, id="408"),
        pytest.param(Answers("429 No"), TIMEOUT, "it answers 429", False, id="429"),
        pytest.param(Answers("404 No"), TIMEOUT, "it answers 404", True, id="404"),
        pytest.param(Answers("400 No"), TIMEOUT, "it answers 400", True, id="400"),
        pytest.param(Answers("600 No"), TIMEOUT, "it answers 600", False, id="600"),
        pytest.param(
            Answers("301 Moved", "Location: /elsewhere"),
            TIMEOUT,
            "it answers 301, a redirect, which is not followed: configure where it leads",
            True,
            id="redirects",
        ),
        pytest.param(hangs, 0.2, "no answer within 0.2 s", False, id="hangs"),
        pytest.param(drips, 0.2, "no answer within 0.2 s", False, id="drips"),
        pytest.param(closes, TIMEOUT, "the call failed (RemoteProtocolError)", False, id="closes"),
        pytest.param(babbles, TIMEOUT, "the call failed (RemoteProtocolError)", False, id="babbles"),
    ],
)
def test_failures(handler: Handler, timeout: float, text: str, *, final: bool) -> None:
    """Every wrong answer is told, and those that will stay wrong are final."""
    error = failure(handler, timeout=timeout)
    assert error is not None
    assert (str(error), error.final) == (text, final)


@pytest.mark.parametrize(
    ("url", "text", "final"),
    [
        pytest.param("http://127.0.0.1:1/x", "the connection failed: Connection refused", False, id="refuses"),
        pytest.param("ftp://host/x", "its URL is no http:// or https:// URL", True, id="another scheme"),
        pytest.param("http://host:99999/x", "its URL is no http:// or https:// URL", True, id="no such port"),
        pytest.param("http://[x/x", "its URL is no http:// or https:// URL", True, id="half a bracket"),
        pytest.param("x", "its URL is no http:// or https:// URL", True, id="no URL"),
        pytest.param("", "its URL is no http:// or https:// URL", True, id="nothing"),
    ],
)
def test_nobody_there(url: str, text: str, *, final: bool) -> None:
    """What cannot be called at all is told, too."""
    error = asyncio.run(beat(url))
    assert error is not None
    assert str(error).startswith(text)
    assert error.final is final


def test_a_name_that_does_not_resolve() -> None:
    """A resolver's answer is told in its own words; asking one is not for a test, so its error stands in."""
    error = httpx.ConnectError("")
    error.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert reason(error) == "its name does not resolve: Name or service not known"


def test_a_connection_that_ends_at_once() -> None:
    """A server that slams the door is a failure, in whichever words the kernel has for the moment."""
    error = failure(slams)
    assert error is not None
    assert not error.final


def test_no_tls() -> None:
    """A server without TLS behind https:// is told in TLS's words."""

    async def go() -> DeliveryError | None:
        async with serving(no_tls) as port:
            return await beat(f"https://127.0.0.1:{port}{PATH}")

    assert str(asyncio.run(go())).startswith("no TLS: ")


def test_it_recovers() -> None:
    """One heartbeat fails and then gets through: nothing of a failed call stays behind."""

    async def go() -> None:
        answers: Iterator[Handler] = iter([Answers("500 No"), closes, Answers("200 OK")])

        async def changes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await next(answers)(reader, writer)

        async with serving(changes) as port:
            heartbeat = Heartbeat(Secret(f"http://127.0.0.1:{port}{PATH}"), timeout=TIMEOUT, environ={})
            for _ in range(2):
                with pytest.raises(DeliveryError):
                    await heartbeat.deliver(message())
            await heartbeat.deliver(message())
            await heartbeat.aclose()

    asyncio.run(go())


def test_an_outbox_tries_again() -> None:
    """Before an outbox, a server that is down and comes back gets the newest verdict; both are told."""
    server, told = Answers("200 OK"), list[Event]()
    answers: Iterator[Handler] = iter([slams, Answers("500 No"), closes, server])

    async def changes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(answers)(reader, writer)

    async def at_once(seconds: float) -> None:
        assert seconds >= 1

    async def go() -> None:
        async with serving(changes) as port:
            heartbeat = Heartbeat(Secret(f"http://127.0.0.1:{port}{PATH}"), timeout=TIMEOUT, environ={})
            outbox = Outbox(heartbeat, tell=told.append, fresh=True, sleep=at_once)
            worker = asyncio.create_task(outbox.run())
            for text in ("old", "new"):
                outbox.put(message(text))
            while not server.requests:  # noqa: ASYNC110 - the requests are a list
                await asyncio.sleep(0.001)
            await outbox.drain(TIMEOUT)
            await worker

    asyncio.run(go())
    assert server.requests[0].endswith(b"\r\n\r\nnew")
    assert [event.name for event in told] == ["delivery-failing", "delivery-works"]


@pytest.mark.parametrize(
    ("variable", "no_proxy", "asked"),
    [
        pytest.param("http_proxy", "", True, id="http_proxy"),
        pytest.param("http_proxy", "127.0.0.2", False, id="exempt"),
        pytest.param("https_proxy", "", False, id="https_proxy is for https"),
        pytest.param("all_proxy", "", True, id="all_proxy"),
    ],
)
def test_the_environments_proxy(variable: str, no_proxy: str, *, asked: bool) -> None:
    """The call goes through the proxy that the environment names for it."""

    async def go() -> list[bytes]:
        server = Answers("200 OK")
        async with serving(server) as port:
            environ = {variable: f"http://us:pw@127.0.0.1:{port}", "no_proxy": no_proxy}
            await beat("http://127.0.0.2:1/x", environ=environ, timeout=1)
        return server.requests

    requests = asyncio.run(go())
    assert bool(requests) is asked
    for request in requests:
        assert request.startswith(b"POST http://127.0.0.2:1/x/fail HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic dXM6cHc=\r\n" in request


def test_a_proxy_of_another_kind_is_refused() -> None:
    """A SOCKS proxy is named as what stands in the way, without its password."""
    error = asyncio.run(beat(f"http://127.0.0.2:1{PATH}", environ={"all_proxy": "socks5://us:pw@p.example"}))
    assert str(error) == "the proxy socks5://p.example:1080 is neither http:// nor https://"


def test_the_url_is_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """No name, error, repr or log shows more of the URL than its scheme and host."""
    caplog.set_level(logging.DEBUG)
    texts = [str(failure(handler)) for handler in (Answers("200 OK"), Answers("404 No"), closes, babbles)]
    for url in (f"http://u:secret@127.0.0.1:1{PATH}", f"nothing{PATH}", f"http://[{PATH}", f"http://h:99999{PATH}"):
        heartbeat = Heartbeat(Secret(url), timeout=1, environ={})
        texts += [repr(heartbeat), heartbeat.name, str(asyncio.run(beat(url)))]
    assert "the heartbeat at http://127.0.0.1" in texts
    shown = "\n".join([*texts, caplog.text])
    assert "capability" not in shown
    assert "secret" not in shown
