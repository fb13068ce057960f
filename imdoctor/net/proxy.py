"""Which proxy the environment names for a host, and the CONNECT through it (RFC 9110 §9.3.6)."""

import socket
from collections.abc import Mapping

import msgspec

from imdoctor.net.connect import Connect, Dial


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy. ``source`` is the variable that named it or "configuration". ``authorization`` never leaves this struct's user."""

    scheme: str
    host: str
    port: int
    source: str
    authorization: str | None = None

    @property
    def shown(self) -> str:
        """The proxy's URL without its user and password."""
        return f"{self.scheme}://{self.host}:{self.port}"


class Tunnel(msgspec.Struct, frozen=True, kw_only=True):
    """What came of CONNECT. ``error``: None, "resolve", "connect", "timeout", "closed", "reset", "garbage", "unsupported-scheme"."""

    proxy: str
    address: str | None = None
    """The proxy's own address that was used."""
    connect: Connect | None = None
    status: int | None = None
    reason: str | None = None
    server: str | None = None
    """The answer's Server, Proxy-Agent or Via header."""
    authenticate: str | None = None
    """The Proxy-Authenticate header's scheme."""
    seconds: float | None = None
    error: str | None = None


def proxy_for(setting: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for an https:// call to a host: ``setting`` is "env", "none" or a URL; NO_PROXY is honoured with "env"."""
    raise NotImplementedError


async def tunnel(
    proxy: Proxy, host: str, port: int, *, addresses: tuple[str, ...], timeout: float, dial: Dial
) -> tuple[Tunnel, socket.socket | None]:
    """Open a tunnel through a proxy at one of its ``addresses``. The caller closes the socket."""
    raise NotImplementedError
