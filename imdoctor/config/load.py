"""A configuration file to a Config: strict, with every error at once, each at its file:line:column."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from imdoctor.config.files import UnreadableError, read_file
from imdoctor.config.model import Config
from imdoctor.config.problems import ConfigError, Problem
from imdoctor.config.targets import CREDENTIALS
from imdoctor.speech import say

if TYPE_CHECKING:
    from imdoctor.config.reading import Found

__all__ = ["CREDENTIALS", "ConfigError", "Problem", "examine", "find", "load", "loads", "located"]

Options = Mapping[str, type[msgspec.Struct] | None]
"""Every installed check by name, with the type of its options; None for a check that has none."""

LARGEST = 1024 * 1024
"""Bytes of a configuration file."""
NAME = "imdoctor.yaml"


def find(environ: Mapping[str, str], cwd: Path | None, system: Path = Path("/etc")) -> Path | None:
    """Return the configuration's file, the first that exists; one that $IMDOCTOR_CONFIG names need not: that is an error.

    ``cwd`` is None where the working directory is not looked at.
    """
    if named := environ.get("IMDOCTOR_CONFIG"):
        return Path(named)
    home = Path(environ.get("HOME") or "/nonexistent", ".config")
    folders = [Path(environ.get("XDG_CONFIG_HOME") or home, "imdoctor"), system / "imdoctor"]
    if cwd is not None:
        folders.insert(0, cwd)
    return next((folder / NAME for folder in folders if _is_there(folder / NAME)), None)


def _is_there(path: Path) -> bool:
    """Tell whether something has this name: a link that leads nowhere has it too, and its error is told."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def load(path: Path, options: Options) -> Config:
    """Return a file's configuration; ``options`` holds the type of each check's options. Raises ConfigError."""
    return _whole(examine(path, options))


def loads(text: str, options: Options, *, file: str, folder: Path) -> Config:
    """Return a text's configuration; ``file`` names it in errors, ``folder`` is what its paths start from. Raises ConfigError."""
    from imdoctor.config.reading import read

    return _whole(read(text, options, file=file, folder=folder))


def examine(path: Path, options: Options) -> "Found":
    """Return what is good of a file's configuration, and what is wrong with the rest. Raises ConfigError for what is no YAML."""
    from imdoctor.config.reading import Found, read

    found = read(_text(path), options, file=str(path), folder=path.parent)
    return Found(msgspec.structs.replace(found.config, file=str(path)), found.problems)


def located(problems: Iterable[Problem], file: str | None) -> tuple[Problem, ...]:
    """Return problems with their places in the configuration's file: it is read once more, since that is seldom asked for."""
    if file is None:
        return tuple(problems)
    from imdoctor.config.reading import locate
    from imdoctor.config.yamlnodes import compose, place

    try:
        root = compose(_text(Path(file)), file)
    except ConfigError:  # it has changed meanwhile: what was wrong before is told without a place
        return tuple(problems)
    return tuple(place(locate(root, it.at).start_mark, it.text, file) if it.at else it for it in problems)


def _whole(found: "Found") -> Config:
    if found.problems:
        raise ConfigError(*found.problems)
    return found.config


def _text(path: Path) -> str:
    """Return a file's text. Raises ConfigError."""
    try:
        data = read_file(path, LARGEST).data
    except UnreadableError as error:
        raise ConfigError(Problem(say("the configuration {error}", error=error), str(path))) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(
            Problem(say("this is no text in UTF-8: write the configuration as YAML"), str(path))
        ) from None
