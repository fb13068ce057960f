"""What the commands share: the process as they see it, the secrets they loaded, and how they speak."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imdoctor.cli.runners import harmless
from imdoctor.config.secrets import Mask, Secret
from imdoctor.speech import say

if TYPE_CHECKING:
    from imdoctor.agent.events import Event


class OutputError(Exception):
    """An output could not be written; the text is a sentence."""


@dataclass(kw_only=True)
class Session:
    """The environment, the working directory, the streams; and every secret loaded so far, for the mask."""

    environ: Mapping[str, str]
    cwd: Path
    out: TextIO
    err: TextIO
    secrets: list[Secret] = field(default_factory=list)

    @classmethod
    def of_process(cls) -> "Session":
        """Return the session of this process. What a stream's encoding lacks is written as an escape."""
        _open_closed()
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a process's own streams are TextIOWrappers
        return cls(environ=dict(os.environ), cwd=_cwd(), out=sys.stdout, err=sys.stderr)

    @property
    def mask(self) -> Mask:
        """The mask over every secret loaded so far."""
        return Mask.of(self.secrets)

    def shown(self, text: str, form: str = "text") -> str:
        """Return a text of a format as it may be read: without any secret, and without a word that a job's runner would obey."""
        return harmless(self.mask(text), self.environ, form)

    def say(self, text: str, form: str = "text") -> None:
        """Write to standard output. Raises BrokenPipeError when the reader went away, else OutputError."""
        try:
            self.out.write(self.shown(text, form))
            self.out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            forget(self.out)
            raise OutputError(
                say("standard output could not be written: {strerror}", strerror=error.strerror)
            ) from None

    def complain(self, code: int, *sentences: str) -> int:
        """Write sentences to standard error, and return the exit code."""
        for sentence in sentences:
            self.aside(f"imdoctor: {sentence}\n")
        return code

    def aside(self, text: str) -> None:
        """Write to standard error. Where that takes nothing more the text is lost: there is nobody left to say so to."""
        try:
            self.err.write(self.shown(text))
            self.err.flush()
        except OSError:
            forget(self.err)

    def warn(self, event: str, **facts: object) -> None:
        """Log a warning of the program itself. structlog is imported only when there is something to say."""
        from imdoctor.cli.logs import logger

        try:
            logger(self.err, self.mask, environ=self.environ).warning(event, **facts)
        except OSError:
            forget(self.err)

    def tell(self, event: "Event") -> None:
        """Log an event, by the secrets loaded so far."""
        from imdoctor.cli.logs import logger, tell

        tell(logger(self.err, self.mask, environ=self.environ), event)


def _cwd() -> Path:
    """Return the working directory; one that was removed meanwhile by its relative name, in which nothing is found."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path()


def _open_closed() -> None:
    """Give this process the standard streams that it was started without (`>&-`), so that no other file takes their place.

    Nothing comes from the input, what is written to the output is an error (EBADF), and errors go nowhere.
    """
    for name, mode, flags in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))


def forget(stream: TextIO) -> None:
    """Point a stream that takes nothing more at nothing, so that the interpreter's last flush is quiet."""
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a descriptor is what is needed
        os.dup2(nothing.fileno(), stream.fileno())
