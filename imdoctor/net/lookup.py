"""Name look-ups: each nameserver asked for itself, and the C library as the application sees it."""

from collections.abc import Awaitable

import msgspec

from imdoctor.net.machine import Machine, SystemAnswer


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one nameserver. ``error``: None, "timeout", "refused-port" (ICMP port unreachable), an errno's name, "malformed"."""

    type: str
    """"A" or "AAAA"."""
    rcode: str | None = None
    """Such as "NOERROR", "SERVFAIL"; None when nothing came back."""
    addresses: tuple[str, ...] = ()
    cnames: tuple[str, ...] = ()
    ttl: int | None = None
    seconds: float | None = None
    attempts: int = 1
    truncated: bool = False
    tcp_error: str | None = None
    """What came of asking again over TCP, when the answer was truncated."""
    error: str | None = None


class ServerAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """What one nameserver answered for A and for AAAA."""

    server: str
    a: Answer
    aaaa: Answer


async def system_answer(machine: Machine, host: str, port: int, limit: float) -> SystemAnswer:
    """Return what the C library answers within ``limit`` seconds (error "timeout" after that)."""
    raise NotImplementedError


async def ask_servers(machine: Machine, servers: tuple[str, ...], host: str, limit: float) -> tuple[ServerAnswers, ...]:
    """Ask every nameserver side by side for A and AAAA."""
    raise NotImplementedError


async def usable_addresses(
    system: Awaitable[SystemAnswer], servers: Awaitable[tuple[ServerAnswers, ...]]
) -> tuple[str, ...]:
    """Return the addresses to call: the C library's, or the nameservers' when it is slow or has none."""
    raise NotImplementedError
