"""A resolver on loopback, UDP and TCP on one port, with the faults that resolvers have."""

import asyncio
import errno
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import msgspec

from imdoctor.lab.loop import ANYWHERE, LabLoop, Place

TTL = 60
TRIES = 10
"""A port that is free for TCP may be taken for UDP, by any socket that is asking a question just now."""


class Resolving(msgspec.Struct, frozen=True, kw_only=True):
    """How a resolver answers. Everything left out is as it should be."""

    silent: bool = False
    rcode: str = "NOERROR"
    aaaa_rcode: str | None = None
    """Another rcode for AAAA alone."""
    delay: float = 0.0
    truncated: bool = False
    empty: bool = False
    addresses: tuple[str, ...] | None = None
    """In place of the zone's."""
    answers_every: int = 1
    """Only every so many-th question is answered."""


@dataclass
class Resolver(asyncio.DatagramProtocol):
    """One resolver: a zone and a manner."""

    zone: Mapping[str, tuple[str, ...]]
    how: Resolving
    texts: Mapping[str, str] = field(default_factory=dict)
    """Names with a text, as a zone file writes it."""
    asked: Counter[str] = field(default_factory=Counter)
    """Questions so far, by type."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer by."""
        # asyncio's own datagram transport is no DatagramTransport by its bases, only by its methods.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question, in its own time."""
        query = _question(data)
        if query is None:
            return
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked[kind] += 1
        if self.how.silent or self.asked[kind] % self.how.answers_every:
            return
        reply = self.reply(data, over_tcp=False)
        asyncio.get_running_loop().call_later(self.how.delay, self._send, reply, addr)

    def _send(self, reply: bytes, addr: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(reply, addr)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer questions over TCP."""
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            data = await reader.readexactly(size)
            if _question(data) is None:
                return
            reply = self.reply(data, over_tcp=True)
            writer.write(len(reply).to_bytes(2, "big") + reply)
            await writer.drain()

    def reply(self, data: bytes, *, over_tcp: bool) -> bytes:
        """Return the answer to a question as it stands on the wire."""
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query, recursion_available=True)
        question = query.question[0]
        rcode = self.how.aaaa_rcode if self.how.aaaa_rcode and question.rdtype == dns.rdatatype.AAAA else self.how.rcode
        answer.set_rcode(dns.rcode.from_text(rcode))
        if self.how.truncated and not over_tcp:
            answer.flags |= dns.flags.TC
            return answer.to_wire()
        if rcode == "NOERROR" and not self.how.empty:
            self._fill(answer, question)
        return answer.to_wire()

    def _fill(self, answer: dns.message.Message, question: dns.rrset.RRset) -> None:
        name = question.name.to_text(omit_final_dot=True).lower()
        if question.rdtype == dns.rdatatype.TXT and name in self.texts:
            answer.answer.append(dns.rrset.from_text(question.name, 0, "IN", "TXT", self.texts[name]))
            return
        if name not in self.zone:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return
        addresses = self.zone[name] if self.how.addresses is None else self.how.addresses
        six = question.rdtype == dns.rdatatype.AAAA
        wanted = [address for address in addresses if (":" in address) is six]
        if wanted and question.rdtype in {dns.rdatatype.A, dns.rdatatype.AAAA}:
            answer.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "AAAA" if six else "A", *wanted))


def _question(data: bytes) -> dns.message.Message | None:
    """Read a query; None for bytes that ask nothing."""
    try:
        query = dns.message.from_wire(data)
    except dns.exception.DNSException:
        return None
    return query if query.question else None


def start(lab: LabLoop, resolver: Resolver, *, tcp: bool = True, place: Place = ANYWHERE) -> int:
    """Start a resolver on one port for UDP and TCP; without TCP that port refuses. Raises OSError when a given port is taken."""
    for _ in range(1 if place.port else TRIES):
        try:
            both = lab.serve(resolver.handle, place=place) if tcp else lab.refusing()
            return lab.datagrams(lambda: resolver, replace(place, port=both))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free for UDP and TCP alike")
