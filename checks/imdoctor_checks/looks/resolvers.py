"""The nameservers that are asked, and what they answer: those of resolv.conf, or those that the configuration names instead.

And the public ones that are asked besides.
"""

import asyncio

from imdoctor import Context
from imdoctor.check import is_address
from imdoctor.net.lookup import ServerAnswers, ask_servers
from imdoctor_checks.options import dns_options


def asked_servers(ctx: Context) -> tuple[str, ...]:
    """Return the nameservers that are asked."""
    return dns_options(ctx).nameservers or ctx.nameservers


async def server_answers(ctx: Context) -> tuple[ServerAnswers, ...]:
    """Return what each of them answers for the target's name, asked once a run."""
    return await asyncio.shield(begin_servers(ctx))


def begin_servers(ctx: Context) -> "asyncio.Future[tuple[ServerAnswers, ...]]":
    """Begin to ask them."""
    configured = dns_options(ctx).nameservers
    if configured is None:
        return ctx.begin_servers()
    host, limit = ctx.settings.endpoint.host, ctx.left(ctx.settings.timeout)
    return ctx.begin(("servers", configured), lambda: ask_servers(ctx.machine, configured, host, limit))


def public_resolvers(ctx: Context) -> tuple[str, ...]:
    """Return the public resolvers of which one is a second opinion, and a control."""
    configured = dns_options(ctx).public_resolvers
    return ctx.machine.controls if configured is None else configured


def subnet_resolvers(ctx: Context) -> tuple[str, ...]:
    """Return the public resolvers that are asked for another network; none where the call's name is not resolved here."""
    if is_address(ctx.settings.endpoint.host) or ctx.proxy is not None:
        return ()
    configured = dns_options(ctx).public_resolvers
    every = ctx.machine.subnet_resolvers if configured is None else configured
    return tuple(one for one in every if ctx.machine.route(one).error is None)


def answers(server: ServerAnswers) -> bool:
    """Tell whether a nameserver answered anything."""
    return any(answer.rcode is not None for answer in (server.a, server.aaaa))
