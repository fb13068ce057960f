"""The judgement of look-ups: which nameserver fails and how, whether there is an answer, and whether it is the truth."""

import functools
import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from imdoctor import Finding, Severity, retold, say
from imdoctor.net.lookup import AGAIN, Answer, ServerAnswers
from imdoctor.net.resolvers import classify
from imdoctor_checks.observations import DnsSeen, GatewayLook

TEMPORARY = {"EAI_AGAIN", "timeout"}
"""Errors of the C library that may pass by themselves (getaddrinfo(3))."""
LEAST_FAILURES = 2
"""Of all questions to one server: one lost datagram is no finding."""


def judge_lookups(seen: DnsSeen, slow: float, *, configured: bool) -> Iterator[Finding]:
    """Judge the servers one by one, then the answer, then whether it is the truth.

    ``configured`` tells whether nameservers are named anywhere.
    """
    if configured or any(not _failure(seen, server) for server in seen.servers):
        yield from _bad_servers(seen)
    else:
        yield Finding("dns.no-resolver", because=_unconfigured(seen))
    wavering = list(_wavering(seen))
    yield from _no_answer(seen, wavering=bool(wavering))
    yield from _slow(seen, slow)
    yield from wavering
    yield from _untrue(seen)
    yield from _kinds(seen)


def before(answer: Answer) -> list[str]:
    """Return what came before the answer that stands, where it took more than one question."""
    return ["timeout"] * answer.lost + ([answer.first] if answer.first is not None else [])


@functools.lru_cache(maxsize=1024)
def bogus(address: str) -> bool:
    """Tell whether an address cannot be that of a public name: private, loopback, reserved, unspecified."""
    known = ipaddress.ip_address(address.partition("%")[0])
    return not known.is_global or known.is_multicast


def pinned(seen: DnsSeen) -> tuple[str, ...]:
    """Return the addresses that the hosts file gives, where it is asked before the nameservers."""
    order = [source for source in seen.hosts_order if source in {"files", "dns", "resolve"}]
    return seen.hosts_entry if order[:1] == ["files"] else ()


def used(seen: DnsSeen) -> tuple[str, ...]:
    """Return the addresses that the application sees."""
    return seen.system.addresses if seen.system else ()


def in_doubt(seen: DnsSeen) -> list[str]:
    """Return the addresses worth a look: pinned ones, bogus ones, all where two resolvers differ, or one wholly from a public one.

    And those that a price hangs on.
    """
    every = [address for server in seen.servers for address in server.addresses]
    words = _words(seen)[len(seen.servers) :]
    # What a third party says is no reason to knock at an address of this network's own.
    others = [address for server in words for address in server.addresses if not bogus(address)]
    told = {frozenset(server.addresses) for server in seen.servers if server.addresses}
    doubted = [*pinned(seen), *(address for address in (*used(seen), *every) if bogus(address))]
    if len(told) > 1 or (others and any(not one & set(others) for one in told)):
        doubted += [*used(seen), *every, *others]
    if told and used(seen) and not set(used(seen)) & set(every) and not pinned(seen):
        doubted += [*used(seen), *every]  # the C library's answer is none of theirs
    doubted += [cost.own for cost in seen.costs]
    return list(dict.fromkeys(doubted))


def _words(seen: DnsSeen) -> tuple[ServerAnswers, ...]:
    """Return what the nameservers say of the name, what a public resolver says, and what it says for the host's own prefix."""
    public = (seen.public,) if seen.public is not None else ()
    subnet = seen.egress.subnet if seen.egress is not None else None
    if subnet is None or subnet.error:
        return (*seen.servers, *public)
    own = Answer(type="A", rcode="NOERROR", addresses=subnet.addresses)
    label = f"{subnet.server} for {subnet.subnet}"
    return (*seen.servers, *public, ServerAnswers(server=label, a=own, aaaa=Answer(type="AAAA")))


def _failure(seen: DnsSeen, server: ServerAnswers) -> str | None:
    """Return the code for a server that answered neither question, nor any of a series; else None."""
    if any("NOERROR" in series.outcomes for series in seen.series if series.server == server.server):
        return None
    rcodes = {server.a.rcode, server.aaaa.rcode} - {None}
    if rcodes - AGAIN:
        return None
    if "SERVFAIL" in rcodes:
        return "dns.servfail"
    if rcodes or "refused-port" in {server.a.error, server.aaaa.error}:
        return "dns.server-refused"
    return "dns.server-timeout"


def _bad_servers(seen: DnsSeen) -> Iterator[Finding]:
    codes = [(_failure(seen, server), server) for server in seen.servers]
    severity: Severity = "fail" if all(code for code, _ in codes) else "warn"
    good = [server.server for code, server in codes if not code]
    for code, server in codes:
        if code:
            data = {"server": server.server, "error": server.a.outcome, "rank": _rank(seen, server), "others": good}
            both = {"a": _told(server.a), "aaaa": _told(server.aaaa)}
            because = (say("{server}: A {a}, AAAA {aaaa}", server=server.server, **both),)
            yield Finding(code, severity=severity, data=data, because=because, confidence="certain")


def _unconfigured(seen: DnsSeen) -> tuple[str, ...]:
    error = seen.resolv_conf.error
    why = say("resolv.conf names no nameserver")
    if error:
        why = say("resolv.conf cannot be read ({error})", error=error)
    return (why, *(say("{who}: {told}", who=server.server, told=_told(server.a)) for server in seen.servers))


def _rank(seen: DnsSeen, server: ServerAnswers) -> str:
    place = seen.servers.index(server) + 1
    return say("{place} of {servers}", place=place, servers=len(seen.servers))


def _told(answer: Answer) -> str:
    asked = say(" (asked {times} times)", times=answer.attempts) if answer.attempts > 1 else ""
    over_tcp = say("; over TCP: {outcome}", outcome=answer.over_tcp) if answer.over_tcp else ""
    return f"{retold(answer.outcome)}{asked}{over_tcp}"


def _no_answer(seen: DnsSeen, *, wavering: bool) -> Iterator[Finding]:
    """Judge why the application has no address, unless the servers' own failure says it; and TCP, where it was needed."""
    direct = [address for server in seen.servers for address in server.addresses]
    for server in seen.servers:
        broken = next((answer for answer in (server.a, server.aaaa) if answer.truncated and answer.tcp_error), None)
        if broken is not None:
            severity: Severity = "warn" if used(seen) or direct else "fail"
            yield Finding(
                "dns.tcp-blocked", severity=severity, data={"server": server.server, "error": broken.tcp_error}
            )
            if severity == "fail":
                return
    if used(seen) or all(_failure(seen, server) for server in seen.servers):
        return
    denied = [server.server for server in seen.servers if "NXDOMAIN" in {server.a.rcode, server.aaaa.rcode}]
    if denied:
        yield Finding("dns.nxdomain", data={"servers": denied}, confidence="certain")
        return
    error = seen.system.error if seen.system else None
    unanswered = any(answer.rcode is None for server in seen.servers for answer in (server.a, server.aaaa))
    if wavering and (direct or unanswered):
        return  # the servers answer now and then, and the C library met the other times: that is the finding
    why = say("the answers hold no address")
    if direct:
        why = say("the nameservers answer, but the C library says {error}", error=error)
    because = (why, *_absolutely(seen))
    yield Finding("dns.no-address", data={"reason": why, "error": error, "direct": direct}, because=because)


def _absolutely(seen: DnsSeen) -> Iterator[str]:
    """Say what the C library answers without its search list."""
    answer = seen.system_absolute
    if answer is not None:
        yield say("without the search list: {answer}", answer=", ".join(answer.addresses) or answer.error)


def _quickest(answer: Answer) -> float | None:
    times = [seconds for seconds in (answer.seconds, answer.again) if seconds is not None]
    return min(times, default=None)


def taken(server: ServerAnswers) -> float | None:
    """Return the seconds of a server's slower question, by the quicker of its two looks."""
    times = [seconds for seconds in (_quickest(server.a), _quickest(server.aaaa)) if seconds is not None]
    return max(times, default=None)


def _slow(seen: DnsSeen, limit: float) -> Iterator[Finding]:
    """Judge servers that are slow in both looks, and the C library in both of its."""
    for server in seen.servers:
        seconds = taken(server)
        if seconds is not None and seconds > limit and not _failure(seen, server):
            data = {"who": server.server, "seconds": seconds, "limit": limit}
            yield Finding("dns.slow", data=data, confidence="certain")
    own = [answer for answer in (seen.system, seen.system_again) if answer is not None and not answer.late]
    looks = [answer.seconds for answer in own if answer.seconds is not None]
    if len(looks) > 1 and min(looks) > limit and used(seen):
        yield Finding("dns.slow", data={"who": say("the C library"), "seconds": min(looks), "limit": limit})


def _wavering(seen: DnsSeen) -> Iterator[Finding]:
    for series in seen.series:
        server = next(item for item in seen.servers if item.server == series.server)
        asked_first = [outcome for answer in (server.a, server.aaaa) for outcome in (*before(answer), answer.outcome)]
        failed = [outcome for outcome in (*asked_first, *series.outcomes) if outcome != "NOERROR"]
        steady = (
            server.aaaa.outcome if server.aaaa.outcome not in {"NOERROR", "timeout"} else None
        )  # SERVFAIL for AAAA alone
        failed = [outcome for outcome in failed if outcome != steady]
        if len(failed) >= LEAST_FAILURES:
            asked = len(asked_first) + len(series.outcomes)
            data = {"server": series.server, "failed": len(failed), "total": asked, "errors": sorted(set(failed))}
            told = ", ".join(map(retold, (*asked_first, *series.outcomes)))
            because = (say("{who}: {told}", who=series.server, told=told),)
            yield Finding("dns.intermittent", data=data, because=because, confidence="certain")


def _untrue(seen: DnsSeen) -> Iterator[Finding]:
    """Judge whether the addresses are the service's, by what answers at them."""
    looks = {item.address: item for item in seen.looks}
    if held := pinned(seen):
        answers = any(looks[address].gateway for address in held if address in looks)
        severity: Severity = "warn" if answers else "fail"
        because = tuple(_looked(looks[address]) for address in held if address in looks)
        yield Finding(
            "dns.hosts-override", severity=severity, data={"addresses": held}, because=because, confidence="certain"
        )
    every = (*used(seen), *(address for server in seen.servers for address in server.addresses))
    for address in dict.fromkeys(address for address in every if bogus(address) and address not in held):
        known = looks.get(address)
        severity = "info" if known and known.gateway else "fail" if address in used(seen) or not used(seen) else "warn"
        because = (_looked(known),) if known else ()
        yield Finding(
            "dns.bogon-answer", address, {"bogon": address}, severity=severity, because=because, confidence="certain"
        )
    yield from _differing(seen, looks)


def _looked(item: GatewayLook) -> str:
    about = {"address": item.address, "error": item.error or item.subject}
    if item.gateway is None:
        return say("{address}: nothing answers ({error})", **about)
    if item.gateway:
        return say("{address}: answers as the IM gateway, with a certificate that verifies", **about)
    return say("{address}: answers, but not as the IM gateway ({error})", **about)


def _differing(seen: DnsSeen, looks: Mapping[str, GatewayLook]) -> Iterator[Finding]:
    """Tell a lie from another mirror where servers differ: by certificate and envelope, never by prefix."""
    if seen.system_absolute is not None and used(seen):
        yield from _searched(seen, looks)
    right = [server for server in _words(seen) if _any(server.addresses, looks, gateway=True)]
    wrong = [
        server
        for server in seen.servers
        if server.addresses
        and not any(map(bogus, server.addresses))
        and all(_is(looks, address, gateway=False) for address in server.addresses)
    ]
    if not right or not wrong:
        return
    data = {"right": [server.server for server in right], "wrong": [server.server for server in wrong]}
    false = [address for server in wrong for address in server.addresses]
    because = tuple(
        _looked(looks[address]) for server in (*wrong, *right) for address in server.addresses if address in looks
    )
    misled = bool(used(seen)) and all(address in false for address in used(seen))
    code = "dns.hijacked" if misled else "dns.servers-disagree"
    yield Finding(code, data={**data, "addresses": false}, because=because, confidence="certain")


def _searched(seen: DnsSeen, looks: Mapping[str, GatewayLook]) -> Iterator[Finding]:
    """Judge an answer of the C library's that no nameserver gives for the name itself."""
    right = [server.server for server in seen.servers if _any(server.addresses, looks, gateway=True)]
    if not right or pinned(seen) or not all(_is(looks, address, gateway=False) for address in used(seen)):
        return
    domains = seen.resolv_conf.search
    wrong = say("the C library")
    if domains:
        wrong = say("the C library with its search list ({domains})", domains=", ".join(domains))
    because = (*(_looked(looks[address]) for address in used(seen)), *_absolutely(seen))
    data = {"right": right, "wrong": wrong, "addresses": used(seen)}
    yield Finding("dns.hijacked", data=data, because=because, confidence="certain")


def _is(looks: Mapping[str, GatewayLook], address: str, *, gateway: bool) -> bool:
    return address in looks and looks[address].gateway is gateway


def _any(addresses: Iterable[str], looks: Mapping[str, GatewayLook], *, gateway: bool) -> bool:
    return any(_is(looks, address, gateway=gateway) for address in addresses)


def _kinds(seen: DnsSeen) -> Iterator[Finding]:
    known_stubs = {stub.address: stub for stub in seen.stubs}
    behind = [upstream for stub in seen.stubs for upstream in stub.upstreams]
    for server in dict.fromkeys([*(server.server for server in seen.servers), *behind]):
        known = classify(server)
        data = {"server": server, "owner": known.owner or say("its owner is not in the table"), "kind": known.kind}
        if known.kind in {"private", "cloud-internal"}:
            yield Finding("dns.private-resolver", data=data)
        elif known.kind == "public":
            yield Finding("dns.public-resolver", data=data)
        elif known.kind == "stub" and not (server in known_stubs and known_stubs[server].upstreams):
            yield Finding("dns.stub-opaque", data=data)
