"""Reports that were saved before: read from a file or from standard input."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from imdoctor.config.files import UnreadableError, read_file
from imdoctor.model import Report
from imdoctor.speech import say

STDIN = "-"
LARGEST = 256 * 1024 * 1024
"""Bytes of a saved report: a fleet's, with every observation."""


def saved_report(name: str) -> Report:
    """Return the report of a file that `imdoctor run --format json` wrote, - for standard input. Raises click.UsageError."""
    return _decoded(read(name), say("standard input") if name == STDIN else name)


def read(name: str) -> bytes:
    """Return a saved report's bytes. Raises click.UsageError."""
    if name == STDIN:
        return sys.stdin.buffer.read(LARGEST)
    try:
        return read_file(Path(name), LARGEST).data
    except UnreadableError as error:
        raise click.UsageError(f"{name} {error}") from None


def _decoded(data: bytes, name: str) -> Report:
    """Return the report. Raises click.UsageError for what is none, and for another version's."""
    instead = say("name a file that `imdoctor run --format json` wrote")
    try:
        told: Any = msgspec.json.decode(data)
        if isinstance(told, dict) and told.get("version") != 1 and "targets" in told:
            raise click.UsageError(
                say(
                    "{name} is a report of version {value!r}; this release reads version 1",
                    name=name,
                    value=told.get("version"),
                )
            )
        return msgspec.convert(told, Report)
    except msgspec.ValidationError as error:
        raise click.UsageError(
            say("{name} is no report: {error}: {instead}", name=name, error=error, instead=instead)
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise click.UsageError(say("{name} is no JSON: {instead}", name=name, instead=instead)) from None
