"""What stands behind a resolver on this machine: systemd-resolved, dnsmasq, Docker's, NodeLocal DNSCache; as their files tell."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from imdoctor.net import dnsmasq
from imdoctor.net.machine import Machine
from imdoctor.net.resolvers import RESOLVED, bare_address, classify, named_in, nameservers, text_of

DEEPEST = 4
"""Stubs behind stubs that are followed."""
CTL_LIMIT = 1.0
"""Seconds that resolvectl gets."""
DOCKER = re.compile(r"^#\s*ExtServers:\s*\[([^\]]*)\]", re.MULTILINE)
FORWARD = re.compile(r"^\s*forward\s+\.\s+([^{\n]+)", re.MULTILINE)
"""CoreDNS' plugin of that name (https://coredns.io/plugins/forward/)."""


class Stub(msgspec.Struct, frozen=True, kw_only=True):
    """A resolver on this machine, and the nameservers that it hands questions to; ``told_by`` is where that stands. None: not known."""

    address: str
    program: str | None = None
    upstreams: tuple[str, ...] = ()
    told_by: str | None = None


async def stubs(machine: Machine, servers: Iterable[str] | None = None) -> tuple[Stub, ...]:
    """Return what is behind each nameserver on this machine, and behind a stub behind a stub."""
    found: dict[str, Stub] = {}
    waiting = list(nameservers(machine) if servers is None else servers)
    for _ in range(DEEPEST):
        new = [one for one in dict.fromkeys(waiting) if one not in found and classify(one).kind == "stub"]
        for address in new:
            found[address] = await _behind(machine, address)
        waiting = [upstream for address in new for upstream in found[address].upstreams]
    return tuple(found.values())


async def _behind(machine: Machine, address: str) -> Stub:
    owner = classify(address).owner
    if address in RESOLVED:
        return await _resolved(machine, address)
    if owner == "Docker":
        return _docker(machine, address)
    if owner == "NodeLocal DNSCache":
        return _node_local(machine, address)
    return _dnsmasq(machine, address) or Stub(address=address)


async def _resolved(machine: Machine, address: str) -> Stub:
    """Read the file that systemd-resolved keeps for this purpose (systemd-resolved.service(8)), or ask resolvectl."""
    seen = Stub(address=address, program="systemd-resolved")
    named, path = named_in(machine.resolved_conf), str(machine.resolved_conf)
    if text_of(machine.resolved_conf) is None:
        told = await machine.resolvectl(CTL_LIMIT)
        named, path = tuple(read_resolvectl(told)) if told else (), "resolvectl"
    upstreams = tuple(dict.fromkeys(one for one in named if one not in RESOLVED))
    return msgspec.structs.replace(seen, upstreams=upstreams, told_by=path) if upstreams else seen


def read_resolvectl(text: str) -> Iterator[str]:
    """Yield the nameservers in what `resolvectl dns` says: JSON of the releases that write it, else its plain lines."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        words = (word for line in text.splitlines() for word in line.partition(":")[2].split())
        yield from (known for word in words if (known := bare_address(word.partition("#")[0])))
        return
    yield from _addresses_in(found, depth=0)


def _addresses_in(thing: object, depth: int) -> Iterator[str]:
    """Yield every `addressString` (or a plain text that is an address) below a key that speaks of servers, however deep."""
    if depth > 8:  # noqa: PLR2004 - deeper than any release nests
        return
    if isinstance(thing, list):
        for item in thing:
            yield from _addresses_in(item, depth + 1)
    elif isinstance(thing, dict):
        if isinstance(thing.get("addressString"), str) and (known := bare_address(thing["addressString"])):
            yield known
        for key, item in thing.items():
            if isinstance(item, list | dict) and "fallback" not in key.lower():
                yield from _addresses_in(item, depth + 1)


def _docker(machine: Machine, address: str) -> Stub:
    """Read what Docker notes in a container's resolv.conf: `# ExtServers: [10.0.0.2 host(127.0.0.53)]`."""
    found = DOCKER.search(text_of(machine.resolv_conf) or "")
    seen = Stub(address=address, program="Docker")
    words = re.sub(r"host\(([^)]*)\)", r"\1", found[1]).split() if found else []
    named = tuple(known for word in words if (known := bare_address(word)))
    return msgspec.structs.replace(seen, upstreams=named, told_by=str(machine.resolv_conf)) if named else seen


def _node_local(machine: Machine, address: str) -> Stub:
    """Read NodeLocal DNSCache's Corefile where it can be read: on the node, that is."""
    seen = Stub(address=address, program="NodeLocal DNSCache")
    for name in ("etc/coredns/Corefile", "etc/Corefile", "etc/coredns/Corefile.base"):
        found = FORWARD.findall(text_of(machine.root / name) or "")
        named = tuple(dict.fromkeys(known for line in found for word in line.split() if (known := bare_address(word))))
        if named:
            return msgspec.structs.replace(seen, upstreams=named, told_by=f"/{name}")
    return seen


def _dnsmasq(machine: Machine, address: str) -> Stub | None:
    """Read what the dnsmasq on an address says of itself; None where none listens there."""
    found = dnsmasq.upstreams(machine, address)
    if found is None:
        return None
    seen = Stub(address=address, program="dnsmasq", upstreams=tuple(dict.fromkeys(one.address for one in found)))
    told_by = ", ".join(dict.fromkeys(one.where for one in found))
    return msgspec.structs.replace(seen, told_by=told_by or None)
