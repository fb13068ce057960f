"""The time that third parties get: one span for all that they cause, so that none holds the verdict on the target up for longer."""

import time

from imdoctor import Context
from imdoctor_checks.looks.resolvers import server_answers
from imdoctor_checks.options import dns_options

WORTH = 0.2
"""Share of that span which is worth beginning a look at an address for: it goes there and back four times."""


async def third_parties_end(ctx: Context) -> float:
    """Return the moment, on the monotonic clock, at which what third parties cause has to be over.

    Their time begins when names resolve and every nameserver has answered or not: whatever comes before is the target's own.
    """
    return await ctx.once("third parties' end", lambda: _end(ctx))


async def _end(ctx: Context) -> float:
    await ctx.addresses()
    await server_answers(ctx)
    return time.monotonic() + ctx.left(dns_options(ctx).third_party_timeout)


async def time_for_looks(ctx: Context) -> float:
    """Return the seconds that a look at an address may take which third parties alone give; 0 where it is not worth one."""
    left = await third_parties_end(ctx) - time.monotonic()
    return left if left > WORTH * dns_options(ctx).third_party_timeout else 0.0
