"""The way to the target through a proxy: its name resolved as the application would, and a tunnel opened."""

import socket

from imdoctor import Context
from imdoctor.check import is_address
from imdoctor.net.lookup import system_answer
from imdoctor.net.proxy import Proxy, Tunnel, tunnel


async def proxy_addresses(ctx: Context, proxy: Proxy) -> tuple[str, ...]:
    """Return the proxy's own addresses; its name is resolved once a run."""
    if is_address(proxy.host):
        return (proxy.host,)
    limit = ctx.left(ctx.settings.timeout)
    answer = await ctx.once(("proxy", proxy.host), lambda: system_answer(ctx.machine, proxy.host, proxy.port, limit))
    return answer.addresses


async def open_tunnel(ctx: Context, limit: float, proxy: Proxy | None = None) -> tuple[Tunnel, socket.socket | None]:
    """Open a tunnel to the target through the target's proxy, or through another one."""
    through = proxy or ctx.proxy
    if through is None:
        raise ValueError("there is no proxy to open a tunnel through")
    addresses = await proxy_addresses(ctx, through)
    endpoint = ctx.settings.endpoint
    return await tunnel(
        through, endpoint.host, endpoint.port, addresses=addresses, timeout=limit, dial=ctx.machine.dial
    )
