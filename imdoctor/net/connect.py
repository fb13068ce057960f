"""One TCP connection: how long it took or how it failed, and what the kernel knows about it."""

import asyncio
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import structs

from imdoctor.net.machine import errno_name

LINUX = sys.platform == "linux"
IP_RECVERR, IPV6_RECVERR = 11, 25
"""linux/in.h and linux/in6.h; the socket module lacks them."""
SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 = 2, 3
"""linux/errqueue.h: who an error comes from."""
REFUSALS = {"ECONNREFUSED", "ECONNRESET"}
"""Errors of a connect that somebody out there sent."""
TCP_INFO_LAYOUT = "8B24I"
"""linux/tcp.h, struct tcp_info up to tcpi_total_retrans."""


class Icmp(msgspec.Struct, frozen=True, kw_only=True):
    """An ICMP or ICMPv6 error from the socket's error queue (IP_RECVERR, ip(7))."""

    family: int
    """4 or 6."""
    type: int
    code: int
    sender: str | None


class TcpInfo(msgspec.Struct, frozen=True, kw_only=True):
    """TCP_INFO of tcp(7), in seconds, counts and bytes."""

    rtt: float | None = None
    rttvar: float | None = None
    retransmits: int | None = None
    unacknowledged: int | None = None
    """Segments sent and not yet acknowledged."""
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
    """Seconds until silence was given up, or the error came."""
    attempts: int = 1
    """SYNs sent from sockets of their own: a second one leaves half way through the timeout."""
    local_drops: int | None = None
    """The rise of TcpExt TCPRetransFail meanwhile: packets that this machine itself did not let out."""
    reset_after: float | None = None
    """Seconds from the connection to a reset before a byte was sent."""
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
    drops, start = _local_drops(), time.monotonic()
    tasks = [asyncio.create_task(_attempt(address, port, dial, max_segment))]
    try:
        await asyncio.wait(tasks, timeout=timeout / 2)
        if not tasks[0].done():
            tasks.append(asyncio.create_task(_attempt(address, port, dial, max_segment)))
            await asyncio.wait(tasks, timeout=timeout / 2, return_when=asyncio.FIRST_COMPLETED)
        winner = next((task for task in tasks if task.done()), None)
        seen, sock = winner.result() if winner else (Connect(address=address, port=port, error="timeout"), None)
    except asyncio.CancelledError:
        await _discard(tasks)
        raise
    await _discard([task for task in tasks if task is not winner])
    if seen.error is not None:
        seen = structs.replace(seen, waited=time.monotonic() - start, local_drops=_rise(drops, _local_drops()))
    return structs.replace(seen, attempts=len(tasks)), sock


Attempted = tuple[Connect, socket.socket | None]


async def _attempt(address: str, port: int, dial: Dial, max_segment: int | None) -> Attempted:
    """Connect once, for as long as it takes; cancelled, the socket is closed."""
    where = dial(address, port)
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        return Connect(address=address, port=port, error=errno_name(error)), None
    try:
        _prepare(sock, family, max_segment)
        started = time.monotonic_ns()
        await asyncio.get_running_loop().sock_connect(sock, where)
        seconds = (time.monotonic_ns() - started) / 1e9
    except OSError as error:
        seen = Connect(address=address, port=port, error=errno_name(error), icmp=_icmp(sock, family))
        sock.close()
        return seen, None
    except asyncio.CancelledError:
        sock.close()
        raise
    return Connect(address=address, port=port, seconds=seconds, info=tcp_info(sock), source=sock.getsockname()[0]), sock


def _prepare(sock: socket.socket, family: int, max_segment: int | None) -> None:
    sock.settimeout(0)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if LINUX:
        level, option = (
            (socket.IPPROTO_IPV6, IPV6_RECVERR) if family == socket.AF_INET6 else (socket.IPPROTO_IP, IP_RECVERR)
        )
        sock.setsockopt(level, option, 1)
    if max_segment is not None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, max_segment)


async def _discard(tasks: "list[asyncio.Task[Attempted]]") -> None:
    """End attempts that are of no more use, and close what they opened."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, tuple) and outcome[1] is not None:
            outcome[1].close()


def tcp_info(sock: socket.socket) -> TcpInfo | None:
    """Return what the kernel knows about a connection (TCP_INFO, tcp(7)); None elsewhere than on Linux."""
    if not LINUX:
        return None
    size = struct.calcsize(TCP_INFO_LAYOUT)
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
    except OSError:
        return None
    if len(raw) < size:
        return None
    words = struct.unpack(TCP_INFO_LAYOUT, raw)[8:]
    return TcpInfo(
        rtt=words[15] / 1e6,
        rttvar=words[16] / 1e6,
        retransmits=words[23],
        unacknowledged=words[4],
        path_mtu=words[13],
        mss=words[2],
    )


def _icmp(sock: socket.socket, family: int) -> Icmp | None:
    """Read the socket's error queue: struct sock_extended_err and the offender's address behind it (ip(7))."""
    if not LINUX:
        return None
    try:
        _, ancillary, _, _ = sock.recvmsg(512, 1024, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    for level, kind, data in ancillary:
        if (level, kind) in {(socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)}:
            return _extended_error(data, family)
    return None


def _extended_error(data: bytes, family: int) -> Icmp | None:
    _, origin, kind, code, _, _, _ = struct.unpack_from("=IBBBBII", data)
    if origin not in {SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6}:
        return None
    sender = None
    offender = data[16:]
    (sender_family,) = struct.unpack_from("=H", offender) if len(offender) >= 16 else (0,)  # noqa: PLR2004 - a sockaddr_in
    if sender_family == socket.AF_INET:
        sender = socket.inet_ntop(socket.AF_INET, offender[4:8])
    elif sender_family == socket.AF_INET6 and len(offender) >= 24:  # noqa: PLR2004 - up to sin6_addr's end
        sender = socket.inet_ntop(socket.AF_INET6, offender[8:24])
    return Icmp(family=6 if family == socket.AF_INET6 else 4, type=kind, code=code, sender=sender)


def _local_drops() -> int | None:
    """Return TcpExt's TCPRetransFail from /proc/net/netstat: segments that this machine itself failed to send."""
    try:
        lines = [line.split() for line in Path("/proc/net/netstat").read_text("ascii").splitlines()]
    except OSError:
        return None
    names, values = (line for line in lines if line[:1] == ["TcpExt:"])
    return int(dict(zip(names[1:], values[1:], strict=True)).get("TCPRetransFail", 0))


def _rise(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before
