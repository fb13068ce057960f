"""Looks off the target's path, once a run, when the target fails everywhere: to tell "this service" from "this network"."""

import asyncio
from collections.abc import Iterator

from imdoctor import Context, Egress, say
from imdoctor.check import is_address
from imdoctor.im.sites import backup_of
from imdoctor.net.connect import Connect, connect
from imdoctor.net.handshake import handshake
from imdoctor.net.http import HTTPS_PORT
from imdoctor.net.lookup import ServerAnswers, ask_servers, system_answer
from imdoctor.net.resolvers import is_loopback
from imdoctor_checks.looks import HOUR
from imdoctor_checks.looks.gateway import look
from imdoctor_checks.looks.resolvers import public_resolvers
from imdoctor_checks.observations import BackupLook, Elsewhere, Opinion
from imdoctor_checks.options import dns_options, may_ask_others

LIMIT = 2.0
"""Seconds for one control: enough for any network that could carry the call within its timeout."""
FRESH = 30.0
"""Seconds for which a control's word on the network stands for other targets as well."""
MOST_LOOKS = 4
"""Addresses of a second opinion that are looked at."""


def elsewhere_plan(ctx: Context) -> Iterator[Egress]:
    """List the looks off the target's path; the controls on TCP 443 are the host check's to list."""
    host, port, condition = (
        ctx.settings.endpoint.host,
        ctx.settings.endpoint.port,
        say("the target fails at every address"),
    )
    if (name := backup_of(host)) is not None:
        yield Egress(
            to=name, port=HTTPS_PORT, protocol="tls", why=say("a handshake with the backup domain"), condition=condition
        )
    if public_resolver(ctx) is not None:
        yield from public_plan(ctx, condition)
        why = say("what answers at the addresses of the second opinion: the certificate, and GET /")
        yield Egress(to=host, port=port, protocol="https", why=why, condition=condition)


async def elsewhere(ctx: Context) -> Elsewhere:
    """Take every control that is allowed."""
    backup, opinion, near = await asyncio.gather(backup_look(ctx), _opinion(ctx), controls(ctx))
    return Elsewhere(
        backup=backup,
        opinion=opinion,
        controls=near,
        named=not is_address(ctx.settings.endpoint.host),
        barred=not ctx.settings.third_party,
    )


def control_addresses(ctx: Context) -> tuple[str, ...]:
    """Return the controls' addresses: the nameservers beyond this machine and, unless barred, a public resolver."""
    near = tuple(address for address in ctx.nameservers if not is_loopback(address))
    every = tuple(dict.fromkeys(near + (public_resolvers(ctx) if ctx.settings.third_party else ())))
    routed = tuple(address for address in every if ctx.machine.route(address).error is None)
    return routed or every  # a family that this host does not speak says nothing


async def controls(ctx: Context) -> tuple[Connect, ...]:
    """Connect to TCP 443 of each control."""
    tried = await asyncio.gather(*(_control(ctx, address) for address in control_addresses(ctx)))
    return tuple(one for one in tried if one is not None)


async def _control(ctx: Context, address: str) -> Connect | None:
    """Connect to one control, once a run; None for a third party that was asked within the hour, and not just now."""
    if address not in public_resolvers(ctx):
        return await ctx.once(("control", address), lambda: _connect(ctx, address))
    name = f"control {address}"
    found = await ctx.once(
        ("control", address), lambda: ctx.memory.lately(name, Connect, HOUR, lambda: _connect(ctx, address))
    )
    return found.value if found is not None and found.age < FRESH else None


async def _connect(ctx: Context, address: str) -> Connect:
    seen, sock = await connect(address, HTTPS_PORT, timeout=ctx.left(LIMIT), dial=ctx.machine.dial)
    if sock is not None:
        sock.close()
    return seen


async def backup_look(ctx: Context) -> BackupLook | None:
    """Look at the site's other domain, once a run; None where the endpoint is no site's."""
    name = backup_of(ctx.settings.endpoint.host)
    return None if name is None else await ctx.once(("backup", name), lambda: _look_at_backup(ctx, name))


async def _look_at_backup(ctx: Context, name: str) -> BackupLook:
    """Look the other domain up as the application would, and shake hands at its first address."""
    answer = await system_answer(ctx.machine, name, HTTPS_PORT, ctx.left(LIMIT))
    if not answer.addresses:
        return BackupLook(name=name, error=answer.error)
    seen, sock = await connect(answer.addresses[0], HTTPS_PORT, timeout=ctx.left(LIMIT), dial=ctx.machine.dial)
    if sock is None:
        return BackupLook(name=name, connect=seen)
    shake, stream = await handshake(sock, context=await ctx.tls(), server_name=name, timeout=ctx.left(LIMIT))
    if stream is not None:
        stream.close()
    return BackupLook(name=name, connect=seen, handshake=shake)


async def _opinion(ctx: Context) -> Opinion | None:
    """Ask one public resolver for the target's name, and look at what it gives; not where third parties are barred."""
    host = ctx.settings.endpoint.host
    if public_resolver(ctx) is None:
        return None
    return await ctx.once(("opinion", host), lambda: _look_at_opinion(ctx))


def public_plan(ctx: Context, condition: str | None = None) -> Iterator[Egress]:
    """List the question to a public resolver."""
    if (server := public_resolver(ctx)) is not None:
        why = say("A and AAAA of {host}: a second opinion, by UDP", host=ctx.settings.endpoint.host)
        yield Egress(to=server, port=53, protocol="udp", why=why, condition=condition, third_party=True)
        condition = say("it is silent, or its answer truncated")
        yield Egress(
            to=server, port=53, protocol="tcp", why=say("the same, over TCP"), condition=condition, third_party=True
        )


async def public_answers(ctx: Context) -> ServerAnswers | None:
    """Ask one public resolver for the target's name, once a run; None where third parties are barred, or there is no name."""
    server = public_resolver(ctx)
    return None if server is None else await ctx.once(("public", server), lambda: _lately(ctx, server))


async def _lately(ctx: Context, server: str) -> ServerAnswers | None:
    """Ask it; where runs remember, once an hour."""
    name = f"public {server} {ctx.settings.endpoint.host}"
    found = await ctx.memory.lately(name, ServerAnswers, HOUR, lambda: _ask(ctx, server))
    return None if found is None else found.value


def public_resolver(ctx: Context) -> str | None:
    """Return the public resolver to ask; None where third parties are barred, or there is no name to ask for."""
    if not may_ask_others(ctx) or is_address(ctx.settings.endpoint.host) or ctx.proxy is not None:
        return None
    return next((address for address in public_resolvers(ctx) if ctx.machine.route(address).error is None), None)


async def _ask(ctx: Context, server: str) -> ServerAnswers:
    """Ask it, within the time that all third parties get together: a silent one holds nothing up for longer."""
    limit = ctx.left(min(LIMIT, dns_options(ctx).third_party_timeout))
    (answers,) = await ask_servers(ctx.machine, (server,), ctx.settings.endpoint.host, limit)
    return answers


async def _look_at_opinion(ctx: Context) -> Opinion | None:
    answers = await public_answers(ctx)
    if answers is None:
        return None
    routed = [address for address in answers.addresses if ctx.machine.route(address).error is None]
    looks = await asyncio.gather(*(look(ctx, address) for address in routed[:MOST_LOOKS]))
    return Opinion(answers=answers, looks=tuple(looks))
