"""A CONNECT proxy on loopback, good or faulty."""

import asyncio
import base64
from collections.abc import Callable

from imdoctor.lab.loop import LOOPBACK, Handler, pipe

ANSWERS = {
    "auth": b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="lab"\r\nContent-Length: 0\r\n\r\n',
    "denied": b"HTTP/1.1 403 Forbidden\r\nServer: lab-proxy\r\nContent-Length: 0\r\n\r\n",
    "upstream": b"HTTP/1.1 503 Service Unavailable\r\nServer: lab-proxy\r\nContent-Length: 0\r\n\r\n",
    "garbage": b"220 mail.example ESMTP ready\r\n",
}


def proxy(how: str, resolve: Callable[[str, int], int], credentials: str | None) -> Handler:
    """Return a proxy's handler. ``resolve`` maps what CONNECT names to a port of loopback."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        wanted = base64.b64encode((credentials or "").encode())
        answer = ANSWERS.get(how) or (ANSWERS["auth"] if credentials and wanted not in head else None)
        if answer is not None:
            writer.write(answer)
            await writer.drain()
            return
        host, _, port = head.split()[1].decode("ascii").rpartition(":")
        there = await asyncio.open_connection(LOOPBACK, resolve(host, int(port)))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))
        finally:
            there[1].close()  # a pipe that was cancelled before it began closes nothing

    return handle
