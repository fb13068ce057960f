"""What a host sends, seen on its interfaces, and held against what imdoctor said that it would send."""

import ipaddress
import json
import select
import socket
import struct
import threading
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.lab.network import Host

ALL, OUTGOING = 3, 4
"""ETH_P_ALL (linux/if_ether.h), PACKET_OUTGOING (packet(7))."""
SO_RCVBUFFORCE = 33
"""socket(7); the socket module lacks it."""
IPV4, IPV6 = 0x0800, 0x86DD
TCP, UDP = 6, 17
SYN, ACK = 0x02, 0x10
DNS_PORT = b"\x00\x35"
"""What comes from it is an answer, of a resolver on the host itself."""
ROOM = 1 << 24
"""Bytes that packets may wait in."""
TICK = 0.05


class Sent(NamedTuple):
    """Where something was sent: "tcp" or "udp", an address, a port."""

    protocol: str
    address: str
    port: int


class Capture:
    """Watches a host from inside its network, while it stands as a context."""

    def __init__(self, host: Host) -> None:
        self.sent: set[Sent] = set()
        self._socket = host.within(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL)))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        while select.select([self._socket], [], [], TICK)[0] or not self._over.is_set():
            if not select.select([self._socket], [], [], 0)[0]:
                continue
            data, where = self._socket.recvfrom(65535)
            if where[2] == OUTGOING and (sent := read(data, where[1])) is not None:
                self.sent.add(sent)


def read(packet: bytes, kind: int) -> Sent | None:
    """Return where a packet goes; None for what begins nothing: answers, ICMP, other protocols."""
    if kind == IPV4:
        header, protocol, address = (packet[0] & 15) * 4, packet[9], socket.inet_ntop(socket.AF_INET, packet[16:20])
    elif kind == IPV6:
        header, protocol, address = 40, packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40])
    else:
        return None
    segment = packet[header:]
    if protocol not in {TCP, UDP} or len(segment) < 8:
        return None
    (port,) = struct.unpack_from("!H", segment, 2)
    if protocol == UDP:
        return None if segment[:2] == DNS_PORT else Sent("udp", address, port)
    return Sent("tcp", address, port) if segment[13] & (SYN | ACK) == SYN else None


class Planned(NamedTuple):
    """One line of a plan, by the transport that it goes over."""

    protocol: str
    to: str
    port: int
    condition: str | None


def planned(text: str) -> list[Planned]:
    """Read `imdoctor plan --format json`; what goes through a proxy goes to that, on the wire."""
    lines: list[dict[str, Any]] = [line for target in json.loads(text) for line in target["sends"]]
    found = []
    for line in lines:
        proxy = urllib.parse.urlsplit(line["through"] or "")
        to, port = (proxy.hostname, proxy.port or line["port"]) if proxy.hostname else (line["to"], line["port"])
        found.append(Planned("udp" if line["protocol"] == "udp" else "tcp", to, port, line["condition"]))
    return found


def differences(
    plan: Sequence[Planned], sent: set[Sent], known: Mapping[str, Sequence[str]], *, whole: bool
) -> Iterator[str]:
    """Yield what was sent and not planned and, if ``whole``, what was planned without a condition and not sent.

    ``known`` holds the addresses that names have here; `*.NAME` stands for every name under one.
    """
    for one in sorted(sent):
        if not any(
            (line.protocol, line.port) == (one.protocol, one.port) and _is(line.to, one.address, known) for line in plan
        ):
            yield f"sent, and not in the plan: {one.protocol} to {one.address} port {one.port}"
    for line in plan if whole else ():
        here = {one.address for one in sent if (one.protocol, one.port) == (line.protocol, line.port)}
        if line.condition is None and not any(_is(line.to, address, known) for address in here):
            yield f"planned without a condition, and not sent: {line.protocol} to {line.to} port {line.port}"


def _is(to: str, address: str, known: Mapping[str, Sequence[str]]) -> bool:
    try:
        return ipaddress.ip_address(to) == ipaddress.ip_address(address)
    except ValueError:
        return address in known.get(to.removeprefix("*."), ())
