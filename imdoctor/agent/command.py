"""A command as a receiver: started without a shell, the report on its standard input, the facts in its environment."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Self

from imdoctor.agent.delivery import DeliveryError, Message
from imdoctor.agent.events import one_line
from imdoctor.speech import mark

GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""
LOOK = 0.02
"""Seconds between two looks at whether a process group is gone."""
TAIL = 200
"""Characters of the end of standard error that an error tells."""
WIDEST = 4
"""Bytes of the widest character in UTF-8."""
PIECE = 65536
SETTLE = 1.0
"""Seconds that the end of standard error may take to arrive when the program has ended: a child of it may hold the pipe for long."""
OURS = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "JOURNAL_STREAM")
"""Variables of the agent's own service, which mean nothing to another process (systemd.exec(5))."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program with its arguments, and its timeout in seconds.

    Its environment is ``environ`` and IMDOCTOR_EVENT, _TARGET, _CAUSE, _STATUS and _MESSAGE, which are empty where there is none, and
    the message's language as IMDOCTOR_LANG, which an imdoctor that it calls speaks too. Its standard output is discarded. A timeout
    ends it and every process of its group: by SIGTERM, ``grace`` seconds later by SIGKILL. What it leaves running when it ends by
    itself goes on.
    """

    argv: tuple[str, ...]
    timeout: float
    environ: Mapping[str, str]
    grace: float = GRACE

    @property
    def name(self) -> str:
        """The program; its arguments may hold secrets."""
        return mark("the command {argv}").format(argv=self.argv[0])

    async def deliver(self, message: Message) -> None:
        """Run the program to its end. Raises DeliveryError where it cannot be started, takes too long, or does not exit with 0."""
        with _handed(message.report) as (report, errors):
            process = await self._start(message, report, errors.entrance)
            errors.follow()
            try:
                async with asyncio.timeout(self.timeout):
                    code = await process.wait()
            except TimeoutError:
                raise DeliveryError(
                    mark("it did not end within {timeout:g} s and was stopped{said}").format(
                        timeout=self.timeout, said=errors.said()
                    )
                ) from None
            finally:
                if process.returncode is None:
                    await _end(process, self.grace)
            if code:
                await errors.settle()
                raise DeliveryError(f"{_ending(code)}{errors.said()}")

    async def _start(self, message: Message, report: BinaryIO, errors: int) -> asyncio.subprocess.Process:
        """Start the program in a session of its own, so that it can be ended with all that it started (setsid(2))."""
        try:
            return await asyncio.create_subprocess_exec(
                *self.argv,
                stdin=report,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                env=_environment(self.environ, message),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # a ValueError for a NUL in an argument
            raise DeliveryError(mark("it could not be started: {error}").format(error=_reason(error))) from None

    async def aclose(self) -> None:
        """Keep nothing: every delivery is a process of its own."""


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return mark("there is no such program, or no interpreter for it")
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _environment(environ: Mapping[str, str], message: Message) -> dict[str, str]:
    event = message.event
    facts = {
        "IMDOCTOR_EVENT": event.name,
        "IMDOCTOR_TARGET": event.target or "",
        "IMDOCTOR_CAUSE": event.cause or "",
        "IMDOCTOR_STATUS": event.status or "",
        "IMDOCTOR_MESSAGE": event.message,
        "IMDOCTOR_LANG": message.language,
    }
    return {**{key: value for key, value in environ.items() if key not in OURS}, **facts}


def _ending(code: int) -> str:
    """Say how a program ended: by which exit code, or by which signal."""
    if code > 0:
        return mark("it exited with {code}").format(code=code)
    try:
        return mark("it was ended by {name}").format(name=signal.Signals(-code).name)
    except ValueError:  # a real-time signal has no name
        return mark("it was ended by signal {number}").format(number=-code)


@contextmanager
def _handed(report: bytes) -> Iterator[tuple[BinaryIO, "_Errors"]]:
    """Return a file without a name that holds the report, and what follows the program's errors.

    A file rather than a pipe: a program that does not read it, or ends before it has, disturbs nobody.
    Raises DeliveryError where there is no room, or no descriptor, for them.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_unnamed())
            file.write(report)
            file.seek(0)
            errors = stack.enter_context(_Errors())
        except OSError as error:
            raise DeliveryError(
                mark("the report could not be handed over: {strerror}").format(strerror=error.strerror)
            ) from None
        yield file, errors


def _unnamed() -> BinaryIO:
    """Return a file without a name: in memory, where a full disk is of no matter, else among the temporary ones."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("imdoctor-report", os.MFD_CLOEXEC), "w+b")
    return tempfile.TemporaryFile()


class _Errors:
    """The end of what a program writes to standard error: a pipe that is always read, and never waited for."""

    def __init__(self) -> None:
        self._exit, self.entrance = os.pipe()
        self._tail = b""
        self._ended = asyncio.Event()
        os.set_blocking(self._exit, False)

    def __enter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._exit, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._exit)
        os.close(self._exit)
        self.follow()

    def follow(self) -> None:
        """Let go of the pipe's entrance, so that it ends with the program."""
        if self.entrance >= 0:
            os.close(self.entrance)
            self.entrance = -1

    def _read(self) -> None:
        piece = os.read(self._exit, PIECE)
        self._tail = (self._tail + piece)[-TAIL * WIDEST :]
        if not piece:
            asyncio.get_running_loop().remove_reader(self._exit)
            self._ended.set()

    async def settle(self) -> None:
        """Wait a moment for what the program wrote last."""
        try:
            async with asyncio.timeout(SETTLE):
                await self._ended.wait()
        except TimeoutError:
            return

    def said(self) -> str:
        """Return the end of it as part of a sentence, on one line; nothing for nothing."""
        text = one_line(self._tail.decode("utf-8", "replace"))[-TAIL:].strip()
        return f": {text}" if text else ""


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    """End a process and its group: politely, and what is left after so many seconds for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except OSError:  # nobody is left (ESRCH), or they took another user's rights (EPERM): kill(2)
            break
        await _gone(process.pid, grace)
    await process.wait()


async def _gone(group: int, limit: float) -> None:
    """Wait until nothing is left of a process group, so many seconds at the most."""
    try:
        async with asyncio.timeout(limit):
            while True:
                os.killpg(group, 0)
                await asyncio.sleep(LOOK)
    except (TimeoutError, OSError):
        return
