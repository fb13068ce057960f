"""Hosts as network namespaces, in a mount namespace of the world's own: all worlds use the same names, and it ends with its process."""

import contextlib
import ctypes
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
"""unshare(2), setns(2)."""
NAMES = Path("/run/netns")
READY = 10.0
"""Seconds that a server gets to begin."""
COMMAND = 60.0
"""Seconds for one command; what runs longer is a defect of the world."""
OVER = {
    "resolv.conf": "/etc/resolv.conf",
    "hosts": "/etc/hosts",
    "nsswitch.conf": "/etc/nsswitch.conf",
    "run": "/run",
}
"""Files of a host's own, and what each lies over in it."""
LIBC = ctypes.CDLL(None, use_errno=True)


class WorldError(Exception):
    """A world could not be built; the text says what failed."""


def leave() -> None:
    """Take this process into a mount and a network namespace of its own, with no named namespaces in it yet."""
    _must(LIBC.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
    NAMES.mkdir(parents=True, exist_ok=True)
    sh("mount --make-rprivate / && mount -t tmpfs none /run/netns")


def sh(script: str) -> str:
    """Run a script of set-up; return what it says. Raises WorldError."""
    done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=False, timeout=COMMAND)
    if done.returncode:
        raise WorldError(f"{script}\n{done.stderr or done.stdout}")
    return done.stdout


def _must(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise WorldError(f"{what}: {os.strerror(number)}")


@dataclass(frozen=True)
class Host:
    """One host: a named network namespace, and files that lie over those of /etc in it."""

    name: str
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def enter(self) -> None:
        """Take the calling thread into this host's network."""
        with (NAMES / self.name).open("rb") as there:
            _must(LIBC.setns(there.fileno(), CLONE_NEWNET), f"setns {self.name}")

    def within(self, step: Callable[[], T]) -> T:
        """Take a step in a thread inside this host's network."""
        said: list[T] = []

        def there() -> None:
            self.enter()
            said.append(step())

        thread = threading.Thread(target=there)
        thread.start()
        thread.join()
        if not said:
            raise WorldError(f"a step inside {self.name} failed")
        return said[0]

    def command(self, *command: str) -> list[str]:
        """Return a command as this host runs it: in its network, with its files, its own /sys."""
        own = [(self.folder / name, over) for name, over in OVER.items() if (self.folder / name).exists()]
        binds = "".join(f"mount --bind {file} {over}; " for file, over in own)
        script = f'mount -t sysfs sys /sys; {binds}exec "$@"'
        inside = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", *command]
        return ["nsenter", f"--net={NAMES / self.name}", *inside]

    def run(self, script: str, environ: Mapping[str, str] | None = None) -> str:
        """Run a shell script here; return all that it says, whatever its exit code."""
        return self.finish("sh", "-c", f"exec 2>&1; {script}", environ=environ).stdout

    def finish(self, *command: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command here to its end. Raises WorldError when it takes too long; nothing that it started goes on then."""
        with subprocess.Popen(
            self.command(*command),
            env={**self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(timeout=COMMAND)
            except BaseException as error:
                os.killpg(process.pid, signal.SIGKILL)
                if isinstance(error, subprocess.TimeoutExpired):
                    raise WorldError(f"not done after {COMMAND:.0f} s: {shlex.join(command)}") from None
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    @contextlib.contextmanager
    def serving(self, *command: str, ready: Callable[[], bool], last_words: Path | None = None) -> Iterator[None]:
        """Keep a server running here, from when it is ready."""
        log = self.folder / f"{Path(command[0]).name}-{time.monotonic_ns()}.log"
        with (
            log.open("wb") as told,
            subprocess.Popen(
                self.command(*command), stdout=told, stderr=told, stdin=subprocess.DEVNULL, env=dict(self.environ)
            ) as process,
        ):
            try:
                await_that(lambda: process.poll() is not None or self.within(ready), f"{command[0]} on {self.name}")
                if process.poll() is not None:
                    more = last_words.read_text() if last_words and last_words.exists() else ""
                    raise WorldError(f"{' '.join(command)}: {log.read_text(errors='replace')}{more}")
                yield
            finally:
                process.terminate()


def await_that(step: Callable[[], bool], what: str) -> None:
    """Wait until a step says yes. Raises WorldError when it does not in time."""
    ends = time.monotonic() + READY
    while not step():
        if time.monotonic() > ends:
            raise WorldError(f"{what} was not ready after {READY:.0f} s")
        time.sleep(0.01)


@contextlib.contextmanager
def helper(command: Sequence[str]) -> Iterator[None]:
    """Keep a helper running that says "ready" and ends with its standard input."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdin is None or process.stdout.readline() != "ready\n":
            raise WorldError(f"{' '.join(command)} did not begin")
        try:
            yield
        finally:
            process.stdin.close()
            process.wait()
