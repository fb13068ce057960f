"""A run that a signal ends early: what was found so far is still told. A second signal ends the process at once."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from types import FrameType
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR = "\x1b[?25h"


def until_stopped(run: Coroutine[Any, Any, T]) -> tuple[T, int | None]:
    """Run to the end or to a signal, which the run answers with what it has.

    Return that, and the exit code that the signal makes (128 + its number).
    """
    gc.freeze()
    gc.enable()
    return asyncio.run(_until_stopped(run))


async def _until_stopped(run: Coroutine[Any, Any, T]) -> tuple[T, int | None]:
    loop, task, stopped = asyncio.get_running_loop(), asyncio.ensure_future(run), []

    def stop(number: int) -> None:
        stopped.append(128 + number)
        ending_at_once(loop)
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop, number)
    result = await task
    return result, next(iter(stopped), None)


def ending_at_once(loop: asyncio.AbstractEventLoop) -> None:
    """Let the next signal end the process at once."""
    for each in SIGNALS:
        loop.remove_signal_handler(each)
        signal.signal(each, _at_once)


def _at_once(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signal.signal's own signature
    """End the process without any further ado; the live board had hidden the cursor."""
    if sys.stderr.isatty():
        sys.stderr.write(SHOW_CURSOR)
        sys.stderr.flush()
    os._exit(128 + number)
