"""The wire between two hosts of a world: what it carries, and what it loses."""

import struct

from tests.lab.wire import SYN, Manner, Wire


def packet(size: int = 60, flags: int = 0, port: int = 40000) -> bytes:
    """Return an IPv4 packet with TCP in it."""
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 6, 0, bytes(4), bytes(4))
    return (head + struct.pack(">HHIIBB", port, 443, 0, 0, 0x50, flags)).ljust(size, b"\0")


def test_long_packets_vanish_one_way() -> None:
    """A limit holds for its own direction alone."""
    wire = Wire(Manner(largest_up=500))
    assert wire.carries(packet(500), up=True)
    assert not wire.carries(packet(501), up=True)
    assert wire.carries(packet(1500), up=False)


def test_losses_repeat_themselves() -> None:
    """A share of packets is lost, the same ones in every run."""
    wires = Wire(Manner(loss=0.1)), Wire(Manner(loss=0.1))
    fates = [[wire.carries(packet(), up=True) for _ in range(1000)] for wire in wires]
    assert fates[0] == fates[1]
    assert 50 < fates[0].count(False) < 150


def test_a_flow_at_rest_is_forgotten() -> None:
    """A flow that was never begun, or rested too long, vanishes; a SYN begins it anew."""
    wire = Wire(Manner(idle=60.0))
    assert not wire.carries(packet(), up=True)
    assert wire.carries(packet(flags=SYN), up=True)
    assert wire.carries(packet(), up=True)
    assert not wire.carries(packet(port=40001), up=True)
    wire.heard = {flow: heard - 61 for flow, heard in wire.heard.items()}
    assert not wire.carries(packet(), up=True)
