"""Where the memory of runs is kept."""

from collections.abc import Mapping
from pathlib import Path


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the history: the service manager's, else the user's own.

    That is the first of $STATE_DIRECTORY (systemd.exec(5): several are separated by colons), else imdoctor in
    $XDG_STATE_HOME, which counts when it is absolute (XDG Base Directory Specification), else ~/.local/state/imdoctor.
    """
    first = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if first:
        return Path(first)
    base = Path(environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():
        base = Path(environ.get("HOME") or "~").expanduser() / ".local/state"
    return base / "imdoctor"
