"""What the listener answers: metrics, health, the latest report and the status page, none with a secret in it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import ClassVar

from imdoctor import __version__
from imdoctor.agent.events import Event
from imdoctor.agent.metrics import Exposition
from imdoctor.agent.now import AgentNow
from imdoctor.agent.own_events import page_defect
from imdoctor.agent.shown import Shown, latest
from imdoctor.agent.talk import Answer, Asked
from imdoctor.render.json import render
from imdoctor.runner import this_host

JSON = "application/json"
HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
"""The old text format's content type."""
OPENMETRICS = "application/openmetrics-text"


class Site:
    """Answers requests. ``page`` makes a page (HTML, in UTF-8) of the agent as it may be shown, ``say`` hears of defects.

    What takes long is rendered target by target or in a thread: a check that waits for its answer is not to be late for it.
    """

    def __init__(
        self,
        shown: Shown,
        *,
        say: Callable[[Event], None],
        page: Callable[[AgentNow], bytes] | None = None,
    ) -> None:
        self._shown, self._say, self._page = shown, say, page
        self._host = this_host()
        self._exposition = Exposition(__version__, self._host)

    async def answer(self, asked: Asked) -> Answer:
        """Answer a request; a defect of this program answers 500, and is told."""
        route = self.ROUTES.get(asked.path)
        if route is None:
            return Answer(status=404, body=f"Nothing is here. There is: {', '.join(self.ROUTES)}\n".encode())
        try:
            return await route(self, asked)
        except Exception as error:  # noqa: BLE001 - a page that cannot be made must not end the agent; it is told
            self._say(page_defect(asked.path, error))
            return Answer(status=500, body=b"A defect of imdoctor: the log says more.\n")

    async def _metrics(self, asked: Asked) -> Answer:
        now = await self._shown.all()
        if OPENMETRICS in asked.accept:
            text = await self._exposition.text(now, "openmetrics")
            return Answer(kind=f"{OPENMETRICS}; version=1.0.0; charset=utf-8", body=text.encode())
        return Answer(kind=PLAIN, body=(await self._exposition.text(now, "plain")).encode())

    async def _health(self, asked: Asked) -> Answer:
        del asked
        if self._shown.now().alive:
            return Answer(body=b"alive\n")
        return Answer(status=503, body=b"A round is far beyond its time, or none begins: restart the agent.\n")

    async def _ready(self, asked: Asked) -> Answer:
        del asked
        if self._shown.now().ready:
            return Answer(body=b"ready\n")
        return Answer(status=503, body=b"Not every target was examined yet.\n")

    async def _report(self, asked: Asked) -> Answer:
        del asked
        report = latest(await self._shown.all(), self._host)
        return Answer(kind=JSON, body=(await asyncio.to_thread(render, report)).encode())

    async def _root(self, asked: Asked) -> Answer:
        if self._page is None:
            return Answer(status=404, body=f"No page is here. There is: {', '.join(self.ROUTES)}\n".encode())
        del asked
        now = await self._shown.all()
        return Answer(kind=HTML, body=await asyncio.to_thread(self._page, now))

    ROUTES: ClassVar[Mapping[str, Callable[["Site", Asked], Awaitable[Answer]]]] = MappingProxyType(
        {"/": _root, "/metrics": _metrics, "/healthz": _health, "/-/ready": _ready, "/api/v1/report": _report}
    )
