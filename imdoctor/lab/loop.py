"""The lab's own event loop, in a thread of its own: what its servers do is no part of the run's times."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
LOOPBACK = "127.0.0.1"
PIECE = 65536
ROUNDS = 5
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Place:
    """Where a server listens. Without an address it is the lab's own; port 0 is any that is free."""

    address: str | None = None
    port: int = 0


ANYWHERE = Place()


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until they end, and close what they went to."""
    try:
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


class LabLoop:
    """Servers on loopback (or on another address of this machine), started from outside and stopped together.

    ``enter`` is called first in the servers' thread: it may take it into another network namespace.
    """

    def __init__(self, address: str = LOOPBACK, enter: Callable[[], None] | None = None) -> None:
        self._address, self._enter = address, enter
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="lab", daemon=True)
        self._servers: list[asyncio.Server] = []
        self._transports: list[asyncio.BaseTransport] = []
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for sock in self._sockets:
            sock.close()

    def _run(self) -> None:
        if self._enter is not None:
            self._enter()
        self._loop.run_forever()

    def call(self, step: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the lab's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()

    def serve(self, handler: Handler, *, context: Any = None, place: Place = ANYWHERE) -> int:  # noqa: ANN401 - an ssl.SSLContext, loaded by the caller
        """Serve TCP (or TLS, with a context) at a place; return the port."""
        return self.call(self._serve(handler, context, place))

    def datagrams(self, protocol: Callable[[], asyncio.DatagramProtocol], place: Place = ANYWHERE) -> int:
        """Serve UDP at a place; return the port."""
        return self.call(self._datagrams(protocol, place))

    def refusing(self) -> int:
        """Return a port that refuses: bound, so that nobody else takes it, and never listening."""
        sock = socket.socket()
        sock.bind((self._address, 0))
        self._sockets.append(sock)
        return int(sock.getsockname()[1])

    def silent(self) -> int:
        """Return a port that answers no SYN: a listener whose accept queue is full."""
        listener = socket.socket()
        listener.bind((self._address, 0))
        listener.listen(0)
        self._sockets.append(listener)
        for _ in range(2):
            filler = socket.socket()
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
            self._sockets.append(filler)
        return int(listener.getsockname()[1])

    async def _serve(self, handler: Handler, context: Any, place: Place) -> int:  # noqa: ANN401 - as serve
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                return
            finally:
                writer.close()

        server = await asyncio.start_server(handle, place.address or self._address, place.port, ssl=context)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _datagrams(self, protocol: Callable[[], asyncio.DatagramProtocol], place: Place) -> int:
        where = (place.address or self._address, place.port)
        transport, _ = await self._loop.create_datagram_endpoint(protocol, local_addr=where)
        self._transports.append(transport)
        return int(transport.get_extra_info("sockname")[1])

    async def _close(self) -> None:
        """End every server, connection and handler, and let the loop take notice: nothing stays open behind it."""
        # A connection whose accepting begins when its server is closed already is lost half made (CPython's own assertion):
        # first no more are accepted, then what was accepted begins, then the servers close.
        for sock in (sock for server in self._servers for sock in server.sockets):
            self._loop.remove_reader(sock.fileno())
        await _settle()
        for server in self._servers:
            server.close()
        for transport in self._transports:
            transport.close()
        await _end_tasks()
        # A TLS connection ends politely, and waits for the peer to do so too; this loop has no time for that.
        for transport in tuple(getattr(self._loop, "_transports", {}).values()):
            transport.abort()
        await _settle()
        await _end_tasks()  # those of connections whose handshake was just done


async def _end_tasks() -> None:
    """Cancel every task but this one, and wait until it is gone."""
    current = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not current]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _settle() -> None:
    """Let the loop run the callbacks that wait, and those that they leave behind."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)
