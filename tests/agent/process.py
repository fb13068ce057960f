"""The agent as a process: its events as they come, and how it ends."""

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.process import environment

PATIENCE = 60.0
"""Seconds after which a test gives up waiting for an event: a failure, and no measure of anything."""


@dataclass
class Running:
    """An agent that runs. ``heard`` holds its events so far, in their order."""

    process: "subprocess.Popen[str]"
    heard: list[dict[str, Any]] = field(default_factory=list)
    _lines: "queue.Queue[str | None]" = field(default_factory=queue.Queue)

    def listen(self) -> None:
        """Read its standard error to the end, in a thread of its own."""
        assert self.process.stderr
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, kind: str, **facts: object) -> dict[str, Any]:
        """Return the next event of a kind, and of these facts. Raises AssertionError when the agent ends before it comes."""
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            event = json.loads(line) if line.startswith("{") else {"kind": None, "event": line}
            self.heard.append(event)
            if event.get("kind") == kind and all(event.get(key) == value for key, value in facts.items()):
                return dict(event)
        raise AssertionError(f"ended before {kind}: {self.heard}")

    def kinds(self, *without: str) -> list[str]:
        """Return the kinds of the events heard so far."""
        return [str(event.get("kind")) for event in self.heard if event.get("kind") not in without]

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it, hear what it still says, and return its exit code."""
        self.send(number)
        code = self.process.wait(timeout=PATIENCE)
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.heard.append(json.loads(line) if line.startswith("{") else {"kind": None, "event": line})
        return code


@contextmanager
def agent(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start `imdoctor watch` in a folder; whatever happens, it is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "imdoctor", "watch", *arguments],
        cwd=folder,
        env=environment(folder, {"XDG_STATE_HOME": str(folder / "state"), **(environ or {})}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    running = Running(process)
    listener = threading.Thread(target=running.listen)
    listener.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        listener.join()
        for stream in (process.stdout, process.stderr):
            assert stream
            stream.close()
