"""What a service tells its manager: sd_notify(3), in the standard library. Without a socket nothing is told, and nothing is raised."""

import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

PATIENCE = 0.5
"""Seconds that a datagram may wait for room: a manager that is stuck does not hold up the checks."""
LONGEST_STATUS = 500
"""Characters of a status: the manager takes datagrams of 4096 bytes, and a character may have four."""


@dataclass(frozen=True, kw_only=True)
class Notifier:
    """The way to the service manager. ``address`` is a socket's path, or ``@`` and a name for an abstract one; None: no manager.

    Each method returns whether the datagram was taken.
    """

    address: str | None
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Notifier":
        """Return the notifier that ``$NOTIFY_SOCKET`` names; addresses of other families than AF_UNIX are ignored."""
        address = environ.get("NOTIFY_SOCKET", "")
        return cls(address=address if address.startswith(("/", "@")) and len(address) > 1 else None)

    def ready(self, status: str | None = None) -> bool:
        """Tell that start-up, or a reload, is done."""
        return self._send("READY=1", status)

    def status(self, text: str) -> bool:
        """Tell what `systemctl status` shows, on one line."""
        return self._send(None, text)

    def watchdog(self) -> bool:
        """Tell that the program is alive."""
        return self._send("WATCHDOG=1", None)

    def reloading(self) -> bool:
        """Tell that a reload has begun; ``ready`` ends it. Type=notify-reload wants the time of it (systemd.service(5))."""
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={int(self.monotonic() * 1e6)}", None)

    def stopping(self, status: str | None = None) -> bool:
        """Tell that the program is about to end."""
        return self._send("STOPPING=1", status)

    def extend(self, seconds: float) -> bool:
        """Ask for so much more time to start, reload or stop."""
        return self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}", None)

    def _send(self, state: str | None, status: str | None) -> bool:
        if self.address is None:
            return False
        lines = (state, None if status is None else f"STATUS={' '.join(status.split())[:LONGEST_STATUS]}")
        data = "\n".join(line for line in lines if line is not None).encode("utf-8", "replace")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
                way.settimeout(PATIENCE)
                way.sendto(data, _raw(self.address))
        except OSError:
            return False
        return True


def _raw(address: str) -> str:
    """Return the address as the kernel takes it: an abstract name begins with a NUL (unix(7))."""
    return f"\0{address[1:]}" if address.startswith("@") else address


def watchdog_period(environ: Mapping[str, str], pid: int) -> float | None:
    """Return every how many seconds to call ``watchdog``: half of what the manager grants (sd_watchdog_enabled(3)); None for never."""
    granted, meant = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(pid))
    if meant != str(pid) or not re.fullmatch("[0-9]{1,18}", granted):
        return None
    return int(granted) / 2e6 or None
