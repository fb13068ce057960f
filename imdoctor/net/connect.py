"""One TCP connection: how long it took or how it failed, and what the kernel knows about it."""

import socket
from collections.abc import Callable

import msgspec


class Icmp(msgspec.Struct, frozen=True, kw_only=True):
    """An ICMP or ICMPv6 error from the socket's error queue (IP_RECVERR, ip(7)). ``sender`` is None for a local one."""

    family: int  # 4 or 6
    type: int
    code: int
    sender: str | None


class TcpInfo(msgspec.Struct, frozen=True, kw_only=True):
    """TCP_INFO of tcp(7), in seconds, counts and bytes."""

    rtt: float | None = None
    rttvar: float | None = None
    retransmits: int | None = None
    path_mtu: int | None = None
    mss: int | None = None


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to connect. ``error`` is an errno's name or "timeout" (silence); None where it succeeded."""

    address: str
    port: int
    seconds: float | None = None
    error: str | None = None
    icmp: Icmp | None = None
    info: TcpInfo | None = None
    source: str | None = None
    waited: float | None = None
    late: bool = False
    """The event loop was late meanwhile: the time is not to be trusted."""


Dial = Callable[[str, int], tuple[str, int]]


async def connect(
    address: str, port: int, *, timeout: float, dial: Dial, max_segment: int | None = None
) -> tuple[Connect, socket.socket | None]:
    """Connect a non-blocking socket; the caller closes it. ``max_segment`` sets TCP_MAXSEG before the SYN.

    Silence is asked once more: half way through the timeout a second SYN leaves from a second socket, and the first
    of the two to answer counts, so that a lost packet is no finding and the whole still takes one timeout.
    """
    raise NotImplementedError
