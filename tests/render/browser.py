"""Debian's chromium without a window, spoken to by the DevTools protocol through a pipe (`--remote-debugging-pipe`)."""

import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds after which a browser that says nothing is given up."""
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)


@dataclass
class Browser:
    """One page of a browser, and every event that it told of."""

    to: int
    back: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _rest: bytes = b""
    _number: Iterator[int] = field(default_factory=itertools.count)

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask for something, and return the answer; what is told meanwhile is kept."""
        number = next(self._number)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == number:
                assert "error" not in heard, heard
                return dict(heard["result"])

    def _hear(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self.back], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self.back, 1 << 20) if ready else b""
            assert data, "the browser ended, or says nothing"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        heard: dict[str, Any] = json.loads(message)
        if "method" in heard:
            self.events.append(heard)
        return heard

    def open(self, url: str) -> None:
        """Open a page, and wait until all of it is there."""
        self.events.clear()
        self.ask("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._hear()

    def look(self, *, width: int, scheme: str) -> None:
        """Make the window so wide, in a light or dark scheme."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def value(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page holds
        """Return the value of an expression in the page; it is evaluated whatever the page's policy says."""
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for by the page."""
        asked = [event["params"]["request"]["url"] for event in self.told("Network.requestWillBeSent")]
        return [url for url in asked if not url.startswith("data:")]

    @property
    def complaints(self) -> list[str]:
        """What the page's console shows, and what the browser holds against it."""
        names = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Audits.issueAdded")
        return [json.dumps(event["params"]) for name in names for event in self.told(name)]

    def told(self, method: str) -> list[dict[str, Any]]:
        """Return the events of a name since the page was opened."""
        return [event for event in self.events if event["method"] == method]


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser whose profile is in a folder, with one empty page; it ends with the block."""
    with ExitStack() as stack:
        (its_in, to), (back, its_out) = os.pipe(), os.pipe()
        for end in (to, back):
            stack.callback(os.close, end)
        command = f'exec chromium "$@" 3<&{its_in} 4>&{its_out}'  # the numbers rise, so neither hides the other
        profile = f"--user-data-dir={folder / 'profile'}"
        with (folder / "chromium.log").open("wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", command, "chromium", *OPTIONS, profile, "about:blank"],
                pass_fds=(its_in, its_out),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        stack.enter_context(process)
        stack.callback(process.terminate)
        os.close(its_in)
        os.close(its_out)
        yield _attached(Browser(to=to, back=back))


def _attached(one: Browser) -> Browser:
    """Speak to a page of the browser rather than to the browser, and hear all that it tells."""
    target = one.ask("Target.createTarget", url="about:blank")["targetId"]
    one.session = one.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Log", "Runtime", "Network", "Audits", "Accessibility"):
        one.ask(f"{domain}.enable")
    return one
