"""What answers at an address: the IM gateway, by certificate and envelope, or something else."""

import asyncio

from imdoctor import Context
from imdoctor.im import envelope, request
from imdoctor.net.call import Connection, open_connection
from imdoctor.net.handshake import Handshake
from imdoctor_checks.observations import GatewayLook

LIMIT = 2.0
"""Seconds for one look."""


async def look(ctx: Context, address: str, most: float = LIMIT) -> GatewayLook:
    """Look at one address under the target's name, once a run: a verified handshake, then the anonymous GET."""
    return await asyncio.shield(begin_look(ctx, address, most))


def begin_look(ctx: Context, address: str, most: float = LIMIT) -> "asyncio.Future[GatewayLook]":
    """Begin to look at it."""
    return ctx.begin(("gateway", address), lambda: _look(ctx, address, most))


def looked(ctx: Context, address: str) -> bool:
    """Tell whether an address is being looked at, or was."""
    return ("gateway", address) in ctx.tasks


async def _look(ctx: Context, address: str, most: float) -> GatewayLook:
    endpoint, limit = ctx.settings.endpoint, ctx.left(most)
    reach, connection = await open_connection(
        (address,),
        host=endpoint.host,
        port=endpoint.port,
        context=await ctx.tls(),
        timeout=limit,
        dial=ctx.machine.dial,
    )
    if reach.handshake is None:
        error = reach.connects[0].error if reach.connects else "timeout"
        refused = error == "ECONNREFUSED"
        return GatewayLook(address=address, gateway=False if refused else None, error=error)
    if connection is None:
        return _not_verified(address, reach.handshake)
    try:
        return await _ask(ctx, address, reach.handshake, connection, limit)
    finally:
        connection.close()


def _not_verified(address: str, shake: Handshake) -> GatewayLook:
    """Judge nothing but silence as unknown: whatever answers without a certificate that verifies is not the gateway."""
    leaf = shake.chain[0] if shake.chain else None
    return GatewayLook(
        address=address,
        gateway=None if shake.error == "timeout" else False,
        verified=False,
        subject=leaf.subject if leaf else None,
        issuer=leaf.issuer if leaf else None,
        error=shake.verify_message or shake.error,
    )


async def _ask(ctx: Context, address: str, shake: Handshake, connection: Connection, limit: float) -> GatewayLook:
    leaf = shake.chain[0] if shake.chain else None
    answered, error = False, None
    for wire in (request.anonymous_root(), request.anonymous_api()):
        call, body = await connection.call(wire, kind="warm", timeout=limit, wall=ctx.machine.wall, lag=ctx.lag)
        said = envelope.parse(body)
        answered, error = isinstance(said, envelope.Envelope), call.error or getattr(said, "detail", None)
        if answered or not connection.usable:
            break
    return GatewayLook(
        address=address,
        gateway=answered,
        verified=True,
        subject=leaf.subject if leaf else None,
        issuer=leaf.issuer if leaf else None,
        error=error,
    )
