"""journald's native protocol: one datagram an entry, of named fields (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""

import errno
import os
import re
import socket
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
PATIENCE = 0.5
"""Seconds that an entry may wait for room: a journal that is stuck does not hold up the checks."""
LONGEST_NAME = 64
"""Characters of a field's name."""
TOO_LARGE = {errno.EMSGSIZE, errno.ENOBUFS}
"""What the kernel says of a datagram that is too large for the socket's buffer (unix(7))."""

Field = tuple[str, str]


def is_journal(stream: int, environ: Mapping[str, str]) -> bool:
    """Tell whether a descriptor leads to the journal: whether it is the stream that $JOURNAL_STREAM names (systemd.exec(5))."""
    try:
        seen = os.fstat(stream)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{seen.st_dev}:{seen.st_ino}"


def send(fields: Iterable[Field], path: Path = SOCKET) -> None:
    """Send one entry. Raises OSError where nobody takes it.

    What is too large for a datagram goes in a sealed memory file, whose descriptor is passed with an empty datagram.
    """
    data = b"".join(_field(name, value) for name, value in fields)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.settimeout(PATIENCE)
        try:
            way.sendto(data, str(path))
        except OSError as error:
            if error.errno not in TOO_LARGE:
                raise
            _send_file(way, data, path)


def _field(name: str, value: str) -> bytes:
    """Return a field: ``NAME=value``, or the value behind its length, little-endian, where it has more than one line."""
    raw = value.encode("utf-8", "replace")
    if b"\n" not in raw:
        return b"%s=%s\n" % (name.encode("ascii"), raw)
    return b"%s\n%s%s\n" % (name.encode("ascii"), len(raw).to_bytes(8, "little"), raw)


def _send_file(way: socket.socket, data: bytes, path: Path) -> None:
    """Pass the data in a memory file that nobody can change any more (memfd_create(2), unix(7))."""
    import fcntl

    descriptor = os.memfd_create("imdoctor-journal", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [descriptor]))
        way.sendmsg([], [rights], 0, str(path))


def field_name(key: str) -> str:
    """Return a key as the name of a field of ours: upper case, letters, digits and underscores, 64 characters at the most."""
    return f"IMDOCTOR_{re.sub('[^A-Z0-9]+', '_', key.upper())}"[:LONGEST_NAME]
