"""The listener: whoever reads the agent's figures is answered, whatever other clients do.

The client that has kept a connection without a request for longest makes room for a new one, so that a thousand which send a
byte a minute shut out nobody.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from imdoctor.agent.listen import BACKLOG, Address
from imdoctor.agent.talk import READ, Answer, Asked, Connection, Limits

AT_ONCE = 4
"""Connections that are accepted in one turn of the event loop: a newcomer's head is read long before a rush could take its place."""

TURNS = 5
"""Turns of the event loop from a connection's acceptance until it is ours to end."""


class Server:
    """Serves what ``answer`` returns on a listening socket, until ``close``. ``address`` is the one that it is bound to."""

    def __init__(
        self,
        sock: socket.socket,
        address: Address,
        answer: Callable[[Asked], Awaitable[Answer]],
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._sock, self._address, self._answer, self._limits = sock, address, answer, limits
        self._open: dict[Connection, asyncio.Task[Any]] = {}
        self._server: asyncio.Server | None = None
        self._closing = False

    async def start(self) -> None:
        """Begin to accept connections."""
        start = asyncio.start_unix_server if self._address.path is not None else asyncio.start_server
        self._server = await start(self._accept, sock=self._sock, limit=READ, backlog=AT_ONCE)
        self._sock.listen(BACKLOG)  # asyncio has made the kernel's queue as short as its own turn

    async def close(self) -> None:
        """Accept no connection any more, and end those that are open."""
        self._closing = True
        if self._server is not None:
            self._server.close()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        tasks = list(self._open.values())
        for connection in list(self._open):
            self._end(connection)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(
            reader=reader, writer=writer, address=self._address, answer=self._answer, limits=self._limits
        )
        full = len(self._open) >= self._limits.connections
        if self._closing or (full and not self._make_room()):
            connection.cut()
            return
        task = asyncio.create_task(connection.talk())
        self._open[connection] = task
        task.add_done_callback(lambda _: self._end(connection))

    def _make_room(self) -> bool:
        """End the connection that has been without a whole request for longest; False when all of them are being answered."""
        waiting = [connection for connection in self._open if connection.waiting is not None]
        if waiting:
            self._end(min(waiting, key=lambda one: one.waiting or 0.0))
        return bool(waiting)

    def _end(self, connection: Connection) -> None:
        connection.cut()
        task = self._open.pop(connection, None)
        if task is not None:
            task.cancel()
