"""Can port 443 of every address be reached? Step 2 of the list."""

import asyncio
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from msgspec import structs

from imdoctor import Context, Egress, Finding, Judged, Measurement, Observation, Settings, Spec, Summary, pick, say
from imdoctor.model import Confidence
from imdoctor.net.connect import REFUSALS, Connect, Icmp, connect
from imdoctor.net.machine import Route
from imdoctor.net.waiting import together
from imdoctor_checks.looks.elsewhere import elsewhere
from imdoctor_checks.looks.sharing import good_connect, shares
from imdoctor_checks.observations import Elsewhere, ProbeSeen, TcpSeen, TlsSeen
from imdoctor_checks.specs.tcp import FINDINGS
from imdoctor_checks.verdicts.elsewhere import something_answers, told, unsettled

SLOW = 1.0
"""Seconds (contract of tcp.slow)."""
CONNECTS = 5
"""Connects in all to an address that was slow, lossy or wavering; a healthy one is asked once."""
SPURIOUS = 0.5
"""Seconds: an answer that came within this of the round trip's own time was on its way when the SYN was sent again."""
LOSSY = 2
"""Of those, with a SYN sent again, from which on a path is called lossy."""
NO_ROUTE = {"ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"}
EXHAUSTED = {"EADDRNOTAVAIL", "EMFILE", "ENFILE", "ENOBUFS"}
FORBIDDEN = {"EACCES", "EPERM"}
PROHIBITED = {(4, 3): {9, 10, 13}, (6, 1): {1, 5, 6}}
"""ICMP family and type to the codes "administratively prohibited" (RFC 1812 §5.2.7.1, RFC 4443 §3.1)."""
PORT_UNREACHABLE = {(4, 3, 3), (6, 1, 4)}


class Tcp:
    """The `tcp` check."""

    name: ClassVar[str] = "tcp"
    title: ClassVar[str] = "Can the port of every address be reached?"
    step: ClassVar[int | None] = 2
    findings: ClassVar[Mapping[str, Spec]] = FINDINGS

    async def observe(self, ctx: Context) -> TcpSeen:
        """Connect to every address of the families that this host speaks, side by side."""
        if ctx.proxy is not None:
            return TcpSeen(skipped=say("the call goes through a proxy, which connects itself"))
        addresses = await ctx.addresses()
        if not addresses:
            return TcpSeen(blocked_by="dns")
        routes = tuple(ctx.machine.route(address) for address in addresses)
        tried = await together(_address(ctx, address) for address in worth_trying(routes))
        seen = TcpSeen(routes=routes, connects=tuple(one for several in tried for one in several))
        failed = all(_failed(one) for one in seen.connects)
        return structs.replace(seen, elsewhere=await elsewhere(ctx)) if failed else seen

    def judge(self, seen: TcpSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge each address, then all of them together."""
        del settings
        addresses = dict.fromkeys(one.address for one in seen.connects)
        own = {address: [one for one in seen.connects if one.address == address] for address in addresses}
        by_address = {address: [*tried, *_contradicting(tried, others)] for address, tried in own.items()}
        failed = {address: several for address, several in by_address.items() if all(_failed(one) for one in several)}
        if by_address and len(failed) == len(by_address):
            unrouted = {route.to for route in seen.routes if route.error is not None}
            for address, several in failed.items():
                yield _failure(several[0], seen.elsewhere, routed=address not in unrouted)
        elif failed:
            yield _partial(by_address, failed)
        for address, several in by_address.items():
            if address not in failed:
                yield from _wavering(address, several)
        yield from _measurements(seen)
        yield Summary(_summary(seen, len(by_address) - len(failed), len(by_address)))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the target; its addresses are known only when its name is resolved."""
        if ctx.proxy is None:
            endpoint = ctx.settings.endpoint
            yield Egress(
                to=endpoint.host,
                port=endpoint.port,
                protocol="tcp",
                why=say("a connection to every address, closed again at once"),
            )


def worth_trying(routes: Sequence[Route]) -> tuple[str, ...]:
    """Return the addresses to try: a family without any route is left out, unless nothing would be left."""
    routed = tuple(route.to for route in routes if route.error not in NO_ROUTE)
    return routed or tuple(route.to for route in routes)


async def _address(ctx: Context, address: str) -> list[Connect]:
    """Connect once; where that is slow, lossy or fails by somebody's word, a few times more.

    Where the checks share their connections, a good handshake's is as good.
    """
    shared = await good_connect(ctx, address) if shares(ctx) else None
    tried = [await _connect(ctx, address) if shared is None else shared]
    while len(tried) < CONNECTS and _odd(tried) and ctx.left(ctx.settings.timeout):
        tried.append(await _connect(ctx, address))
        if all(_failed(one) for one in tried) and len(tried) > 1:
            break  # asked once more, and the same: that is a finding
    return tried


def _odd(tried: Sequence[Connect]) -> bool:
    """Tell whether another connect would tell more; silence has been asked twice already."""
    first = tried[0]
    return (
        first.error not in {None, "timeout"}
        or first.reset_after is not None
        or _lossy(first)
        or (first.seconds or 0) > SLOW
    )


def _lossy(one: Connect) -> bool:
    """Tell whether the first SYN was lost: sent again, and not because the answer takes longer than the kernel waits."""
    if one.error is not None:
        return False
    sent_again = bool(one.info and one.info.retransmits)
    needless = one.info is not None and one.info.rtt is not None and (one.seconds or 0.0) - one.info.rtt < SPURIOUS
    return one.attempts > 1 or (sent_again and not needless)


def _failed(one: Connect) -> bool:
    return one.error is not None or one.reset_after is not None


async def _connect(ctx: Context, address: str) -> Connect:
    """Connect, and stay long enough to see a reset before a byte was sent."""
    port = ctx.settings.endpoint.port
    started = ctx.lag.now()
    seen, sock = await connect(address, port, timeout=ctx.left(ctx.settings.timeout), dial=ctx.machine.dial)
    seen = structs.replace(seen, late=ctx.lag.late_since(started))
    if sock is None:
        return seen
    rtt = seen.info.rtt if seen.info and seen.info.rtt else seen.seconds or 0.0
    try:
        return structs.replace(seen, reset_after=await _reset_within(sock, min(max(2 * rtt, 0.02), 0.1)))
    finally:
        sock.close()


async def _reset_within(sock: socket.socket, seconds: float) -> float | None:
    """Return after how many seconds an untouched connection was reset, or None. A server that speaks first is no fault."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_recv(sock, 1)
    except TimeoutError:
        return None
    except OSError:
        return time.monotonic() - started
    return None


def _failure(one: Connect, off_path: Elsewhere | None, *, routed: bool) -> Finding:
    """Name one address's failure, from the errno, the ICMP message and the silence, and from what answers elsewhere."""
    code, confidence, ruled_out = _kind(one, routed=routed)
    answered = off_path is not None and something_answers(off_path)
    open_questions: tuple[str, ...] = ()
    if code == "tcp.timeout":
        open_questions = tuple(unsettled(one.address, off_path))
        confidence = "possible" if open_questions else confidence
    data = {
        "error": one.error or "ECONNRESET",
        "said_by": say(", says {sender}", sender=one.icmp.sender) if one.icmp and one.icmp.sender else "",
        "attempts": one.attempts,
        "waited": one.waited,
        "icmp": None if one.icmp is None else structs.asdict(one.icmp),
    }
    ruled_out += ("host.offline",) if answered else ()
    because = (_evidence(one), *told(off_path), *open_questions)
    return Finding(code, one.address, data, confidence=confidence, because=because, ruled_out=ruled_out)


def _kind(one: Connect, *, routed: bool) -> tuple[str, Confidence, tuple[str, ...]]:
    """Return the code, the confidence and what was ruled out."""
    if one.error == "timeout":
        return _silence(one)
    if one.reset_after is not None:
        return "tcp.reset", "certain", ("tcp.refused", "tcp.timeout")
    if one.error in FORBIDDEN or _prohibited(one):
        return "tcp.prohibited", "certain", ("tcp.timeout", "tcp.refused")
    exhausted = EXHAUSTED if routed else EXHAUSTED - NO_ROUTE
    codes = {
        "ECONNREFUSED": "tcp.refused",
        "ECONNRESET": "tcp.reset",
        **dict.fromkeys(exhausted, "tcp.local-exhausted"),
    }
    return codes.get(one.error or "", "tcp.unreachable"), "certain", ("tcp.timeout",)


def _silence(one: Connect) -> tuple[str, Confidence, tuple[str, ...]]:
    """Tell a drop on this machine itself, which the kernel counts, from one on the way."""
    if one.local_drops:
        return "tcp.prohibited", "likely", ()
    return "tcp.timeout", "likely", () if one.local_drops is None else ("tcp.prohibited",)


def _prohibited(one: Connect) -> bool:
    """Tell whether an ICMP message speaks of a rule; a port-unreachable does when another than the target sent it."""
    icmp = one.icmp
    if icmp is None:
        return False
    by_rule = icmp.code in PROHIBITED.get((icmp.family, icmp.type), ())
    return by_rule or ((icmp.family, icmp.type, icmp.code) in PORT_UNREACHABLE and icmp.sender != one.address)


def _evidence(one: Connect) -> str:
    where = say("{address} port {port}", address=one.address, port=one.port)
    if one.reset_after is not None:
        return say("{where}: accepted, then reset after {ms:.0f} ms", where=where, ms=one.reset_after * 1000)
    if one.error == "timeout":
        silence = say(
            "{where}: no answer to {attempts} SYNs in {waited:.1f} s",
            where=where,
            attempts=one.attempts,
            waited=one.waited or 0,
        )
        drops = {None: "", 0: say("; this machine let every packet out")}.get(
            one.local_drops, say("; this machine itself dropped packets")
        )
        return f"{silence}{drops}"
    met = say("{who}: {told}", who=where, told=one.error)
    return met if one.icmp is None else f"{met}{_message(one.icmp)}"


def _message(icmp: Icmp) -> str:
    return say(
        ", ICMP type {type} code {code} from {sender}",
        type=icmp.type,
        code=icmp.code,
        sender=icmp.sender or say("this machine"),
    )


def _partial(every: Mapping[str, Sequence[Connect]], failed: Mapping[str, Sequence[Connect]]) -> Finding:
    """Name a family that fails as a whole while the other works as a whole; else say which addresses fail."""
    errors = {address: several[0].error or "ECONNRESET" for address, several in failed.items()}
    data = {
        "failed": len(failed),
        "total": len(every),
        "addresses": errors,
        "errors": [say("{who}: {told}", who=address, told=error) for address, error in errors.items()],
    }
    because = tuple(_evidence(several[0]) for several in failed.values())
    for version, colons in (("ipv6", True), ("ipv4", False)):
        family = {address for address in every if (":" in address) is colons}
        if family and set(failed) == family:
            return Finding(f"tcp.{version}-broken", data=data, because=because)
    return Finding("tcp.partial", data=data, because=because)


def _contradicting(own: Sequence[Connect], others: Mapping[str, Observation]) -> Iterator[Connect]:
    """Yield the other checks' connects to the same address that fared otherwise than these: it comes and goes, or SYNs are lost.

    A path that loses every second SYN may spare each of this check's own.
    """
    tls, probe = pick(others, "tls", TlsSeen), pick(others, "probe", ProbeSeen)
    paths = tls.paths if tls is not None else ()
    tried = [one for path in paths for one in (*path.refused, path.connect) if one is not None]
    for reach in (*probe.earlier, probe.reach) if probe is not None else ():
        tried += reach.connects
    here = [one for one in dict.fromkeys(tried) if one.address == own[0].address and one not in own]
    if all(one.error == "ECONNREFUSED" for one in own):
        yield from (one for one in here if one.error is None)
    elif not all(_failed(one) for one in own):
        yield from (one for one in here if one.error in REFUSALS or _lossy(one))


def _wavering(address: str, several: Sequence[Connect]) -> Iterator[Finding]:
    """Judge an address that works, but slowly, with loss, or not every time."""
    bad = [one for one in several if _failed(one)]
    if bad:
        errors = sorted({one.error or "ECONNRESET" for one in bad})
        data = {"failed": len(bad), "total": len(several), "errors": errors}
        yield Finding("tcp.intermittent", address, data, because=tuple(_evidence(one) for one in bad))
    lossy = sum(_lossy(one) for one in several)
    if lossy >= LOSSY:
        yield Finding("tcp.lossy", address, {"lossy": lossy, "total": len(several)}, confidence="certain")
    times = [one.seconds for one in several if one.seconds is not None]
    if min(times, default=0.0) > SLOW:
        yield Finding("tcp.slow", address, {"seconds": min(times)})


def _measurements(seen: TcpSeen) -> Iterator[Measurement]:
    for one in seen.connects:
        yield Measurement("connect", one.seconds, "seconds", {"address": one.address}, warn=(0.0, SLOW))
        if one.info is not None:
            yield Measurement("rtt", one.info.rtt, "seconds", {"address": one.address})


def _summary(seen: TcpSeen, good: int, total: int) -> str:
    times = [one.seconds * 1000 for one in seen.connects if one.seconds is not None]
    took = say(", {time}", time=f"{min(times):.1f} ms") if times else ""
    if total == 1:
        return f"{say('{good} of 1 address reached', good=good)}{took}"
    return f"{say('{good} of {total} addresses reached', good=good, total=total)}{took}"
