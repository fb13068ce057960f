"""Where the agent listens: an address as it is written, and the socket that is bound to it."""

import errno
import ipaddress
import os
import re
import socket
import stat
from pathlib import Path

import msgspec

from imdoctor.config.problems import shown
from imdoctor.speech import mark, say

HIGHEST_PORT = 65535
LOCALHOST = "127.0.0.1"
BACKLOG = 1024
"""Connections that the kernel keeps waiting: a rush of hundreds drops nobody's first segment, which would cost a second."""
ASKING = 1.0
"""Seconds in which whoever listens on a Unix socket takes a connection."""
FORMS = mark("write 127.0.0.1:9877, [::1]:9877, 9877 for the first of them, or /run/imdoctor/http for a Unix socket")


class ListenError(Exception):
    """The agent cannot listen where it should; the text is a sentence: what, where, and what to do next."""


class Address(msgspec.Struct, frozen=True):
    """An IP address and a port, 0 for any that is free; or the path of a Unix socket."""

    host: str = LOCALHOST
    port: int = 0
    path: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.path is not None or ipaddress.ip_address(self.host).is_loopback

    @property
    def is_loopback(self) -> bool:
        """Whether it is reached by IP from this machine alone: also by what a browser on it has loaded."""
        return self.path is None and self.is_local

    def __str__(self) -> str:
        if self.path is not None:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Return the address of `127.0.0.1:9877`, `[::1]:9877`, `localhost:9877`, `9877` or `/path`. Raises ValueError with a sentence."""
    if text.startswith("/"):
        return Address(path=text)
    found = re.fullmatch(r"(?:(?P<host>[^:\[\]]+|\[[^\]]+\]):)?(?P<port>[0-9]{1,5})", text)
    if found is None or int(found["port"]) > HIGHEST_PORT:
        raise ValueError(say("{text} is nowhere to listen: {forms}", text=shown(text), forms=FORMS))
    host = (found["host"] or LOCALHOST).strip("[]")
    try:
        host = str(ipaddress.ip_address(LOCALHOST if host == "localhost" else host))
    except ValueError:
        raise ValueError(say("{host} is no address of this machine: {forms}", host=shown(host), forms=FORMS)) from None
    return Address(host, int(found["port"]))


def bound(address: Address) -> tuple[socket.socket, Address]:
    """Return a listening socket, and the address that it has: port 0 stands for one that is free. Raises ListenError."""
    unix = address.path is not None
    family = socket.AF_UNIX if unix else socket.AF_INET6 if ":" in address.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if address.path is not None:
            _make_room(Path(address.path))
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address.path or (address.host, address.port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ListenError(say("cannot listen on {address}: {why}", address=address, why=_why(address, error))) from None
    sock.settimeout(0.0)  # the event loop waits for it
    return sock, address if unix else Address(*sock.getsockname()[:2])


def _make_room(path: Path) -> None:
    """Take away a socket that a process left behind; one that answers stays, and the bind fails."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(ASKING)
            try:
                asking.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def _why(address: Address, error: OSError) -> str:
    """Say why a bind failed, and what to do next."""
    match error.errno:
        case errno.EADDRINUSE if address.path is not None:
            return say("another process listens there, or something else has that name. Give --listen another path")
        case errno.EADDRINUSE:
            return say(
                "another process does: `ss -ltnp 'sport = :{port}'` names it. Stop it, or give --listen another port",
                port=address.port,
            )
        case errno.EADDRNOTAVAIL:
            return say("this is no address of this machine: `ip -brief address` lists them")
        case errno.EACCES | errno.EPERM if address.path is None:
            return say("a port below 1024 is for the privileged alone. Give --listen a higher one, such as 9877")
        case _:
            return say("{error}. Give --listen another address", error=os.strerror(error.errno or 0))
