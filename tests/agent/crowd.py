"""A crowd of slow clients, as a process of its own: `python -m tests.agent.crowd PORT COUNT`.

Each sends a byte of a request's head now and then, without an end, and comes again when it is cut off. A line says when all are there.
"""

import asyncio
import contextlib
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PAUSE = 0.2
"""Seconds between two bytes of one client, and before it comes again."""


async def crowd(port: int, count: int) -> None:
    """Be a crowd until killed."""
    there = asyncio.Semaphore(0)

    async def drip() -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                there.release()
                for byte in b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(PAUSE)
                    if reader.at_eof():
                        break
                writer.close()
            await asyncio.sleep(PAUSE)

    clients = [asyncio.create_task(drip()) for _ in range(count)]
    for _ in clients:
        await there.acquire()
    sys.stdout.write("all are there\n")
    sys.stdout.flush()
    await asyncio.gather(*clients)


@contextmanager
def crowded(port: int, count: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Let a crowd come; it is gone afterwards."""
    command = [sys.executable, "-m", "tests.agent.crowd", str(port), str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(files, 2 * wanted), most), most))
    asyncio.run(crowd(int(sys.argv[1]), wanted))
