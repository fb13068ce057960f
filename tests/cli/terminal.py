"""A terminal (pty(7)) that a process writes to, as wide as is asked for."""

import codecs
import errno
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.process import environment


@dataclass
class Screen:
    """What came to a terminal so far."""

    text: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def read(self, terminal: int) -> None:
        """Read until nobody has the terminal open any more."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        while data := _some(terminal):
            with self.changed:
                self.text = (self.text + decoder.decode(data)).replace("\r\n", "\n")
                self.changed.notify_all()

    def wait_for(self, text: str) -> None:
        """Wait until a text has come. Raises AssertionError after half a minute without."""
        with self.changed:
            assert self.changed.wait_for(lambda: text in self.text, timeout=30), self.text


def _some(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError as error:
        if error.errno == errno.EIO:  # the last one closed it (Linux; elsewhere it is the end of the file)
            return b""
        raise


@dataclass
class Seated:
    """A process at a terminal: what standard output and standard error show, which are two screens here."""

    process: "subprocess.Popen[bytes]"
    out: Screen
    err: Screen
    readers: list[threading.Thread]

    def code(self) -> int:
        """Return the exit code, once all is read."""
        code = self.process.wait(timeout=60)
        for reader in self.readers:
            reader.join()
        return code


@contextmanager
def seated(
    cwd: Path, *arguments: str, columns: int = 80, lines: int = 24, environ: Mapping[str, str] | None = None
) -> Iterator[Seated]:
    """Run the command at a terminal."""
    ends = [pty.openpty() for _ in range(2)]
    for _, mine in ends:
        fcntl.ioctl(mine, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "imdoctor", *arguments],
        cwd=cwd,
        env=environment(cwd, {"TERM": "xterm-256color", **(environ or {})}),
        stdin=subprocess.DEVNULL,
        stdout=ends[0][1],
        stderr=ends[1][1],
    )
    screens = (Screen(), Screen())
    readers = [threading.Thread(target=screen.read, args=(end[0],)) for screen, end in zip(screens, ends, strict=True)]
    for reader, (_, other) in zip(readers, ends, strict=True):
        os.close(other)
        reader.start()
    try:
        yield Seated(process, *screens, readers)
    finally:
        process.kill()
        process.wait()
        for reader, (mine, _) in zip(readers, ends, strict=True):
            reader.join()
            os.close(mine)
