"""Servers that are no gateway: each answers a connection in one wrong way."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping

from imdoctor.lab.loop import LOOPBACK, Handler, pipe

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with a time of 0: closing sends a reset (socket(7))."""
ALERT_PROTOCOL_VERSION = bytes.fromhex("15030100020246")
ALERT_HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")
"""TLS records with one fatal alert (RFC 8446 §6)."""
HELLO = 16384
PAGE = b"<html><body>Welcome</body></html>"
HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(PAGE), PAGE)


async def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept, and reset before a byte was sent."""
    del reader
    await _reset(writer)


async def resets_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the ClientHello, and reset."""
    if await reader.read(HELLO):
        await _reset(writer)


async def closes_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the ClientHello, and end the stream."""
    del writer
    await reader.read(HELLO)


async def silent_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the ClientHello, and say nothing."""
    del writer
    while await reader.read(HELLO):
        pass


async def says_ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet as an SSH server does."""
    writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    await reader.read(HELLO)


async def says_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer anything with plain HTTP."""
    if await reader.read(HELLO):
        writer.write(HTTP)
        await writer.drain()


def says(record: bytes) -> Handler:
    """Answer the ClientHello with a record."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(HELLO):
            writer.write(record)
            await writer.drain()
            await reader.read(HELLO)

    return handle


def sieve(fits: Callable[[bytes], object], port: int) -> Handler:
    """Let a connection whose ClientHello fits through to a port of loopback, and reset every other one."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.read(HELLO)
        if not hello:
            return
        if not fits(hello):
            await _reset(writer)
            return
        beyond, out = await asyncio.open_connection(LOOPBACK, port)
        out.write(hello)
        try:
            await asyncio.gather(pipe(reader, out), pipe(beyond, writer))
        finally:
            out.close()  # a pipe that was cancelled before it began closes nothing

    return handle


RAW: Mapping[str, Handler] = {
    "reset-on-accept": resets,
    "reset": resets_hello,
    "closed": closes_hello,
    "silent": silent_hello,
    "ssh": says_ssh,
    "http": says_http,
    "old-version": says(ALERT_PROTOCOL_VERSION),
    "no-cipher": says(ALERT_HANDSHAKE_FAILURE),
}
