"""One DNS message to one server, and its answer: over UDP, over TCP."""

import asyncio
import os
import socket
import time
from types import TracebackType
from typing import Any, Self

import dns.exception
import dns.message
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from imdoctor.net.machine import Machine, errno_name
from imdoctor.net.waiting import first_over

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
    with Datagram(query, query.to_wire(), machine.dial(server, PORT)) as sent:
        if await first_over((sent,), limit) is None:
            raise TimeoutError
        return sent.answer()


class Datagram:
    """A question sent over a connected socket: the kernel drops what others send, and hands ICMP errors on.

    ``wire`` is the question; it is sent with an ID drawn anew, so that one may be asked often. Other answers are passed over.
    Close it, as a context does.
    """

    def __init__(self, query: dns.message.Message, wire: bytes, where: tuple[str, int]) -> None:
        self.sock: socket.socket | None = None
        self.query = query
        self._number, self._own = os.urandom(2), wire[:2]
        self._reply: dns.message.Message | None = None
        self._error: Exception | None = None
        self._ended = 0
        self._started = time.monotonic_ns()
        try:
            self.sock = socket.socket(_family(where), socket.SOCK_DGRAM)
            self.sock.settimeout(0)
            self.sock.connect(where)
            self.sock.send(self._number + wire[2:])
        except OSError as error:
            self._error = error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket: what comes after that is lost."""
        if self.sock is not None:
            self.sock.close()

    @property
    def over(self) -> bool:
        """Whether an answer or an error has come."""
        return self._reply is not None or self._error is not None

    def answer(self) -> tuple[dns.message.Message, float]:
        """Return the answer, and the seconds it took. Raises FAILURES."""
        if self._reply is None:
            raise self._error or TimeoutError
        return self._reply, (self._ended - self._started) / 1e9

    def ready(self) -> None:
        """Take in what has come."""
        try:
            self._take()
        except BlockingIOError:
            pass  # a datagram whose checksum is wrong wakes the reader for nothing (select(2), BUGS)
        except FAILURES as error:
            self._error = error

    def _take(self) -> None:
        data = self.sock.recv(LARGEST) if self.sock is not None else b""
        self._ended = time.monotonic_ns()
        if data[:2] != self._number:
            return
        reply = dns.message.from_wire(self._own + data[2:], ignore_trailing=True)
        if self.query.is_response(reply):
            self._reply = reply


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
