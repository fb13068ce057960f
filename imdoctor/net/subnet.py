"""What a resolver answers for another network: EDNS Client Subnet (RFC 7871); and the name that it gives itself (NSID, RFC 5001)."""

import ipaddress

import dns.edns
import dns.message
import dns.rcode
import dns.rdatatype
import msgspec

from imdoctor.net.exchange import FAILURES, PAYLOAD, error_of, exchange, records
from imdoctor.net.machine import Machine
from imdoctor.speech import say

SHOWN = {4: 24, 6: 56}
"""Bits of an address that are shown (RFC 7871 §11.1)."""
LONGEST = 60
"""Characters of a name server's identifier."""


class SubnetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a resolver answers for a subnet. ``scope`` is None where the answer lacks the option: the resolver does not heed it."""

    server: str
    subnet: str
    scope: int | None = None
    addresses: tuple[str, ...] = ()
    error: str | None = None


def subnet_of(address: str) -> str:
    """Return the subnet that is shown for an address."""
    bits = SHOWN[ipaddress.ip_address(address).version]
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


async def ask_for(machine: Machine, server: str, host: str, kind: str, subnet: str, limit: float) -> SubnetAnswer:
    """Ask a resolver for the addresses that hosts of a subnet are given. ``kind`` is "A" or "AAAA"."""
    network = ipaddress.ip_network(subnet)
    option = dns.edns.ECSOption(str(network.network_address), network.prefixlen)
    query = dns.message.make_query(host, kind, use_edns=0, payload=PAYLOAD, options=[option])
    seen = SubnetAnswer(server=server, subnet=subnet)
    try:
        reply, _ = await exchange(machine, server, query, limit)
    except FAILURES as failure:
        return msgspec.structs.replace(seen, error=error_of(failure))
    if reply.rcode():
        return msgspec.structs.replace(seen, error=dns.rcode.to_text(reply.rcode()))
    wanted = dns.rdatatype.from_text(kind)
    scope = next((option.scopelen for option in reply.options if isinstance(option, dns.edns.ECSOption)), None)
    addresses = [record.address for record in records(reply, wanted)]
    return msgspec.structs.replace(
        seen,
        scope=scope,
        addresses=tuple(dict.fromkeys(addresses)),
        error=None if scope is not None else say("it does not heed the subnet"),
    )


async def identifier(machine: Machine, server: str, host: str, limit: float) -> str | None:
    """Return the identifier that a nameserver gives itself, asked for beside a question of its own; None where it gives none."""
    option = dns.edns.GenericOption(dns.edns.OptionType.NSID, b"")
    query = dns.message.make_query(host, "A", use_edns=0, payload=PAYLOAD, options=[option])
    try:
        reply, _ = await exchange(machine, server, query, limit)
    except FAILURES:
        return None
    raw: bytes = next(
        (option.to_wire() or b"" for option in reply.options if option.otype == dns.edns.OptionType.NSID), b""
    )
    if not raw:
        return None
    text = raw.decode("ascii", "replace")
    return text[:LONGEST] if text.isprintable() and "\ufffd" not in text else raw.hex()[:LONGEST]
