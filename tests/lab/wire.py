"""A wire between two network namespaces, as bad as it is wanted: a TUN device in each, and a forwarder between them.

Run as `python wire.py NAMESPACE NAMESPACE MANNER`, where MANNER is JSON with the fields of `Manner`: it prints "ready" and
forwards until its standard input ends. The kernels of test machines have no netem; this needs nothing but /dev/net/tun and
root.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import random
import select
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN_NO_PI = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000  # setns(2)
LARGEST = 65535
TCP, SYN = 6, 0x02


@dataclass(frozen=True)
class Manner:
    """How packets fare. ``delay``: seconds each way. ``loss``: a share, lost by a fixed sequence of chances.

    ``largest_up`` and ``largest_down``: longer IP packets vanish without a word, up being from the first namespace to the
    second. ``idle``: a TCP flow that rested for longer is forgotten, and vanishes until it begins anew.
    """

    delay: float = 0.0
    loss: float = 0.0
    largest_up: int = LARGEST
    largest_down: int = LARGEST
    idle: float = float("inf")


@dataclass
class Wire:
    """The forwarder's memory: its chances, and when each TCP flow was last heard of."""

    manner: Manner
    chances: random.Random = field(default_factory=lambda: random.Random(1))
    heard: dict[tuple[bytes, ...], float] = field(default_factory=dict)

    def carries(self, packet: bytes, *, up: bool) -> bool:
        """Tell whether a packet arrives."""
        if len(packet) > (self.manner.largest_up if up else self.manner.largest_down):
            return False
        if self.manner.loss and self.chances.random() < self.manner.loss:
            return False
        return self.manner.idle == float("inf") or self._fresh(packet)

    def _fresh(self, packet: bytes) -> bool:
        """Tell whether an IPv4 packet is of a flow that is known and not too long idle, as a stateful firewall would."""
        start = (packet[0] & 15) * 4
        if packet[0] >> 4 != 4 or packet[9] != TCP:
            return True
        ends = sorted((packet[12:16] + packet[start : start + 2], packet[16:20] + packet[start + 2 : start + 4]))
        flow, now = tuple(ends), time.monotonic()
        known = packet[start + 13] & SYN or now - self.heard.get(flow, float("-inf")) <= self.manner.idle
        if known:
            self.heard[flow] = now
        return bool(known)


def tun_in(namespace: str, name: str) -> int:
    """Open a TUN device inside a named namespace; the calling process stays in that namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open("rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns({namespace})")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    return device


def forward(near: int, far: int, manner: Manner, until: int) -> None:
    """Carry packets both ways until ``until`` is readable."""
    across, wire = {near: far, far: near}, Wire(manner)
    waiting: deque[tuple[float, int, bytes]] = deque()
    while True:
        wait = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([near, far, until], [], [], wait)
        if until in ready:
            return
        for device in (item for item in ready if item in across):
            packet = os.read(device, LARGEST)
            if wire.carries(packet, up=device == near):
                waiting.append((time.monotonic() + manner.delay, across[device], packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, device, packet = waiting.popleft()
            with contextlib.suppress(OSError):  # the device at the other end is down: so is this wire
                os.write(device, packet)


if __name__ == "__main__":
    one, other, how = sys.argv[1:]
    devices = tun_in(one, "wire0"), tun_in(other, "wire0")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    forward(*devices, Manner(**json.loads(how)), sys.stdin.fileno())
