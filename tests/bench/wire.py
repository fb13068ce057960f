"""A wire with a delay between two network namespaces: a TUN device in each, and a forwarder between them.

Run as `python wire.py NAMESPACE NAMESPACE MILLISECONDS`: it prints "ready" and forwards until its standard input ends.
The kernels of test machines have no netem; this needs nothing but /dev/net/tun and root.
"""

import ctypes
import fcntl
import os
import select
import struct
import sys
import time
from collections import deque
from pathlib import Path

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN_NO_PI = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000  # setns(2)
LARGEST = 65535


def tun_in(namespace: str, name: str) -> int:
    """Open a TUN device inside a named namespace; the calling process stays in that namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open("rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns({namespace})")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    return device


def forward(one: int, other: int, delay: float, until: int) -> None:
    """Carry packets both ways, each ``delay`` seconds late, until ``until`` is readable."""
    across = {one: other, other: one}
    waiting: deque[tuple[float, int, bytes]] = deque()
    while True:
        wait = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([one, other, until], [], [], wait)
        if until in ready:
            return
        for device in (item for item in ready if item in across):
            waiting.append((time.monotonic() + delay, across[device], os.read(device, LARGEST)))
        while waiting and waiting[0][0] <= time.monotonic():
            _, device, packet = waiting.popleft()
            os.write(device, packet)


if __name__ == "__main__":
    near, far, milliseconds = sys.argv[1:]
    devices = tun_in(near, "wire0"), tun_in(far, "wire0")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    forward(*devices, float(milliseconds) / 1000, sys.stdin.fileno())
