"""The ways out as lines of text: this host, its stubs, its resolvers, and the addresses by which they leave."""

from collections.abc import Generator, Iterator, Mapping

from imdoctor import retold, say
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
    took = _took(one.seconds)
    samples = say(", {number} samples", number=one.samples) if one.samples > 1 else ""
    subnets = say(", which sends the subnet {subnets} along", subnets=", ".join(one.subnets)) if one.subnets else ""
    where = place(places_of(egress, address))
    shown = say("{address}: {place}; shown by {source}", address=address, place=where, source=one.source)
    return f"{shown}{samples}{took}{subnets}"


def echo_told(egress: EgressSeen, echo: Echo) -> str:
    """Say the same of what an echo shows."""
    address = echo.address or ""
    where = place(places_of(egress, address))
    shown = say("{address}: {place}; shown by {source}", address=address, place=where, source=echo.url)
    return f"{shown}{_took(echo.seconds)}"


def _took(seconds: float | None) -> str:
    return "" if seconds is None else say(", {time}", time=milliseconds(seconds))


def picture(seen: DnsSeen, egress: EgressSeen, words: Mapping[str, str]) -> Iterator[str]:
    """Draw the ways out, a line for each step, further in for each one further on; ``words`` say how each nameserver compares."""
    stubs = {stub.address: stub for stub in seen.stubs}
    for server in seen.servers:
        seconds = server.a.seconds
        took = "" if seconds is None else say(", answers in {time}", time=milliseconds(seconds))
        yield f"{say('this host')} -> {_named(seen, server.server)}{took}"
        depth = yield from _behind(seen, stubs, server.server, 1)
        found = [(one, address) for one in egress.exits if one.via == server.server for address in one.addresses]
        for one, address in found:
            yield f"{'  ' * depth}-> {exit_told(egress, one, address)}"
        if not found:
            yield f"{'  ' * depth}-> {say('by an address that nothing shows')}"
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
        yield f"{'  ' * depth}-> {say('{upstream}, by {source}', upstream=_named(seen, upstream), source=_places(stub.told_by))}"
        deepest = yield from _behind(seen, stubs, upstream, depth + 1)
    return max(deepest, depth + 1)


def host_picture(egress: EgressSeen) -> Iterator[str]:
    """Draw this host's own ways out, past the proxy and through it."""
    for one in (one for one in egress.exits if one.via == "direct"):
        for address in one.addresses:
            yield f"{say('this host')} -> {exit_told(egress, one, address)}"
    for echo in (echo for echo in egress.echoes if echo.address):
        proxy = f" -> {say('the proxy')}" if echo.via == "proxy" else ""
        yield f"{say('this host')}{proxy} -> {echo_told(egress, echo)}"
        if echo.resolver:
            where = place(places_of(egress, echo.resolver))
            resolved = say("its name was resolved by {resolver}: {place}", resolver=echo.resolver, place=where)
            yield f"  {resolved}"


def _named(seen: DnsSeen, address: str) -> str:
    """Say what a nameserver is."""
    known = classify(address)
    stub = next((one for one in seen.stubs if one.address == address), None)
    owner = known.owner or (stub.program if stub else None)
    told = say("its owner is not in the table") if known.kind == "unknown" else retold(known.kind)
    if owner:
        told = say("{who}: {told}", who=known.kind, told=owner)
    own = seen.identifiers.get(address)
    calls = say(", calls itself {name}", name=own) if own else ""
    return say("{address} ({told})", address=address, told=f"{told}{calls}")


def _places(told_by: str | None) -> str:
    """Return where it stands what is behind a stub: files, or a word for a command line."""
    return ", ".join(map(retold, (told_by or "").split(", ")))
