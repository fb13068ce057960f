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
        """Accept none any more, and end those that are open."""
        if self._server is not None:
            self._server.close()
        for connection, task in list(self._open.items()):
            connection.cut()
            task.cancel()
        await asyncio.gather(*self._open.values(), return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(
            reader=reader, writer=writer, address=self._address, answer=self._answer, limits=self._limits
        )
        if len(self._open) >= self._limits.connections and not self._make_room():
            connection.cut()
            return
        task = asyncio.current_task()
        if task is None:
            return
        self._open[connection] = task
        try:
            await connection.talk()
        finally:
            self._open.pop(connection, None)
            connection.cut()

    def _make_room(self) -> bool:
        """End the connection that has been without a whole request for longest; False when all of them are being answered."""
        waiting = [connection for connection in self._open if connection.waiting is not None]
        if not waiting:
            return False
        slowest = min(waiting, key=lambda one: one.waiting or 0.0)
        slowest.cut()
        self._open.pop(slowest).cancel()
        return True
