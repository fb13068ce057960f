"""The `tls` check: a handshake with every address, with whom, by which version and certificate, valid until when."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

import msgspec
from msgspec import structs

from imdoctor import (
    Context,
    Egress,
    Fact,
    FilePath,
    Judged,
    Measurement,
    Observation,
    Seconds,
    Settings,
    Spec,
    Summary,
    count,
    pick,
    say,
)
from imdoctor.im.sites import backup_of
from imdoctor.net.connect import REFUSALS, Connect, connect
from imdoctor.net.handshake import X509_EXPIRED, X509_NOT_YET, Handshake, TlsStream, handshake
from imdoctor.net.proxy import Tunnel
from imdoctor.net.trust import holds, passes, passes_at, reference_store
from imdoctor.net.waiting import together
from imdoctor_checks.looks import HOUR, RETRIES, SEGMENTS
from imdoctor_checks.looks.elsewhere import elsewhere, elsewhere_plan
from imdoctor_checks.looks.path import open_tunnel
from imdoctor_checks.looks.sharing import Offer, shares, tell_opened
from imdoctor_checks.observations import (
    ClockSeen,
    OtherName,
    ProbeSeen,
    Reference,
    ServerTime,
    SmallSegments,
    TlsAddress,
    TlsSeen,
    sent_date,
)
from imdoctor_checks.specs.tls import FINDINGS
from imdoctor_checks.verdicts.tls import DAY, judge_path, judge_together, judge_with_calls

SLOW = 1.0
"""Seconds (contract of tls.slow)."""
LATE_REFUSAL = 0.5
"""Seconds to wait for a refusal after the handshake: with TLS 1.3 it comes late (RFC 8446 §4.4.2)."""
TICKET = 0.25
"""Seconds to wait for a session ticket, which TLS 1.3 sends after the handshake."""
LEAKS = sys.version_info < (3, 12, 8) or sys.version_info[:3] == (3, 13, 0)
"""This Python loses some 12 kB with each session that it hands out (https://github.com/python/cpython/issues/116810)."""
RESUMED = "tls: resumption was looked at"
CUT = {"timeout", "reset", "closed"}
"""Failures that leave open who did it: they are asked once more, and under another name."""


class TlsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The handshake and the certificates.

    expiring: how long before its end a certificate is worth a warning.
    reference_ca_file: what tells an outdated store from a bad certificate, in PEM. null: the store that httpx brings.
    """

    expiring: Seconds = 21 * DAY
    reference_ca_file: FilePath | None = None


class Resumed(msgspec.Struct, frozen=True):
    """That resumption was looked at; when, the memory knows."""


class Tls:
    """The `tls` check."""

    name: ClassVar[str] = "tls"
    title: ClassVar[str] = (
        "Does the TLS handshake succeed, with whom, by which version and certificate, valid until when?"
    )
    step: ClassVar[int | None] = None
    options: ClassVar[type[msgspec.Struct]] = TlsOptions
    findings: ClassVar[Mapping[str, Spec]] = FINDINGS

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact("chain", "paths.handshake.chain", "{subject}, issued by {issuer}, SHA-256 {sha256:.16}"),
        Fact("chain", "paths.unverified.chain", "{subject}, issued by {issuer}, SHA-256 {sha256:.16}"),
        Fact("protocol", "paths.handshake.version"),
    )
    gauges: ClassVar[tuple[str, ...]] = ("certificate_expires_in",)

    async def observe(self, ctx: Context) -> TlsSeen:
        """Shake hands at every address side by side, or once through the proxy's tunnel."""
        ctx.begin_tls()  # the trust store is read while the name is looked up
        addresses = await _addresses(ctx)
        if not addresses:
            return TlsSeen(blocked_by="dns")
        resume = addresses[0] if _resumes(ctx) else ""
        paths = await together(
            _look(ctx, address, resume=address == resume, first=address == addresses[0]) for address in addresses
        )
        reached = any(path.handshake is not None for path in paths)
        blocker = None if reached else "proxy" if ctx.proxy is not None else "tcp"
        seen = TlsSeen(blocked_by=blocker, now=ctx.machine.wall(), paths=paths)
        # Behind a proxy, what is off its path cannot be reached from here.
        puzzling = reached and ctx.proxy is None and all(map(_puzzling, paths))
        return structs.replace(seen, elsewhere=await elsewhere(ctx)) if puzzling else seen

    def judge(self, seen: TlsSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge each path that was reached, then all of them together."""
        options = settings.options("tls", TlsOptions)
        reached = [path for path in seen.paths if path.handshake is not None]
        for path in reached:
            yield from judge_path(path, seen, settings, pick(others, "clock", ClockSeen), options.expiring)
        yield from judge_together(reached, settings)
        yield from _expiries(reached)
        yield from judge_with_calls(reached, pick(others, "probe", ProbeSeen))
        yield from _measurements(reached, seen.now, options.expiring)
        yield Summary(_summary(reached, seen.now))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the handshakes."""
        host, port = ctx.settings.endpoint.host, ctx.settings.endpoint.port
        yield Egress(
            to=host,
            port=port,
            protocol="tls",
            through=ctx.through,
            why=say("a handshake with every address, and one that resumes the first"),
        )
        other = backup_of(host) or "example.com"
        why = say(
            "handshakes with the same addresses: under the name {other}, with TLS 1.2 alone, with small segments",
            other=other,
        )
        yield Egress(
            to=host, port=port, protocol="tls", through=ctx.through, why=why, condition=say("a handshake is cut off")
        )
        if ctx.proxy is None:
            yield from elsewhere_plan(ctx)


def _resumes(ctx: Context) -> bool:
    """Tell whether to look at resumption: in each run of its own, under `watch` seldom."""
    if ctx.kept is None:
        return True
    if ctx.own.recall(RESUMED, Resumed, DAY if LEAKS else HOUR) is not None:
        return False
    ctx.own.keep(RESUMED, Resumed())
    return True


def _puzzling(path: TlsAddress) -> bool:
    """Tell whether a path failed, and neither its dates nor a look at it has told why."""
    if path.handshake is None or path.handshake.error is None:
        return path.handshake is None
    if path.handshake.verify_code in {X509_NOT_YET, X509_EXPIRED}:
        return False
    looks = [path.again, path.only_tls12, *(small.handshake for small in path.small)]
    looks += [path.other_name.handshake] if path.other_name is not None else []
    return not any(one is not None and one.error is None for one in looks)


async def _addresses(ctx: Context) -> tuple[str | None, ...]:
    """Return the addresses, or None alone for the proxy's tunnel."""
    return (None,) if ctx.proxy is not None else await ctx.addresses()


async def _look(ctx: Context, address: str | None, *, resume: bool, first: bool) -> TlsAddress:
    """Shake hands at one address; on failure take the looks that tell the possible causes apart.

    Where the checks share their connections, the one to the first address is left to the probe.
    """
    opened, sock = await _open(ctx, address)
    refused: tuple[Connect, ...] = ()
    while sock is None and opened.connect is not None and opened.connect.error in REFUSALS and len(refused) < RETRIES:
        refused += (opened.connect,)
        opened, sock = await _open(ctx, address)
    opened = structs.replace(opened, refused=refused)
    shake, stream = (None, None) if sock is None else await _shake(ctx, sock)
    seen = structs.replace(opened, handshake=shake)
    if address is not None and shares(ctx):
        offer = Offer(opened.connect, shake, stream) if opened.connect and shake and stream else None
        wanted = first and not resume and not (shake and shake.client_certificate_requested)
        tell_opened(ctx, address, offer, offered=wanted)
        if offer is not None and wanted:
            return await _well_known(ctx, seen)
    if stream is not None:
        return await _when_good(ctx, seen, stream, resume=resume)
    if shake is not None and shake.error in CUT:
        seen = await _when_cut(ctx, seen)
    if shake is not None and shake.error == "verify":
        seen = structs.replace(
            seen,
            reference=await _reference(ctx, seen),
            server_time=await _at_server_time(ctx, shake),
        )
    return seen


async def _at_server_time(ctx: Context, shake: Handshake) -> ServerTime | None:
    """Verify a chain that failed by its dates as of the server's own time, to tell a bad certificate from a wrong clock."""
    if shake.verify_code not in {X509_NOT_YET, X509_EXPIRED}:
        return None
    probe = await ctx.seen("probe", ProbeSeen)
    dates = [date for call in probe.calls if (date := sent_date(call.call)) is not None] if probe is not None else []
    if not dates:
        return None
    chain, host = [one.pem for one in shake.chain], ctx.settings.endpoint.host
    # Roots of a directory are in the context once they were used: this chain's was, just now.
    roots = (await ctx.tls()).get_ca_certs(binary_form=True)
    return ServerTime(at=dates[-1], passes=await asyncio.to_thread(passes_at, chain, roots, host, dates[-1]))


async def _open(
    ctx: Context, address: str | None, max_segment: int | None = None
) -> tuple[TlsAddress, socket.socket | None]:
    limit, port = ctx.left(ctx.settings.timeout), ctx.settings.endpoint.port
    told: Connect | Tunnel
    if address is None:
        tunnel, sock = await open_tunnel(ctx, limit)
        return TlsAddress(address=None, tunnel=tunnel), sock
    told, sock = await connect(address, port, timeout=limit, dial=ctx.machine.dial, max_segment=max_segment)
    return TlsAddress(address=address, connect=told), sock


async def _shake(
    ctx: Context,
    sock: socket.socket,
    *,
    name: str | None = None,
    verify: bool = True,
    only_tls12: bool = False,
    session: ssl.SSLSession | None = None,
) -> tuple[Handshake, TlsStream | None]:
    host, context = name or ctx.settings.endpoint.host, await ctx.tls(verify=verify, only_tls12=only_tls12)
    limit, started = ctx.left(ctx.settings.timeout), ctx.lag.now()
    seen, stream = await handshake(sock, context=context, server_name=host, timeout=limit, session=session)
    return structs.replace(seen, late=ctx.lag.late_since(started)), stream


async def _when_good(ctx: Context, seen: TlsAddress, stream: TlsStream, *, resume: bool) -> TlsAddress:
    """After a good handshake: a late refusal, resumption (at one address), and what is looked at of any good one."""
    first = seen.handshake
    try:
        if first is not None and first.client_certificate_requested:
            return structs.replace(seen, after=await _late_refusal(stream))
        session = await stream.ticket(timeout=ctx.left(TICKET)) if resume else None
    finally:
        stream.close()
    resumption = await _again(ctx, seen.address, session=session) if resume else None
    return structs.replace(await _well_known(ctx, seen), resumption=resumption)


async def _well_known(ctx: Context, seen: TlsAddress) -> TlsAddress:
    """After a good handshake: another look when it was slow, and who vouches for the chain."""
    slow = seen.handshake is not None and (seen.handshake.seconds or 0.0) > SLOW
    again = await _again(ctx, seen.address) if slow else None
    return structs.replace(seen, again=again, reference=await _reference(ctx, seen))


async def _late_refusal(stream: TlsStream) -> str | None:
    """Read before any write: a server that refuses late says so now. Silence is consent."""
    try:
        data = await stream.read(1, timeout=LATE_REFUSAL)
    except TimeoutError:
        return None
    except ssl.SSLError as error:
        return f"alert {error.reason}"
    except OSError:
        return "reset"
    return None if data else "closed"


async def _again(
    ctx: Context,
    address: str | None,
    *,
    name: str | None = None,
    verify: bool = True,
    only_tls12: bool = False,
    session: ssl.SSLSession | None = None,
    max_segment: int | None = None,
) -> Handshake | None:
    """Shake hands once more over a new connection, in the manner told; None when no connection came about."""
    _, sock = await _open(ctx, address, max_segment)
    if sock is None:
        return None
    seen, stream = await _shake(ctx, sock, name=name, verify=verify, only_tls12=only_tls12, session=session)
    if stream is not None:
        stream.close()
    return seen


async def _when_cut(ctx: Context, seen: TlsAddress) -> TlsAddress:
    """Take the looks for a handshake that met silence, a reset or the end: again, under another name, with small segments."""
    other = backup_of(ctx.settings.endpoint.host) or "example.com"
    silent = seen.handshake is not None and seen.handshake.error == "timeout" and seen.address is not None
    again, under_other, only_tls12, *small = await asyncio.gather(
        _again(ctx, seen.address),
        _again(ctx, seen.address, name=other, verify=False),
        _again(ctx, seen.address, only_tls12=True),
        *(_again(ctx, seen.address, max_segment=size) for size in (SEGMENTS if silent else ())),
    )
    return structs.replace(
        seen,
        again=again,
        other_name=OtherName(name=other, handshake=under_other),
        only_tls12=only_tls12,
        small=tuple(SmallSegments(segment=size, handshake=one) for size, one in zip(SEGMENTS, small, strict=False)),
    )


async def _reference(ctx: Context, seen: TlsAddress) -> Reference | None:
    """Hold the chain against the reference store; not where the target has a store of its own."""
    chain = seen.handshake.chain if seen.handshake else ()
    if ctx.settings.ca_file or not chain:
        return None
    named = ctx.settings.options("tls", TlsOptions).reference_ca_file or ctx.machine.reference_ca_file
    kept, last = ctx.machine.kept, chain[-1]
    store = str(named or await kept.get("reference store", (), reference_store))
    known = await kept.get(("holds", store, last.sha256), (store,), lambda: holds(store, last.pem))
    # A chain that verified needs the second opinion only where its authority is a stranger to the reference store.
    needed = known is False or (seen.handshake is not None and seen.handshake.error is not None)
    pems, host = [one.pem for one in chain], ctx.settings.endpoint.host
    passed = await asyncio.to_thread(passes, pems, store, host) if needed else None
    return Reference(store=store, passes=passed, holds_issuer=known)


def _expiries(reached: Iterable[TlsAddress]) -> Iterator[Measurement]:
    for path in reached:
        chain = path.handshake.chain if path.handshake is not None else ()
        if chain and chain[0].not_after is not None:
            labels = {"address": path.address or "through the proxy"}
            yield Measurement("certificate_expires", chain[0].not_after, "timestamp", labels)


def _measurements(reached: Iterable[TlsAddress], now: float | None, expiring: float) -> Iterator[Measurement]:
    for path in reached:
        labels = {"address": path.address or "through the proxy"}
        if path.handshake is not None:
            yield Measurement("handshake", path.handshake.seconds, "seconds", labels, warn=(0.0, SLOW))
            ends = path.handshake.chain[0].not_after if path.handshake.chain else None
            if ends is not None and now is not None:
                left, least = ends - now, (expiring, None)
                yield Measurement("certificate_expires_in", left, "seconds", labels, warn=least, fail=(0.0, None))
        if path.resumption is not None and path.resumption.resumed:
            yield Measurement("resumed", path.resumption.seconds, "seconds", labels)


def _summary(reached: list[TlsAddress], now: float | None) -> str:
    good = [path.handshake for path in reached if path.handshake and path.handshake.error is None]
    if not good:
        return ""
    ends = min((shake.chain[0].not_after or 0.0 for shake in good if shake.chain), default=None)
    valid = "" if ends is None or now is None else say(", valid {days:.0f} days", days=(ends - now) / DAY)
    times = min(shake.seconds or 0.0 for shake in good) * 1000
    addresses = count(len(good), "1 address", "{number} addresses")
    return say(", ").join((f"{good[0].version}{valid}", addresses, f"{times:.1f} ms"))
