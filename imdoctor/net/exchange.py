"""One DNS message to one server, and its answer: over UDP, over TCP."""

import asyncio
import socket
import time
from typing import Any

import dns.exception
import dns.message
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from imdoctor.net.machine import Machine, errno_name

PORT = 53
LARGEST = 65535
"""Bytes of a message (RFC 1035 §4.2.2)."""
PAYLOAD = 1232
"""The EDNS buffer size that fragments nowhere (DNS flag day 2020)."""
FAILURES = (dns.exception.DNSException, OSError, EOFError, ValueError)
"""What ``exchange`` and its like raise."""
for _kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
    # dnspython loads a type when it first meets one. Met in the class ANY first, it would be taken for opaque data ever after.
    dns.rdata.get_rdata_class(dns.rdataclass.IN, _kind)  # type: ignore[no-untyped-call]  # as the library has it


async def exchange(
    machine: Machine, server: str, query: dns.message.Message, limit: float
) -> tuple[dns.message.Message, float]:
    """Ask one server once, over UDP alone: for answers that are small. Return the answer and the seconds. Raises FAILURES."""
    where, started = machine.dial(server, PORT), time.monotonic_ns()
    async with asyncio.timeout(limit):
        reply = await over_udp(query, where)
    return reply, (time.monotonic_ns() - started) / 1e9


async def over_udp(query: dns.message.Message, where: tuple[str, int]) -> dns.message.Message:
    """Ask over a connected socket: the kernel drops what others send, and hands ICMP errors on. Other answers are passed over."""
    loop = asyncio.get_running_loop()
    with socket.socket(_family(where), socket.SOCK_DGRAM) as sock:
        sock.settimeout(0)
        sock.connect(where)
        await loop.sock_sendall(sock, query.to_wire())
        while True:
            data = await loop.sock_recv(sock, LARGEST)
            if int.from_bytes(data[:2], "big") != query.id:
                continue
            reply = dns.message.from_wire(data, ignore_trailing=True)
            if query.is_response(reply):
                return reply


async def over_tcp(query: dns.message.Message, where: tuple[str, int]) -> dns.message.Message:
    """Ask over TCP, each message behind its length (RFC 1035 §4.2.2)."""
    reader, writer = await asyncio.open_connection(*where)
    try:
        data = query.to_wire()
        writer.write(len(data).to_bytes(2, "big") + data)
        size = int.from_bytes(await reader.readexactly(2), "big")
        return dns.message.from_wire(await reader.readexactly(size))
    finally:
        writer.close()


def records(
    reply: dns.message.Message, kind: dns.rdatatype.RdataType, *classes: dns.rdataclass.RdataClass
) -> list[Any]:
    """Return an answer's records of a type, of the Internet's class or of ``classes``: those of others hold what they like."""
    wanted = {dns.rdataclass.IN, *classes}
    sets = [rrset for rrset in reply.answer if rrset.rdtype == kind and rrset.rdclass in wanted]
    return [record for rrset in sets for record in rrset]


def _family(where: tuple[str, int]) -> int:
    return socket.AF_INET6 if ":" in where[0] else socket.AF_INET


def error_of(failure: Exception) -> str:
    """Return the word for what went wrong with a question."""
    if isinstance(failure, dns.exception.Timeout | TimeoutError):
        return "timeout"
    if isinstance(failure, ConnectionRefusedError):
        return "refused-port"
    if isinstance(failure, OSError) and failure.errno:
        return errno_name(failure)
    return "closed" if isinstance(failure, EOFError) else "malformed"
