"""The judgement of step 4: does a resolver leave the network in this host's own region and ISP, and what does it cost if not."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from imdoctor import Finding, Note, Severity, mark, retold, say, translated
from imdoctor.net.echo import Echo
from imdoctor.net.egress import Exit
from imdoctor.net.lookup import ServerAnswers
from imdoctor.net.resolvers import classify
from imdoctor_checks.observations import DnsSeen, EgressSeen
from imdoctor_checks.verdicts.costs import cost_told, priced
from imdoctor_checks.verdicts.picture import echo_told, exit_told, picture
from imdoctor_checks.verdicts.places import compare_isp, compare_region, place, places_of

Word = Literal["same", "unknown", "same ISP only", "different"]
RANK: tuple[Word, ...] = ("same", "unknown", "same ISP only", "different")
WORDS = (mark("same"), mark("unknown"), mark("same ISP only"), mark("different"))
"""From good to bad: where an end may be compared with several, the best counts; of several ends the worst."""
SLOWER = ("tcp.slow", "tls.slow", "probe.slow")
"""What a far mirror may be the reason of."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How one nameserver's ways out compare with this host's, and the pair of addresses that decides it."""

    server: str
    word: Word
    reason: str
    resolver_end: str | None = None
    host_end: str | None = None


def compare(egress: EgressSeen, server: str) -> Comparison:
    """Compare each address by which a nameserver leaves with those of this host."""
    ends, hosts = resolver_ends(egress, server), host_ends(egress)
    if egress.barred:
        return Comparison(server=server, word="unknown", reason=say("third parties are not to be asked"))
    if not ends:
        tried = _tried(egress.exits, server)
        reason = say("no source shows by which address {server} leaves ({tried})", server=server, tried=tried)
        return Comparison(server=server, word="unknown", reason=reason)
    if not hosts and not unproven(egress.exits):
        tried = _tried(egress.exits, "direct", egress.echoes)
        reason = say("no source shows by which address this host leaves ({tried})", tried=tried)
        return Comparison(server=server, word="unknown", reason=reason, resolver_end=ends[0])
    return max((_best(egress, server, end, hosts) for end in ends), key=_rank)


def _best(egress: EgressSeen, server: str, end: str, hosts: Sequence[str]) -> Comparison:
    """Compare an end with the host's that is most like it; not where the host's of that family may be a resolver's own."""
    doubted = [host for host in unproven(egress.exits) if _family(host) == _family(end)]
    if not doubted or any(_family(host) == _family(end) for host in hosts):
        return min((_ends(egress, server, end, host) for host in _peers(end, hosts)), key=_rank)
    reason = say(
        "DNS shows {doubted} for this host and for a resolver alike, as it also does where a box on the way answers "
        "in the servers' place, and no echo tells the two apart ({tried})",
        doubted=", ".join(doubted),
        tried=_tried((), "direct", egress.echoes),
    )
    return Comparison(server=server, word="unknown", reason=reason, resolver_end=end)


def _peers(end: str, hosts: Sequence[str]) -> Sequence[str]:
    """Return this host's addresses of an end's own family, where it has any: the other one is another way, maybe by another ISP."""
    return [host for host in hosts if _family(host) == _family(end)] or hosts


def _family(address: str) -> int:
    return 6 if ":" in address else 4


def _rank(one: Comparison) -> int:
    return RANK.index(one.word)


def _ends(egress: EgressSeen, server: str, end: str, host: str) -> Comparison:
    """Compare two addresses by the places that the sources give them."""

    def said(word: Word, reason: str) -> Comparison:
        return Comparison(server=server, word=word, reason=reason, resolver_end=end, host_end=host)

    if end == host:
        return said("same", say("both leave by one address"))
    one, other = places_of(egress, end), places_of(egress, host)
    isp, region = compare_isp(one, other), compare_region(one, other)
    if isp.same == "different":
        return said("different", isp.reason)
    if region.same == "different":
        return said("same ISP only" if isp.same == "same" else "different", region.reason)
    if isp.same == region.same == "same":
        return said("same", f"{isp.reason}{say('; ')}{region.reason}")
    errors = [told.error for told in (*one, *other) if told.error]
    reasons = [one.reason for one in (isp, region) if one.same == "unknown"]
    return said("unknown", say("; ").join(dict.fromkeys([*reasons, *map(retold, errors)])))


def resolver_ends(egress: EgressSeen, server: str) -> tuple[str, ...]:
    """Return the addresses by which a nameserver leaves; where no name shows them, what the echoes say of the C library's resolver."""
    shown = [address for one in egress.exits if one.via == server for address in one.addresses]
    servers = {one.via for one in egress.exits} - {"direct"}
    if not shown and servers == {server}:
        shown = [one.resolver for one in egress.echoes if one.via == "direct" and one.resolver]
    return tuple(dict.fromkeys(shown))


def host_ends(egress: EgressSeen) -> tuple[str, ...]:
    """Return the addresses by which this host leaves.

    Where DNS shows a resolver's address for the host's, the echoes alone count.
    """
    doubted = unproven(egress.exits)
    by_dns = [address for address in _shown(egress.exits, direct=True) if address not in doubted]
    by_echo = [one.address for one in egress.echoes if one.via == "direct" and one.address]
    return tuple(dict.fromkeys((*by_dns, *by_echo)))


def unproven(exits: Sequence[Exit]) -> tuple[str, ...]:
    """Return the addresses that DNS shows for this host, of a family all of whose are a resolver's as well.

    Either both leave by one address, or something on the way answers in the place of the server that was asked.
    """
    resolvers, own = set(_shown(exits, direct=False)), _shown(exits, direct=True)
    proven = {_family(address) for address in own if address not in resolvers}
    return tuple(address for address in own if _family(address) not in proven)


def in_question(exits: Sequence[Exit]) -> bool:
    """Tell whether only an echo can say by which address this host leaves."""
    return bool(unproven(exits)) or not _shown(exits, direct=True)


def _shown(exits: Sequence[Exit], *, direct: bool) -> list[str]:
    return [address for one in exits if (one.via == "direct") is direct for address in one.addresses]


def _tried(exits: Sequence[Exit], via: str, echoes: Sequence[Echo] = ()) -> str:
    failed = [(one.source, one.error) for one in exits if one.via == via and one.error]
    failed += [(one.url, one.error) for one in echoes if one.error and one.via == via]
    told = (say("{who}: {told}", who=source, told=error) for source, error in dict.fromkeys(failed))
    return say("; ").join(told) or say("none answered in time")


def mismatched(egress: EgressSeen, servers: Sequence[ServerAnswers]) -> tuple[Comparison, ...]:
    """Return the comparisons of the nameservers that leave elsewhere than this host."""
    every = (compare(egress, server.server) for server in servers)
    return tuple(one for one in every if one.word in {"same ISP only", "different"})


def judge_egress(seen: DnsSeen) -> Iterator[Finding | Note]:
    """Judge each nameserver that answers; and draw the ways out."""
    if seen.egress is None:
        return
    compared = [compare(seen.egress, server.server) for server in seen.servers]
    for one, server in zip(compared, seen.servers, strict=True):
        if all(answer.rcode is None for answer in (server.a, server.aaaa)):
            continue
        if one.word == "unknown":
            yield Finding("dns.egress-unknown", data={"server": one.server, "reason": one.reason})
        elif one.word != "same":
            yield _mismatch(seen, seen.egress, one)
    words = {one.server: say("{who}: {told}", who=one.word, told=one.reason) for one in compared}
    yield from (Note(line) for line in picture(seen, seen.egress, words))


def _mismatch(seen: DnsSeen, egress: EgressSeen, one: Comparison) -> Finding:
    """Say both ends and the cost.

    A public resolver may leave where it likes, and so may one that sends the host's subnet along, unless it costs.
    """
    resolver_end, host_end = one.resolver_end or "", one.host_end or ""
    cost = next((cost for cost in seen.costs if cost.server == one.server), None)
    costs, (costly, spread) = priced(seen, cost) if cost else None, cost_told(seen, egress, one.server, cost)
    kinds = {classify(end).kind for end in behind(seen, one.server)}
    harmless = kinds == {"public"} or shows_subnet(egress, one.server, host_end)
    severity: Severity = "info" if harmless and costs is None else "warn"
    return Finding(
        "dns.egress-mismatch",
        severity=severity,
        confidence="certain" if costs is not None else "likely",
        data={
            "server": one.server,
            "verdict": one.word,
            "resolver_egress": resolver_end,
            "resolver_place": place(places_of(egress, resolver_end)),
            "host_egress": host_end,
            "host_place": place(places_of(egress, host_end)),
            "cost": costly,
            "cost_seconds": costs,
            "places": [told for told in egress.places if told.address in {resolver_end, host_end}],
        },
        because=(
            *_evidence(egress, one.server),
            say("compared, {reason}", reason=one.reason),
            say("{who}: {told}", who=costly, told=spread),
        ),
        explains=SLOWER if costs is not None else (),
    )


def behind(seen: DnsSeen, server: str) -> tuple[str, ...]:
    """Return the nameservers that a question to one ends up at, as far as they are known."""
    known = {stub.address: stub.upstreams for stub in seen.stubs}
    ends, waiting = [], [server]
    for address in waiting:
        ends += [] if known.get(address) else [address]
        waiting += [one for one in known.get(address, ()) if one not in waiting]
    return tuple(ends)


def shows_subnet(egress: EgressSeen, server: str, host: str) -> bool:
    """Tell whether a nameserver tells authorities the host's own network (EDNS Client Subnet)."""
    subnets = [subnet for one in egress.exits if one.via == server for subnet in one.subnets]
    return any(_holds(subnet, host) for subnet in subnets)


def _holds(subnet: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(subnet, strict=False)
    except ValueError:
        return False


def _evidence(egress: EgressSeen, server: str) -> Iterator[str]:
    for one in egress.exits:
        if one.addresses and one.via in {server, "direct"}:
            who = say("this host") if one.via == "direct" else server
            ways = (exit_told(egress, one, address) for address in one.addresses)
            yield from (say("{who} leaves by {way}", who=who, way=way) for way in ways)
    for echo in (echo for echo in egress.echoes if echo.address and echo.via == "direct"):
        yield say("{who} leaves by {way}", who=say("this host"), way=echo_told(egress, echo))


def egress_summary(seen: DnsSeen) -> str:
    """Say in half a line how the nameservers' ways out compare with this host's; nothing where third parties were not asked."""
    if seen.egress is None or seen.egress.barred:
        return ""
    words = {compare(seen.egress, server.server).word for server in seen.servers}
    worst = max(words, key=RANK.index, default="unknown")
    told = {
        "same": mark("; leaving the network in this host's own ISP and region"),
        "unknown": mark("; leaving the network at a place not known"),
        "different": mark("; leaving the network different"),
        "same ISP only": mark("; leaving the network same ISP only"),
    }
    return translated(told[worst])
