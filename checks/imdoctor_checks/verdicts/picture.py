"""The ways out as lines of text: this host, its stubs, its resolvers, and the addresses by which they leave."""

from collections.abc import Generator, Iterator, Mapping

from imdoctor.net.echo import Echo
from imdoctor.net.egress import Exit
from imdoctor.net.resolvers import classify
from imdoctor.net.stubs import Stub
from imdoctor_checks.observations import DnsSeen, EgressSeen
from imdoctor_checks.verdicts.places import place, places_of


def milliseconds(seconds: float) -> str:
    """Return a time as people read it."""
    return f"{seconds * 1000:.1f} ms"


def exit_told(egress: EgressSeen, one: Exit, address: str) -> str:
    """Say an address, its place, who shows it, and how long that took."""
    took = "" if one.seconds is None else f", {milliseconds(one.seconds)}"
    samples = f", {one.samples} samples" if one.samples > 1 else ""
    subnets = f", which sends the subnet {', '.join(one.subnets)} along" if one.subnets else ""
    return f"{address}: {place(places_of(egress, address))}; shown by {one.source}{samples}{took}{subnets}"


def echo_told(egress: EgressSeen, echo: Echo) -> str:
    """Say the same of what an echo shows."""
    address = echo.address or ""
    took = "" if echo.seconds is None else f", {milliseconds(echo.seconds)}"
    return f"{address}: {place(places_of(egress, address))}; shown by {echo.url}{took}"


def picture(seen: DnsSeen, egress: EgressSeen, words: Mapping[str, str]) -> Iterator[str]:
    """Draw the ways out, a line for each step, further in for each one further on; ``words`` say how each nameserver compares."""
    stubs = {stub.address: stub for stub in seen.stubs}
    for server in seen.servers:
        seconds = server.a.seconds
        took = "" if seconds is None else f", answers in {milliseconds(seconds)}"
        yield f"this host -> {_named(seen, server.server)}{took}"
        depth = yield from _behind(seen, stubs, server.server, 1)
        found = [(one, address) for one in egress.exits if one.via == server.server for address in one.addresses]
        for one, address in found:
            yield f"{'  ' * depth}-> {exit_told(egress, one, address)}"
        if not found:
            yield f"{'  ' * depth}-> by an address that nothing shows"
        if server.server in words:
            yield f"  {words[server.server]}"
    yield from host_picture(egress)


def _behind(seen: DnsSeen, stubs: Mapping[str, Stub], address: str, depth: int) -> Generator[str, None, int]:
    """Draw what is behind a stub; return how far in the last line is."""
    stub = stubs.get(address)
    if stub is None or not stub.upstreams or depth > len(stubs):
        return depth
    deepest = depth
    for upstream in stub.upstreams:
        yield f"{'  ' * depth}-> {_named(seen, upstream)}, by {stub.told_by}"
        deepest = yield from _behind(seen, stubs, upstream, depth + 1)
    return max(deepest, depth + 1)


def host_picture(egress: EgressSeen) -> Iterator[str]:
    """Draw this host's own ways out, past the proxy and through it."""
    for one in (one for one in egress.exits if one.via == "direct"):
        for address in one.addresses:
            yield f"this host -> {exit_told(egress, one, address)}"
    for echo in (echo for echo in egress.echoes if echo.address):
        yield f"this host{' -> the proxy' if echo.via == 'proxy' else ''} -> {echo_told(egress, echo)}"
        if echo.resolver:
            where = place(places_of(egress, echo.resolver))
            yield f"  its name was resolved by {echo.resolver}: {where}"


def _named(seen: DnsSeen, address: str) -> str:
    """Say what a nameserver is."""
    known = classify(address)
    stub = next((one for one in seen.stubs if one.address == address), None)
    owner = known.owner or (stub.program if stub else None)
    told = (
        f"{known.kind}: {owner}"
        if owner
        else known.kind
        if known.kind != "unknown"
        else "its owner is not in the table"
    )
    own = seen.identifiers.get(address)
    return f"{address} ({told}{f', calls itself {own}' if own else ''})"
