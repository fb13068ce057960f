"""Logs of the program itself: into the journal as fields, else on standard error, for people on a terminal, else JSON.

Secrets are masked in every value.
"""

import contextlib
import json
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from imdoctor.agent.events import Event
from imdoctor.agent.journal import SOCKET, Field, field_name, is_journal, send
from imdoctor.cli.runners import harmless
from imdoctor.config.secrets import Mask

PRIORITIES = {"error": "3", "warning": "4", "info": "6"}
"""The numbers that syslog has for the levels (syslog(3))."""
LEVELS = {"info": 20, "warning": 30, "error": 40}
"""The numbers that structlog has for them."""
NOBODY: Mapping[str, str] = MappingProxyType({})


def logger(
    stream: TextIO, mask: Mask, *, environ: Mapping[str, str] = NOBODY, journal: Path = SOCKET
) -> FilteringBoundLogger:
    """Return a logger that writes to a stream, or to the journal where that is where the stream leads. Nothing global is configured."""
    shape: Processor = structlog.dev.ConsoleRenderer(colors=True) if stream.isatty() else _json(environ)
    written: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masking(mask),
            *([_into(journal)] if _leads_to_journal(stream, environ) else []),
            shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    return written


def _json(environ: Mapping[str, str]) -> Processor:
    """Return the processor that makes an entry one line of JSON: when, how grave and what first, then the facts."""

    def written(_logger: WrappedLogger, _method: str, entry: MutableMapping[str, Any]) -> str:
        first = {key: entry[key] for key in ("timestamp", "level", "event") if key in entry}
        return harmless(json.dumps({**first, **entry}, ensure_ascii=False), environ, "json")

    return written


def tell(log: FilteringBoundLogger, event: Event) -> None:
    """Log an event, its facts as values. A stream that takes nothing more loses it: there is nobody left to say so to."""
    about = {"kind": event.name, "target": event.target, "cause": event.cause, "status": event.status}
    facts = {**event.fields, **{key: value for key, value in about.items() if value is not None}}
    with contextlib.suppress(OSError):
        log.log(LEVELS[event.level], event.message, **facts)


def _leads_to_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    try:
        return is_journal(stream.fileno(), environ)
    except OSError:  # a stream without a descriptor
        return False


def _into(journal: Path) -> Processor:
    """Return the processor that sends an entry to the journal; one that is not taken goes the stream's way."""

    def sent(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        try:
            send(_fields(event), journal)
        except OSError:
            return event
        raise structlog.DropEvent

    return sent


def _fields(event: Mapping[str, Any]) -> list[Field]:
    """Return an entry's fields: MESSAGE, PRIORITY, and the other values under names of ours; the kind of an event is IMDOCTOR_EVENT."""
    known = {"event": "MESSAGE", "kind": "IMDOCTOR_EVENT"}
    facts = [
        (known.get(key) or field_name(key), str(value))
        for key, value in event.items()
        if key not in {"level", "timestamp"}
    ]
    return [("PRIORITY", PRIORITIES.get(event["level"], "6")), ("SYSLOG_IDENTIFIER", "imdoctor"), *facts]


def _masking(mask: Mask) -> Processor:
    """Return the processor that masks loaded secrets in every value; a number stays one."""

    def masked(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: _masked(value, mask) for key, value in event.items()}

    return masked


def _masked(value: object, mask: Mask) -> object:
    text = value if isinstance(value, str) else repr(value)
    shown = mask(text)
    return value if isinstance(value, int | float) and shown == text else shown
