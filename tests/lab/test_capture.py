"""What a host sends, read from packets, and held against a plan."""

import json
import socket
import struct

import pytest

from tests.lab.capture import IPV4, IPV6, Planned, Sent, differences, planned, read

SYN, ACK, FIN = 0x02, 0x10, 0x01
UDP, TCP, ICMP = 17, 6, 1


def packet(protocol: int, port: int, *, flags: int = 0, source: int = 40000, to: str = "43.141.10.1") -> bytes:
    """Return an IP packet with the beginning of a segment in it."""
    segment = struct.pack("!HHIIBB", source, port, 0, 0, 0x50, flags)
    if ":" in to:
        return bytes(6) + bytes([protocol]) + bytes(17) + socket.inet_pton(socket.AF_INET6, to) + segment
    return bytes([0x45]) + bytes(8) + bytes([protocol]) + bytes(6) + socket.inet_aton(to) + segment


@pytest.mark.parametrize(
    ("data", "kind", "sent"),
    [
        (packet(TCP, 443, flags=SYN), IPV4, Sent("tcp", "43.141.10.1", 443)),
        (packet(TCP, 443, flags=SYN, to="2402::1"), IPV6, Sent("tcp", "2402::1", 443)),
        (packet(UDP, 53), IPV4, Sent("udp", "43.141.10.1", 53)),
        (packet(TCP, 443, flags=SYN | ACK), IPV4, None),
        (packet(TCP, 443, flags=ACK), IPV4, None),
        (packet(UDP, 40000, source=53), IPV4, None),
        (packet(ICMP, 0), IPV4, None),
        (b"\x45" * 20, IPV4, None),
        (packet(UDP, 53), 0x0806, None),
    ],
    ids=["SYN", "SYN over IPv6", "a question", "SYN and ACK", "ACK", "an answer", "ICMP", "cut off", "ARP"],
)
def test_packets(data: bytes, kind: int, sent: Sent | None) -> None:
    """What begins something is noticed, and nothing else."""
    assert read(data, kind) == sent


PLAN = [
    Planned("udp", "10.53.0.1", 53, None),
    Planned("tcp", "im.example", 443, None),
    Planned("tcp", "*.im.example", 80, "it redirects"),
]
KNOWN = {"im.example": ("43.141.10.1", "43.141.10.2")}
WHOLE = {Sent("udp", "10.53.0.1", 53), Sent("tcp", "43.141.10.2", 443)}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (WHOLE, []),
        (WHOLE | {Sent("tcp", "43.141.10.1", 80)}, []),
        (WHOLE | {Sent("tcp", "9.9.9.9", 443)}, ["sent, and not in the plan: tcp to 9.9.9.9 port 443"]),
        (WHOLE | {Sent("tcp", "10.53.0.1", 53)}, ["sent, and not in the plan: tcp to 10.53.0.1 port 53"]),
        ({Sent("tcp", "43.141.10.2", 443)}, ["planned without a condition, and not sent: udp to 10.53.0.1 port 53"]),
    ],
    ids=["all of it", "on a condition", "somewhere else", "another transport", "not all of it"],
)
def test_wire_and_plan(sent: set[Sent], expected: list[str]) -> None:
    """Each difference is told: what was not planned, and what was and did not happen."""
    assert list(differences(PLAN, sent, KNOWN, whole=True)) == expected


def test_a_plan_is_read() -> None:
    """What goes through a proxy goes to that on the wire; TLS and HTTPS are TCP there."""
    sends = [
        {"protocol": "https", "to": "im.example", "port": 443, "through": None, "condition": "x"},
        {"protocol": "tls", "to": "im.example", "port": 443, "through": "http://10.80.0.1:3128", "condition": None},
        {"protocol": "udp", "to": "10.53.0.1", "port": 53, "through": None, "condition": None},
    ]
    assert planned(json.dumps([{"sends": sends}])) == [
        Planned("tcp", "im.example", 443, "x"),
        Planned("tcp", "10.80.0.1", 3128, None),
        Planned("udp", "10.53.0.1", 53, None),
    ]
