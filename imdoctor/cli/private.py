"""Files that their owner alone may read: made so from the start, never made so afterwards."""

import os
import tempfile
from pathlib import Path

from imdoctor.cli.session import OutputError
from imdoctor.speech import say

OWNER_ONLY = 0o600


def write_private(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file of mode 0600 that must not be there yet; ``force`` replaces one that is, at once. Raises OutputError."""
    try:
        if force:
            _replace(path, data)
        else:
            _create(path, data)
    except FileExistsError:
        raise OutputError(say("{path} is there already: name another, or replace it with --force", path=path)) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else say("it is no path")
        raise OutputError(say("{path} could not be written: {why}", path=path, why=why)) from None


def _create(path: Path, data: bytes) -> None:
    # O_EXCL follows no link either, so nobody can choose the place (open(2)).
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    try:
        _fill(handle, data)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _replace(path: Path, data: bytes) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)  # its mode is 0600
    try:
        _fill(handle, data)
        Path(beside).replace(path)
    finally:
        Path(beside).unlink(missing_ok=True)


def _fill(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
