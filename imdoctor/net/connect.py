"""One TCP connection: how long it took or how it failed, and what the kernel knows about it."""

import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import structs

from imdoctor.net.machine import errno_name
from imdoctor.net.waiting import first_over

LINUX = sys.platform == "linux"
IP_RECVERR, IPV6_RECVERR = 11, 25
"""linux/in.h and linux/in6.h; the socket module lacks them."""
SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 = 2, 3
"""linux/errqueue.h: who an error comes from."""
REFUSALS = {"ECONNREFUSED", "ECONNRESET"}
"""Errors of a connect that somebody out there sent."""
UNCOUNTED = 0.25
"""Seconds before the kernel's counter is read: it rises with a SYN that is sent again, a second after the first (RFC 6298 §2)."""
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
    start, half, drops = time.monotonic(), timeout / 2, None
    seen, sock = Connect(address=address, port=port, error="timeout"), None
    attempts = [_attempt(address, port, dial, max_segment)]
    try:
        winner = await first_over(attempts, min(UNCOUNTED, half), to_write=True)
        if winner is None:
            drops = _local_drops()
            winner = await first_over(attempts, start + half - time.monotonic(), to_write=True)
        if winner is None:
            attempts.append(_attempt(address, port, dial, max_segment))
            winner = await first_over(attempts, start + timeout - time.monotonic(), to_write=True)
        if winner is not None:
            seen, sock = _outcome(winner)
    finally:
        _close(attempts, sock)
    if seen.error is not None:
        seen = structs.replace(seen, waited=time.monotonic() - start, local_drops=_rise(drops))
    return structs.replace(seen, attempts=len(attempts)), sock


@dataclass
class Attempt:
    """One SYN from a socket of its own: when it left and when it was answered (monotonic, ns), and the error if that is one."""

    address: str
    port: int
    sock: socket.socket | None = None
    started: int = 0
    ended: int | None = None
    error: OSError | None = None

    @property
    def over(self) -> bool:
        """Whether it is over."""
        return self.ended is not None

    def ready(self) -> None:
        """Note how the kernel says that it ended (connect(2), EINPROGRESS)."""
        number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if self.sock else 0
        self.end(OSError(number, os.strerror(number)) if number else None)

    def end(self, error: OSError | None = None) -> None:
        """Note that it is over."""
        self.ended, self.error = time.monotonic_ns(), error


def _attempt(address: str, port: int, dial: Dial, max_segment: int | None) -> Attempt:
    """Send one SYN. What fails at once is over at once."""
    where, made = dial(address, port), Attempt(address, port)
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    try:
        made.sock = socket.socket(family, socket.SOCK_STREAM)
        _prepare(made.sock, family, max_segment)
        made.started = time.monotonic_ns()
        made.sock.connect(where)
        made.end()
    except BlockingIOError:
        pass  # EINPROGRESS: under way
    except OSError as error:
        made.end(error)
    return made


def _outcome(one: Attempt) -> tuple[Connect, socket.socket | None]:
    """Return what an attempt that is over has shown, and its socket where it is connected."""
    seen, sock = Connect(address=one.address, port=one.port), one.sock
    if one.error is not None:
        icmp = None if sock is None else _icmp(sock)
        return structs.replace(seen, error=errno_name(one.error), icmp=icmp), None
    if sock is None or one.ended is None:
        raise ValueError("an attempt without an end has no outcome")
    seconds = (one.ended - one.started) / 1e9
    return structs.replace(seen, seconds=seconds, info=tcp_info(sock), source=sock.getsockname()[0]), sock


def _close(attempts: Sequence[Attempt], kept: socket.socket | None) -> None:
    """Close every attempt's socket but the one that is kept."""
    for one in attempts:
        if one.sock is not None and one.sock is not kept:
            one.sock.close()


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


def _icmp(sock: socket.socket) -> Icmp | None:
    """Read the socket's error queue: struct sock_extended_err and the offender's address behind it (ip(7))."""
    if not LINUX:
        return None
    try:
        _, ancillary, _, _ = sock.recvmsg(512, 1024, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    for level, kind, data in ancillary:
        if (level, kind) in {(socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)}:
            return _extended_error(data, sock.family)
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


def _rise(before: int | None) -> int | None:
    """Return by how much it has risen; None where that was not read, or is not known."""
    now = None if before is None else _local_drops()
    return None if before is None or now is None else now - before
