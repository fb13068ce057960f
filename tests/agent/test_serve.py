"""The listener against clients of every kind, over real sockets: polite ones, wrong ones, slow ones, and a crowd."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor import registry
from imdoctor.agent.listen import Address, bound
from imdoctor.agent.serve import Server
from imdoctor.agent.talk import CHUNK, HEAD_MAX, READ, SECURITY, Answer, Asked, Limits
from imdoctor.lab.scenarios import HEALTHY
from imdoctor.lab.world import open_world
from imdoctor.model import Report
from imdoctor.runner import run
from tests.agent.crowd import crowded

BODY = b"what was asked for\n"
BIG = b"x" * (64 * CHUNK)
CROWD = 500


async def answer(asked: Asked) -> Answer:
    """Answer by the path."""
    bodies = {"/": BODY, "/big": BIG, "/echo": f"{asked.path} {asked.accept}".encode()}
    return Answer(body=bodies[asked.path]) if asked.path in bodies else Answer(status=404, body=b"none\n")


@asynccontextmanager
async def serving(
    where: Address = Address(),  # noqa: B008 - frozen
    answering: Callable[[Asked], Awaitable[Answer]] = answer,
    **limits: float,
) -> AsyncIterator[Address]:
    """Run a server; it is gone afterwards, and so is every connection."""
    sock, address = bound(where)
    server = Server(sock, address, answering, limits=Limits(**limits))  # type: ignore[arg-type]  # the fields of Limits
    await server.start()
    try:
        yield address
    finally:
        await server.close()


class Client:
    """A connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        """Send something."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self) -> bytes:
        """Return an answer's head; what there is of it, where the connection ends."""
        try:
            return await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            return error.partial

    async def body(self, length: int) -> bytes:
        """Return as much of a body."""
        return await self._reader.readexactly(length)

    async def rest(self) -> bytes:
        """Return everything until the connection ends; a reset ends it too."""
        found = b""
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(65536):
                found += data
        return found

    def close(self) -> None:
        """End the connection."""
        self._writer.transport.abort()


@asynccontextmanager
async def client(address: Address) -> AsyncIterator[Client]:
    """Connect."""
    if address.path is not None:
        reader, writer = await asyncio.open_unix_connection(address.path)
    else:
        reader, writer = await asyncio.open_connection(address.host, address.port)
    found = Client(reader, writer)
    try:
        yield found
    finally:
        found.close()


async def asked(address: Address, *data: bytes) -> bytes:
    """Return all that a server says to some bytes; the client says no more than these."""
    async with client(address) as one:
        for part in data:
            await one.send(part)
        return await one.rest()


def get(path: str = "/", *headers: str, method: str = "GET", host: str = "localhost", version: str = "1.1") -> bytes:
    """Return a request after which the connection is to be closed."""
    return "\r\n".join(
        (f"{method} {path} HTTP/{version}", f"Host: {host}", "Connection: close", *headers, "", "")
    ).encode()


def said(request: bytes, **limits: Any) -> tuple[int, dict[str, str], bytes]:
    """Return a server's answer to a request: the status, the headers, the body."""

    async def exchange() -> bytes:
        async with serving(**limits) as address:
            return await asked(address, request)

    head, _, body = asyncio.run(exchange()).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


def test_a_get_is_answered() -> None:
    """The body comes with its length, its type, a date, and every header of security; nothing tells the server's release."""
    status, headers, body = said(get())
    assert (status, body) == (200, BODY)
    assert headers["content-length"] == str(len(BODY))
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert {name: headers[name] for name, _ in SECURITY} == {name: value.lower() for name, value in SECURITY}
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "date" in headers
    assert "server" not in headers


def test_a_head_is_answered_without_a_body() -> None:
    """HEAD has the headers of GET alone."""
    status, headers, body = said(get(method="HEAD"))
    assert (status, headers["content-length"], body) == (200, str(len(BODY)), b"")


def test_a_large_answer_arrives_whole() -> None:
    """What is larger than every buffer arrives as it is."""
    status, _, body = said(get("/big"))
    assert (status, len(body), body == BIG) == (200, len(BIG), True)


PATHS = {
    "a query is none of the path": ("/echo?a=b", b"/echo "),
    "a proxy's way to ask": ("http://localhost:1/echo", b"/echo "),
    "a proxy's way to ask for the root": ("http://localhost", BODY),
}


@pytest.mark.parametrize("name", PATHS)
def test_paths_are_understood(name: str) -> None:
    """The path is what stands before the query, after a scheme and host."""
    path, body = PATHS[name]
    assert said(get(path))[::2] == (200, body)


WRONG = {
    "another method": (get(method="POST"), 405),
    "a method that nobody knows": (get(method="BREW"), 405),
    "CONNECT": (get("localhost:443", method="CONNECT"), 405),
    "a body": (get("/", "Content-Length: 5") + b"hello", 413),
    "a body in chunks": (get("/", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 413),
    "another host's name": (get(host="evil.example"), 421),
    "another host's name, with our port": (get(host="evil.example:9877"), 421),
    "a name that begins like ours": (get(host="localhost.evil.example"), 421),
    "another host's name in the target": (get("http://evil.example/"), 421),
    "an address in brackets that is not ours": (get(host="[2001:db8::1]:9877"), 421),
    "no host": (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
    "an empty host": (get(host=""), 421),
    "two hosts": (get("/", "Host: localhost"), 400),
    "two lengths": (get("/", "Content-Length: 1", "Content-Length: 2"), 400),
    "a length that is no number": (get("/", "Content-Length: x"), 400),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\n\n", 400),
    "another version of HTTP": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a head that is too long": (get("/", f"X: {'x' * (HEAD_MAX + READ)}"), 431),
    "a head without an end": (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, 431),
    "a path that is not there": (get("/none"), 404),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused(name: str) -> None:
    """Each wrong request gets its status, and a sentence; the client reads it, however much it had still to say."""
    request, status = WRONG[name]
    found, headers, body = said(request)
    assert found == status
    assert headers["x-content-type-options"] == "nosniff"
    assert body.endswith(b"\n")


def test_the_methods_are_named() -> None:
    """Who asks by another method is told which there are."""
    assert said(get(method="DELETE"))[1]["allow"] == "get, head"


RIGHT_HOSTS = ("localhost", "LOCALHOST:9877", "127.0.0.1", "127.0.0.1:9877", "[::1]:9877")


@pytest.mark.parametrize("host", RIGHT_HOSTS)
def test_names_of_this_machine_are_right(host: str) -> None:
    """Each of the machine's own names is one that the listener answers to."""
    assert said(get(host=host))[0] == 200


def test_http_1_0_needs_no_host() -> None:
    """A simple client of old is answered: no browser speaks like that."""
    assert said(b"GET / HTTP/1.0\r\n\r\n")[::2] == (200, BODY)


def test_beyond_loopback_any_name_is_right() -> None:
    """A listener that others may reach does not know the names by which they do."""

    async def exchange() -> bytes:
        async with serving(Address("0.0.0.0")) as address:
            return await asked(Address("127.0.0.1", address.port), get(host="web-1.example"))

    assert asyncio.run(exchange()).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_unix_socket_is_served(tmp_path: Path) -> None:
    """A path serves as an address does."""

    async def exchange() -> bytes:
        async with serving(Address(path=str(tmp_path / "http"))) as address:
            return await asked(address, get(host="whatever"))

    assert asyncio.run(exchange()).endswith(BODY)


def test_a_connection_is_kept() -> None:
    """A connection carries one request after another, also where the next one comes before the answer."""

    async def exchange() -> None:
        async with serving() as address, client(address) as one:
            for _ in range(3):
                await one.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert (await one.head()).startswith(b"HTTP/1.1 200 OK\r\n")
                assert await one.body(len(BODY)) == BODY
            await one.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/echo"))
            assert (await one.rest()).count(b"HTTP/1.1 200 OK\r\n") == 2

    asyncio.run(exchange())


def test_a_head_may_come_in_pieces() -> None:
    """A request is one whichever way its bytes arrive."""

    async def exchange() -> bytes:
        async with serving() as address, client(address) as one:
            for byte in get():
                await one.send(bytes([byte]))
                await asyncio.sleep(0)
            return await one.rest()

    assert asyncio.run(exchange()).endswith(BODY)


def test_a_slow_head_is_given_up() -> None:
    """A head that is not whole in its time is answered 408, and the connection ends."""
    status, _, body = said(b"GET / HTTP/1.1\r\n", head=0.05)
    assert (status, body) == (408, b"The request took too long.\n")


def test_a_silent_client_is_left() -> None:
    """A client that says nothing in its time hears nothing, and the connection ends."""

    async def exchange() -> bytes:
        async with serving(head=0.05) as address:
            return await asked(address)

    assert asyncio.run(exchange()) == b""


KEPT: dict[str, tuple[bytes, dict[str, Any], bytes]] = {
    "nothing follows": (b"", {"idle": 0.05}, b""),
    "a head that begins with the last one": (b"GET", {"idle": 60, "head": 0.05}, b"HTTP/1.1 408 "),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_connection_is_left_in_the_end(name: str) -> None:
    """Between two requests a client has its time too; once it begins another, that of a head counts."""
    more, limits, end = KEPT[name]

    async def exchange() -> bytes:
        async with serving(**limits) as address, client(address) as one:
            await one.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + more)
            return await one.rest()

    assert asyncio.run(exchange()).partition(BODY)[2].startswith(end)


def test_a_head_that_begins_late_has_its_own_time() -> None:
    """A kept connection's next head has a head's time from its first byte, however long the rest before may be."""

    async def exchange() -> bytes:
        async with serving(idle=60, head=0.05) as address, client(address) as one:
            await one.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await one.head()
            await one.body(len(BODY))
            await one.send(b"GET")
            return await one.rest()

    assert asyncio.run(exchange()).startswith(b"HTTP/1.1 408 ")


def test_a_reader_that_does_not_read_is_given_up() -> None:
    """An answer that nobody takes in its time is thrown away, and the others are answered meanwhile."""

    async def exchange() -> tuple[bytes, bytes]:
        async with serving(write=0.2) as address, client(address) as slow:
            await slow.send(get("/big"))
            others = await asked(address, get())
            await asyncio.sleep(0.4)
            return others, await slow.rest()

    others, cut = asyncio.run(exchange())
    assert others.endswith(BODY)
    assert len(cut) < len(BIG)


def test_what_ends_early_leaves_nothing() -> None:
    """Clients that go away at any moment leave the server as it was."""

    async def exchange() -> bytes:
        async with serving() as address:
            for part in (b"", b"GET /", get(), get("/big"), b"\r\n\r\n"):
                async with client(address) as one:
                    await one.send(part)
            return await asked(address, get())

    assert asyncio.run(exchange()).endswith(BODY)


def test_a_newcomer_has_the_place_of_who_waits_longest() -> None:
    """Where every place is taken, the connection that has been without a request for longest makes room."""

    async def exchange() -> tuple[bytes, bytes]:
        async with serving(connections=2) as address, client(address) as first, client(address) as second:
            await first.send(b"GET")
            await second.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await second.head()
            new = await asked(address, get())
            return await first.rest(), new

    first, new = asyncio.run(exchange())
    assert (first, new.endswith(BODY)) == (b"", True)


def test_who_is_being_answered_keeps_its_place() -> None:
    """Where every place is taken by clients that are being answered, a newcomer is turned away."""

    async def exchange() -> tuple[bytes, bytes]:
        waiting, go = asyncio.Event(), asyncio.Event()

        async def slowly(asked: Asked) -> Answer:
            waiting.set()
            await go.wait()
            return await answer(asked)

        async with serving(answering=slowly, connections=1) as address, client(address) as first:
            await first.send(get())
            await waiting.wait()
            turned_away = await asked(address, get())
            go.set()
            return turned_away, await first.rest()

    turned_away, first = asyncio.run(exchange())
    assert (turned_away, first.endswith(BODY)) == (b"", True)


def test_an_end_is_clean() -> None:
    """Closing ends connections in whatever they are; nothing of them goes on."""

    async def exchange() -> int:
        never = asyncio.Event()

        async def hangs(asked: Asked) -> Answer:
            await never.wait()
            return await answer(asked)

        async with contextlib.AsyncExitStack() as stack:
            async with serving(answering=hangs) as address:
                for part in (b"", b"GET", get()):
                    one = await stack.enter_async_context(client(address))
                    await one.send(part)
                await asyncio.sleep(0)
            return len(asyncio.all_tasks())

    assert asyncio.run(exchange()) == 1


def test_a_crowd_of_slow_clients_shuts_nobody_out() -> None:
    """Beside 500 connections that send a byte now and then, every client is answered, and no check fails."""

    async def siege() -> tuple[list[bytes], Report]:
        async with serving() as address:
            with crowded(address.port, CROWD) as crowd:
                assert crowd.stdout
                assert await asyncio.to_thread(crowd.stdout.readline) == b"all are there\n"
                answers = [await asked(address, get()) for _ in range(50)]
                with open_world(HEALTHY) as job:
                    report = await run([job], registry.load().checks, timeout=60)
                assert crowd.poll() is None
                return answers, report

    answers, report = asyncio.run(siege())
    assert [one.endswith(BODY) for one in answers] == [True] * 50
    assert report.exit_code == 0


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_break_it(parts: list[bytes]) -> None:
    """Whatever a client sends, it is answered by HTTP or not at all, and the next client is answered."""

    async def exchange() -> tuple[bytes, bytes]:
        async with serving(head=0.02) as address:
            first = await asked(address, *parts)
            return first, await asked(address, get())

    first, second = asyncio.run(exchange())
    assert first == b"" or first.startswith(b"HTTP/1.1 ")
    assert second.endswith(BODY)
