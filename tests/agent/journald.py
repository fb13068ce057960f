"""A journal that takes entries by journald's native protocol, as its description has it, and keeps them as fields."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SEALED = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class Journal:
    """The entries that arrived at a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.files = 0
        """How many entries came as a file."""

    def entry(self) -> dict[str, str]:
        """Return the next entry. Raises TimeoutError where there is none."""
        data, descriptors, _, _ = socket.recv_fds(self._sock, 1 << 20, 1)
        if descriptors:
            assert data == b"", "an entry is a datagram or a file"
            data = self._file(descriptors[0])
        return dict(parse(data))

    def _file(self, descriptor: int) -> bytes:
        self.files += 1
        assert fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) == SEALED, "a file must be sealed"
        with os.fdopen(descriptor, "rb") as file:
            file.seek(0)
            return file.read()


def parse(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield an entry's fields."""
    while data:
        line, end, data = data.partition(b"\n")
        assert end, "a field ends with its line"
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(data[:8], "little")
            value, data = data[8 : 8 + size], data[8 + size :]
            assert data[:1] == b"\n", "a value of more lines ends with one, too"
            data = data[1:]
        yield name.decode("ascii"), value.decode()


@contextmanager
def journald(path: Path) -> Iterator[Journal]:
    """Listen for entries at a path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        sock.settimeout(5)
        yield Journal(sock)
