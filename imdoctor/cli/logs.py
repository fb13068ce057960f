"""Logs of the program itself, on standard error: for people on a terminal, else JSON; secrets masked."""

from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from imdoctor.config.secrets import Mask


def logger(stream: TextIO, mask: Mask) -> FilteringBoundLogger:
    """Return a logger that writes to a stream. Nothing global is configured."""
    terminal = stream.isatty()
    shape: Processor = structlog.dev.ConsoleRenderer(colors=True) if terminal else structlog.processors.JSONRenderer()
    written: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masking(mask),
            shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    return written


def _masking(mask: Mask) -> Processor:
    """Return the processor that masks loaded secrets in every value."""

    def masked(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: mask(value if isinstance(value, str) else repr(value)) for key, value in event.items()}

    return masked
