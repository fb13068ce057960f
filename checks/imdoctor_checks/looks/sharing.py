"""One connection for three checks: in a round under `watch` whose target was well in the last one.

A run of its own opens a connection for each check, side by side, so that what comes and goes is met by one of them. A round comes again
within the minute: there the tls check opens each address, tcp takes the connects of good handshakes, and the probe
makes its cold call where the first handshake left off.
"""

import asyncio
from dataclasses import dataclass

from imdoctor import Context
from imdoctor.net.connect import Connect
from imdoctor.net.handshake import Handshake, TlsStream

WELL, OFFERED = "well", "offered"
"""Names among what is kept from round to round."""


@dataclass(frozen=True)
class Well:
    """That the last round's calls were answered."""

    def close(self) -> None:
        """Hold nothing that could be closed."""


@dataclass(frozen=True)
class Offer:
    """A connection with a good handshake, for whoever takes it."""

    connect: Connect
    handshake: Handshake
    stream: TlsStream

    def close(self) -> None:
        """Close it: nobody took it."""
        self.stream.close()


def shares(ctx: Context) -> bool:
    """Tell whether the checks of this round share their connections."""
    return ctx.kept is not None and WELL in ctx.kept and ctx.proxy is None and ("observe", "tls") in ctx.tasks


def note_well(ctx: Context, *, well: bool) -> None:
    """Note for the next round how the calls of this one went."""
    if ctx.kept is not None and well:
        ctx.kept[WELL] = Well()
    elif ctx.kept is not None:
        ctx.kept.pop(WELL, None)


def tell_opened(ctx: Context, address: str, offer: Offer | None, *, offered: bool) -> None:
    """Tell what came of the handshake at an address: None for no good one. One that is offered may be taken, once."""
    told = _outcome(ctx, address)
    if ctx.kept is not None and offer is not None and offered:
        left = ctx.kept.pop(OFFERED, None)
        if left is not None:
            left.close()
        ctx.kept[OFFERED] = offer
    if not told.done():
        told.set_result(offer)


async def good_connect(ctx: Context, address: str) -> Connect | None:
    """Return the connect of a good handshake at an address; None where it was not good, or the tls check does not get that far."""
    offer = await _opened(ctx, address)
    return None if offer is None else offer.connect


async def take_offer(ctx: Context, address: str) -> Offer | None:
    """Take the connection that the tls check has opened to an address; it is closed by whoever takes it."""
    opened = await _opened(ctx, address)
    if ctx.kept is None or opened is None or ctx.kept.get(OFFERED) is not opened:
        return None
    del ctx.kept[OFFERED]
    return opened


async def _opened(ctx: Context, address: str) -> Offer | None:
    told = _outcome(ctx, address)
    if not told.done():
        await asyncio.wait({told, ctx.tasks["observe", "tls"]}, return_when=asyncio.FIRST_COMPLETED)
    opened: Offer | None = told.result() if told.done() and not told.cancelled() else None
    return opened


def _outcome(ctx: Context, address: str) -> "asyncio.Future[Offer | None]":
    """Return the future that the tls check fulfils; whoever comes first makes it, and the run ends it."""
    if ("opened", address) not in ctx.tasks:
        ctx.tasks["opened", address] = asyncio.get_running_loop().create_future()
    told: asyncio.Future[Offer | None] = ctx.tasks["opened", address]
    return told
