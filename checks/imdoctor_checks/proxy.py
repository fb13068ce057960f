"""The `proxy` check: is a proxy in the way, and does the call get through it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from imdoctor import (
    Context,
    Egress,
    Fact,
    Finding,
    Judged,
    Measurement,
    Note,
    Observation,
    Settings,
    Spec,
    Summary,
    retold,
    say,
)
from imdoctor.net.connect import Connect, connect
from imdoctor.net.http import SERVER_ERROR, class_of
from imdoctor.net.proxy import Proxy, Tunnel, proxy_for
from imdoctor_checks.looks.egress import egress
from imdoctor_checks.looks.egress_plan import egress_plan
from imdoctor_checks.looks.path import open_tunnel
from imdoctor_checks.observations import ProxySeen, TcpSeen
from imdoctor_checks.specs.proxy import FINDINGS
from imdoctor_checks.verdicts.picture import host_picture
from imdoctor_checks.verdicts.ways import exits

AUTH_REQUIRED = 407
DIRECT = 2.0
"""Seconds for the look without the proxy: it is evidence only."""
UNSPOKEN = "unsupported-scheme"


class ProxyCheck:
    """The `proxy` check."""

    name: ClassVar[str] = "proxy"
    title: ClassVar[str] = "Is a proxy in the way, and does the call get through it?"
    step: ClassVar[int | None] = None
    findings: ClassVar[Mapping[str, Spec]] = FINDINGS

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact("proxy", "proxy"),
        Fact("egress", "egress.exits", "{via} leaves by {addresses}"),
    )

    async def observe(self, ctx: Context) -> ProxySeen:
        """Open a tunnel through the target's proxy; where the direct way fails, through one that the target bypasses."""
        proxy = ctx.proxy
        if proxy is not None:
            tunnel, ways = await asyncio.gather(_tunnel(ctx, proxy), egress(ctx))
            direct = await _direct(ctx) if tunnel.error not in {None, UNSPOKEN} else None
            unknown = None
            if tunnel.error == UNSPOKEN:
                unknown = say("{proxy} is none that imdoctor speaks to: http:// is", proxy=proxy.shown)
            return ProxySeen(
                proxy=proxy.shown, source=proxy.source, tunnel=tunnel, direct=direct, unknown=unknown, egress=ways
            )
        bypassed = _bypassed(ctx)
        if bypassed is None:
            return ProxySeen(skipped=say("no proxy is configured for this target"))
        tcp = await ctx.seen("tcp", TcpSeen)
        if tcp is None or any(one.error is None for one in tcp.connects):
            return ProxySeen(skipped=say("the target goes direct, and that works"))
        return ProxySeen(proxy=bypassed.shown, source=bypassed.source, used=False, tunnel=await _tunnel(ctx, bypassed))

    def judge(self, seen: ProxySeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge the answer to CONNECT."""
        del settings, others
        tunnel = seen.tunnel
        if tunnel is None:
            return
        data = {
            "proxy": seen.proxy,
            "source": seen.source,
            "status": tunnel.status,
            "reason": tunnel.reason or say("no reason given"),
        }
        if not seen.used:
            if tunnel.error is None:
                yield Finding("proxy.required", data=data, because=(_through(seen.proxy, str(tunnel.status)),))
            return
        yield Finding("proxy.in-use", data=data)
        if tunnel.error not in {None, UNSPOKEN}:
            yield _failure(tunnel, seen.direct, data)
        yield Measurement("connect", tunnel.seconds, "seconds")
        if seen.egress is not None:
            yield from (Note(line) for line in host_picture(seen.egress))
            yield from exits(seen.egress)
        yield Summary(say("{proxy} (from {source}) opens the tunnel", proxy=seen.proxy, source=seen.source))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """List the CONNECT."""
        host, proxy, bypassed = ctx.settings.endpoint, ctx.proxy, _bypassed(ctx)
        if proxy is not None:
            secret = say("proxy password") if proxy.authorization else None
            yield Egress(
                to=proxy.host, port=proxy.port, protocol="tcp", why=say("CONNECT {host}", host=host), secret=secret
            )
            why = say("a connection without the proxy, closed again at once")
            yield Egress(
                to=host.host, port=host.port, protocol="tcp", why=why, condition=say("the proxy opens no tunnel")
            )
            yield from egress_plan(ctx)
        elif bypassed is not None:
            why = say("CONNECT {host}, to see whether the proxy is needed", host=host)
            yield Egress(
                to=bypassed.host, port=bypassed.port, protocol="tcp", why=why, condition=say("the direct way fails")
            )


def _bypassed(ctx: Context) -> Proxy | None:
    """Return the proxy that the environment names although this target does not use it."""
    if ctx.proxy is not None:
        return None
    endpoint = ctx.settings.endpoint
    without_exemptions = {name: value for name, value in ctx.machine.environ.items() if name.lower() != "no_proxy"}
    return proxy_for("env", endpoint.host, endpoint.port, without_exemptions)


async def _tunnel(ctx: Context, proxy: Proxy) -> Tunnel:
    seen, sock = await open_tunnel(ctx, ctx.left(ctx.settings.timeout), proxy)
    if sock is not None:
        sock.close()
    return seen


async def _direct(ctx: Context) -> Connect | None:
    """Try the way without the proxy, at the first address that there is a route to."""
    routed = [address for address in await ctx.addresses() if ctx.machine.route(address).error is None]
    if not routed:
        return None
    port, limit = ctx.settings.endpoint.port, ctx.left(DIRECT)
    seen, sock = await connect(routed[0], port, timeout=limit, dial=ctx.machine.dial)
    if sock is not None:
        sock.close()
    return seen


def _failure(tunnel: Tunnel, direct: Connect | None, data: Mapping[str, object]) -> Finding:
    """Name why the tunnel did not open, and say whether it would go without."""
    without = () if direct is None else (_without(direct),)
    if tunnel.error in {"connect", "resolve"}:
        error = tunnel.connect.error if tunnel.connect else say("its name has no address")
        return Finding(
            "proxy.unreachable",
            data={**data, "error": error},
            because=(say("{who}: {told}", who=tunnel.proxy, told=error), *without),
            confidence="certain",
        )
    answer = " ".join(filter(None, (str(tunnel.status or retold(tunnel.error or "")), tunnel.reason)))
    because = _through(tunnel.proxy, answer)
    if tunnel.status == AUTH_REQUIRED:
        code = "proxy.auth-required"
    elif class_of(tunnel.status) == SERVER_ERROR:
        code = "proxy.upstream-failed"
    elif tunnel.error == "refused":
        code = "proxy.denied"
    else:
        code = "proxy.broken"
    scheme = tunnel.authenticate or say("any scheme")
    told = {**data, "error": tunnel.error, "scheme": scheme, "server": tunnel.server}
    return Finding(code, data=told, because=(because, *without))


def _through(proxy: str | None, answer: str) -> str:
    return say("CONNECT through {proxy}: {answer}", proxy=proxy, answer=answer)


def _without(direct: Connect) -> str:
    met = say("silence") if direct.error == "timeout" else direct.error or say("answers")
    return say("without the proxy, {address} port {port}: {met}", address=direct.address, port=direct.port, met=met)
