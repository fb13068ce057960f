"""The listener: whoever reads the agent's figures is answered, whatever other clients do.

The client that has kept a connection without a request for longest makes room for a new one, so that a thousand which send a
byte a minute shut out nobody.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from imdoctor.agent.listen import Address
from imdoctor.agent.talk import READ, Answer, Asked, Connection, Limits


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

    async def start(self) -> None:
        """Begin to accept connections."""
        start = asyncio.start_unix_server if self._address.path is not None else asyncio.start_server
        self._server = await start(self._accept, sock=self._sock, limit=READ)

    async def close(self) -> None:
        """Accept no connection any more, and end those that are open."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._open.values())
        for connection in list(self._open):
            self._end(connection)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(
            reader=reader, writer=writer, address=self._address, answer=self._answer, limits=self._limits
        )
        if len(self._open) >= self._limits.connections and not self._make_room():
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
