"""What stands before a sound gateway and spoils some of its connections."""

import asyncio
import itertools
from collections.abc import Callable, Mapping

from imdoctor.lab.loop import LOOPBACK, Handler, pipe
from imdoctor.lab.raw import sieve


def late(port: int, seconds: str) -> Handler:
    """Rest before every connection's first byte is passed on."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(float(seconds))
        beyond, out = await asyncio.open_connection(LOOPBACK, port)
        try:
            await asyncio.gather(pipe(reader, out), pipe(beyond, writer))
        finally:
            out.close()  # a pipe that was cancelled before it began closes nothing

    return handle


def every_third_reset(port: int, unused: str) -> Handler:
    """Reset every third connection that sends a ClientHello."""
    del unused
    count = itertools.count(1)
    return sieve(lambda hello: next(count) % 3, port)  # noqa: ARG005 - it is the third that counts, not what it says


BEFORE: Mapping[str, Callable[[int, str], Handler]] = {"late": late, "every-third-reset": every_third_reset}
