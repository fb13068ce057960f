"""The units' files below a root: written whole or not at all, and taken away only as they were written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imdoctor.agent import installation
from imdoctor.cli.output import write_whole
from imdoctor.cli.session import OutputError
from imdoctor.speech import say


@dataclass(frozen=True)
class Root:
    """The root of the system that the units are for: this machine's, or an image's."""

    path: Path

    @property
    def units(self) -> Path:
        """The folder of an administrator's units."""
        return self.path / installation.FOLDER

    def inside(self, path: Path) -> Path:
        """Return a path as it is called within the root."""
        return Path("/", path.relative_to(self.path)) if path.is_relative_to(self.path) else path

    def outside(self, path: Path) -> Path:
        """Return a path of the root as it is called from here."""
        return self.path / path.relative_to("/")

    def systemctl(self, words: str) -> str:
        """Return a command for the root."""
        return f"systemctl {words}" if self.path == Path("/") else f"systemctl --root={self.path} {words}"


def write(root: Root, texts: Mapping[str, str], stale: Sequence[str]) -> list[str]:
    """Write files and take the stale ones away; return a line for each. Raises OutputError.

    Where a file is there that an installation did not write, nothing is done at all.
    """
    foreign = [root.units / name for name in texts if _is_foreign(root.units / name)]
    if foreign:
        names = ", ".join(map(str, foreign))
        raise OutputError(
            say(
                "{names}: there already, and not as `imdoctor systemd install` wrote it, so nothing was written: move what is "
                "yours into a drop-in (`systemctl edit {name}`), take the file away, and install again",
                names=names,
                name=foreign[0].name,
            )
        )
    done = [_write(root.units / name, text) for name, text in texts.items()]
    return done + [
        say("{units}: taken away", units=root.units / name) for name in stale if _take_away(root.units / name)
    ]


def remove(root: Root) -> list[str]:
    """Take away what an installation wrote; return a line for each file, those left included. Raises OutputError."""
    enabled = sorted({link.name for link in root.units.glob("*.wants/imdoctor*")})
    if enabled:
        names = " ".join(enabled)
        raise OutputError(
            say(
                "{names}: enabled still, so nothing was taken away: `{command}`",
                names=names,
                command=root.systemctl(f"disable --now {names}"),
            )
        )
    found = sorted((*root.units.glob("imdoctor*.*"), *root.units.glob("imdoctor*.d/*.conf")))
    lines = []
    for path in (path for path in found if path.is_symlink() or not path.is_dir()):
        gone = _take_away(path)
        lines.append(
            say("{path}: taken away", path=path)
            if gone
            else say("{path}: left, since it is not as `imdoctor systemd install` wrote it", path=path)
        )
    return lines


def _write(path: Path, text: str) -> str:
    if _read(path) == text:
        return say("{path}: as it was", path=path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise OutputError(
            say(
                "{path} could not be written: {strerror}: {mended}",
                path=path,
                strerror=error.strerror,
                mended=_mended(),
            )
        ) from None
    return say("{path}: written", path=path)


def _take_away(path: Path) -> bool:
    """Take a file away, and its folder if it was the last one of a unit's drop-ins; leave what is not ours."""
    if not installation.is_ours(_read(path)):
        return False
    try:
        path.unlink()
        if path.parent.suffix == ".d" and not any(path.parent.iterdir()):
            path.parent.rmdir()
    except OSError as error:
        raise OutputError(
            say(
                "{path} could not be taken away: {strerror}: {mended}",
                path=path,
                strerror=error.strerror,
                mended=_mended(),
            )
        ) from None
    return True


def _mended() -> str:
    return say("run this as root, or name a --prefix that you may write to")


def _is_foreign(path: Path) -> bool:
    return (path.is_symlink() or path.exists()) and not installation.is_ours(_read(path))


def _read(path: Path) -> str:
    """Return a regular file's text; "" for one that is not there, cannot be read, or is a link (a masked unit is one)."""
    try:
        return "" if path.is_symlink() else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
