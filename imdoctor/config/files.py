"""Reading a file that somebody named: never more than a limit, and never waiting for a pipe."""

import os
import stat
from pathlib import Path

import msgspec

from imdoctor.speech import mark, retold, say

KINDS = (
    (stat.S_ISDIR, mark("is a directory: name the file in it")),
    (stat.S_ISFIFO, mark("is a pipe, which is not read: write its content to a file")),
    (stat.S_ISCHR, mark("is a device: name a file")),
    (stat.S_ISBLK, mark("is a device: name a file")),
    (stat.S_ISSOCK, mark("is a socket: name a file")),
)


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A file's bytes. ``shared`` tells that its group or others may read it (Unix permissions)."""

    data: bytes
    shared: bool


class UnreadableError(Exception):
    """A file cannot be read; the text is the rest of a sentence that begins with its name."""


def read_file(path: Path, limit: int) -> Read:
    """Return the bytes of a regular file of at most ``limit`` bytes. Raises UnreadableError."""
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to does not wait (open(2)).
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UnreadableError(_why(error)) from None
    try:
        return _read(handle, limit)
    except OSError as error:
        raise UnreadableError(_why(error)) from None
    finally:
        os.close(handle)


def _read(handle: int, limit: int) -> Read:
    mode = os.fstat(handle).st_mode
    for is_kind, sentence in KINDS:
        if is_kind(mode):
            raise UnreadableError(retold(sentence))
    data = b""
    while len(data) <= limit and (more := os.read(handle, limit + 1 - len(data))):
        data += more
    if len(data) > limit:
        raise UnreadableError(say("is larger than {limit} KiB: it cannot be the right file", limit=limit // 1024))
    return Read(data=data, shared=bool(mode & (stat.S_IRGRP | stat.S_IROTH)))


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return say("does not exist: check the path")
    if isinstance(error, PermissionError):
        return say("may not be read by this user: change its permissions or run as its owner")
    if isinstance(error, NotADirectoryError):
        return say("goes through something that is no directory: check the path")
    if isinstance(error, ValueError):
        return say("is no path: it holds a NUL character")
    return say("cannot be read: {strerror}", strerror=error.strerror)
