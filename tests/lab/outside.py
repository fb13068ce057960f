"""The third parties of a world: an authority that answers by who asks, whoami names, echoes over HTTPS, routing data; true or lying."""

import asyncio
import ipaddress
import json
import secrets
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from imdoctor.lab.front import HOST
from imdoctor.lab.loop import Handler, LabLoop, Place
from imdoctor.net.geo import origin_name
from tests.lab.certificates import authority
from tests.lab.model import AUTHORITY, AUTHORITY6, ECHO, Outside, Whereabouts, World

NSTOOL, IPIP = "nstool.netease.com", "myip.ipip.net"
PAIRS = "whoami.ds.akahelp.net"
PLAIN = {"whoami.akamai.net", "whoami.03k.org", "myip.opendns.com"}
STRINGS = {"o-o.myaddr.l.google.com", "whoami.cloudflare"}
OWN = "whoami.corp.example"
SERVERS = ("ns1-1.akamaitech.net", "ns1.google.com", "resolver1.opendns.com", "ns.corp.example")
"""Names of the servers that are asked directly: the one authority here."""
LIES = {"private": "10.66.6.6", "rubbish": "not an address \x07 at all"}
ENDLESS = b"x" * 65536
Asker = str


@dataclass
class Authority(asyncio.DatagramProtocol):
    """Answers every name of the world, those of whoami zones by the asker's own address."""

    names: Mapping[str, Sequence[str]]
    outside: Outside
    resolved_by: dict[str, str] = field(default_factory=dict)
    """Who asked for which of the echoes' random names."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer by."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return
        if query.question and not (self.outside.silent and self._third_party(_name(query))):
            self._transport.sendto(self.reply(query, addr[0]).to_wire(), addr)

    def _third_party(self, name: str) -> bool:
        return name not in self.names

    def reply(self, query: dns.message.Message, asker: Asker) -> dns.message.Message:
        """Return the answer to a question."""
        subnet = next((option for option in query.options if isinstance(option, dns.edns.ECSOption)), None)
        options: list[dns.edns.Option] = (
            [dns.edns.ECSOption(subnet.address, subnet.srclen, subnet.srclen * self.outside.heeded)] if subnet else []
        )
        answer = dns.message.make_response(query, recursion_available=True)
        if query.edns >= 0:
            answer.use_edns(0, payload=1232, options=options)
        answer.flags |= dns.flags.AA
        question = query.question[0]
        shown = f"{subnet.address}/{subnet.srclen}" if subnet else None
        records = list(self._records(_name(query), asker, shown, question.rdtype))
        if not records:
            known = _name(query) in {*self.names, *SERVERS, NSTOOL, IPIP} or _name(query) == HOST
            answer.set_rcode(dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)
            return answer
        kind = dns.rdatatype.to_text(question.rdtype)
        klass = dns.rdataclass.to_text(question.rdclass)
        answer.answer.append(dns.rrset.from_text(question.name, 0, klass, kind, *records))
        return answer

    def _records(self, name: str, asker: Asker, subnet: str | None, rdtype: int) -> Iterator[str]:
        """Yield the records of a name, as a zone file writes them."""
        text, six = rdtype == dns.rdatatype.TXT, ":" in asker
        lie = LIES.get(self.outside.lie or "")
        if text:
            yield from self._texts(name, lie or asker, subnet)
        elif name in PLAIN:
            if rdtype == (dns.rdatatype.AAAA if six else dns.rdatatype.A):
                yield lie if self.outside.lie == "private" and lie else asker
        else:
            wanted = [
                one for one in self._addresses(name, asker, subnet) if (":" in one) == (rdtype == dns.rdatatype.AAAA)
            ]
            yield from wanted if rdtype in {dns.rdatatype.A, dns.rdatatype.AAAA} else ()

    def _texts(self, name: str, asker: Asker, subnet: str | None) -> Iterator[str]:
        if name == PAIRS:
            yield f'"ns" "{asker}"'
            if subnet:
                yield f'"ecs" "{subnet}/0"'
        elif name in STRINGS:
            yield f'"{asker}"'
            if subnet:
                yield f'"edns0-client-subnet {subnet}"'
        elif name.endswith(f".{OWN}"):
            yield f'"{asker}"'
        elif name.endswith("asn.cymru.com"):
            for network, there in self.outside.places.items():
                if there.asn and any(origin_name(str(host), "asn.cymru.com") == name for host in _hosts(network)):
                    yield f'"{there.asn} | {network} | CN | apnic | 2008-01-01"'

    def _addresses(self, name: str, asker: Asker, subnet: str | None) -> Sequence[str]:
        if name == HOST and self.outside.mirrors:
            from_where = ipaddress.ip_address(subnet.partition("/")[0] if subnet else asker)
            views = self.outside.mirrors.items()
            return next((given for network, given in views if from_where in ipaddress.ip_network(network)), ())
        if name in SERVERS:
            return (AUTHORITY, AUTHORITY6)
        if name.endswith(f".{NSTOOL}"):
            self.resolved_by[name] = asker
        return (ECHO,) if name in {NSTOOL, IPIP} or name.endswith(f".{NSTOOL}") else self.names.get(name, ())


def third_parties(world: World) -> dict[str, tuple[str, ...]]:
    """Return the addresses of the third parties' names."""
    if world.outside is None:
        return {}
    return {**dict.fromkeys(SERVERS, (AUTHORITY, AUTHORITY6)), **dict.fromkeys((NSTOOL, IPIP), (ECHO,))}


def _name(query: dns.message.Message) -> str:
    return query.question[0].name.to_text(omit_final_dot=True).lower()


def _hosts(network: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return the addresses that worlds use of a network: its first few."""
    first = ipaddress.ip_network(network).network_address
    return [first + number for number in range(4)]


def whereabouts(outside: Outside, address: str) -> Whereabouts:
    """Return where an address is."""
    known = ipaddress.ip_address(address)
    return next(
        (there for network, there in outside.places.items() if known in ipaddress.ip_network(network)), Whereabouts()
    )


def echo(asked: Authority) -> Handler:
    """Return the handler of both echoes; the Host header says which."""
    outside = asked.outside

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        host = next(line.partition(":")[2].strip() for line in head.splitlines() if line.lower().startswith("host:"))
        asker = writer.get_extra_info("peername")[0]
        if outside.lie == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while not writer.is_closing():
                writer.write(ENDLESS)
                await writer.drain()
                await asyncio.sleep(0.001)  # or the loop would never notice that the other side is gone
        if outside.lie == "nowhere":
            there = b"https://[" if host == NSTOOL else b"/json?x=a \xe4\xb8\xad"
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % there)
            return
        shown = LIES.get(outside.lie or "", asker)
        if host == NSTOOL:
            where = f"https://{secrets.token_hex(4)}.{NSTOOL}/info.js"
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            body = _ipip(outside, shown) if host == IPIP else _nstool(outside, shown, asked.resolved_by.get(host, ""))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    return handle


def _ipip(outside: Outside, address: str) -> bytes:
    there = whereabouts(outside, address) if "." in address and " " not in address else Whereabouts()
    location = [there.country, there.region, there.city, "", there.isp]
    return json.dumps({"ret": "ok", "data": {"ip": address, "location": location}}, ensure_ascii=False).encode()


def _nstool(outside: Outside, address: str, resolver: str) -> bytes:
    """Return the page in GBK, as its model is."""
    values = {"ip": address, "dns": resolver, "res": "1", "msg": "您的DNS设置"}
    for end, one in (("ip", address), ("dns", resolver)):
        if one and " " not in one:
            there = whereabouts(outside, one)
            values |= {f"{end}_isp": there.isp, f"{end}_province": there.region, f"{end}_city": there.city}
    return "".join(f"var {name} = '{value}';\n" for name, value in values.items()).encode("gbk")


def start(
    lab: LabLoop, outside: Outside, names: Mapping[str, Sequence[str]], addresses: Sequence[str], folder: Path
) -> None:
    """Start the authority, which is the public resolver that heeds subnets as well, on each address; and the echoes."""
    asked = Authority(names, outside)
    for address in addresses:
        lab.datagrams(lambda: Authority(names, outside, asked.resolved_by), Place(address, 53))
    file = folder / "echo.pem"
    leaf = authority("Lab Root").leaf(NSTOOL, f"*.{NSTOOL}", IPIP)
    file.write_bytes(leaf.key_pem() + leaf.pem())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    if outside.echoes:
        lab.serve(echo(asked), context=context, place=Place(ECHO, 443))
