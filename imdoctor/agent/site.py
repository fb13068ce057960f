"""What the listener answers: metrics, health, the latest report and the status page, none with a secret in it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from msgspec.structs import replace

from imdoctor import __version__
from imdoctor.agent.events import Event
from imdoctor.agent.metrics import Exposition
from imdoctor.agent.now import AgentNow, TargetNow
from imdoctor.agent.own_events import page_defect
from imdoctor.agent.talk import Answer, Asked
from imdoctor.config.secrets import Mask
from imdoctor.judgement import make_report
from imdoctor.model import Report
from imdoctor.render.json import render
from imdoctor.render.masking import masked
from imdoctor.runner import this_host

JSON = "application/json"
HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
"""The old text format's content type."""
OPENMETRICS = "application/openmetrics-text"


@dataclass
class Shown:
    """Reports without secrets, each masked once. ``mask`` is that over every secret loaded so far."""

    mask: Callable[[], Mask]
    _known: dict[str, tuple[Report, Report]] = field(default_factory=dict)

    def report(self, target: TargetNow) -> Report | None:
        """Return the report of a target's last run."""
        if target.report is None:
            return None
        known = self._known.get(target.name)
        if known is None or known[0] is not target.report:
            known = self._known[target.name] = target.report, masked(target.report, self.mask())
        return known[1]

    async def all(self, now: AgentNow) -> AgentNow:
        """Return the agent with such reports. Between two of them others have their turn."""
        targets = []
        for target in now.targets:
            targets.append(replace(target, report=self.report(target)))
            await asyncio.sleep(0)
        self._known = {target.name: self._known[target.name] for target in targets if target.name in self._known}
        return replace(now, targets=tuple(targets))


class Site:
    """Answers requests. ``now`` tells what the agent knows, ``page`` makes a page of it (HTML, UTF-8), ``say`` hears of defects.

    What takes long is rendered target by target or in a thread: a check that waits for its answer is not to be late for it.
    """

    def __init__(
        self,
        now: Callable[[], AgentNow],
        *,
        mask: Callable[[], Mask],
        say: Callable[[Event], None],
        page: Callable[[AgentNow], bytes] | None = None,
    ) -> None:
        self._now, self._shown, self._say, self._page = now, Shown(mask), say, page
        self._exposition = Exposition(__version__, this_host())

    async def answer(self, asked: Asked) -> Answer:
        """Answer a request; a defect of this program answers 500, and is told."""
        route = ROUTES.get(asked.path)
        if route is None:
            return Answer(status=404, body=f"Nothing is here. There is: {', '.join(ROUTES)}\n".encode())
        try:
            return await route(self, asked)
        except Exception as error:  # noqa: BLE001 - a page that cannot be made must not end the agent; it is told
            self._say(page_defect(asked.path, error))
            return Answer(status=500, body=b"A defect of imdoctor: the log says more.\n")

    async def _metrics(self, asked: Asked) -> Answer:
        now = await self._shown.all(self._now())
        if OPENMETRICS in asked.accept:
            text = await self._exposition.text(now, "openmetrics")
            return Answer(kind=f"{OPENMETRICS}; version=1.0.0; charset=utf-8", body=text.encode())
        return Answer(kind=PLAIN, body=(await self._exposition.text(now, "plain")).encode())

    async def _health(self, asked: Asked) -> Answer:
        del asked
        if self._now().alive:
            return Answer(body=b"alive\n")
        return Answer(status=503, body=b"A round is far beyond its time, or none begins: restart the agent.\n")

    async def _ready(self, asked: Asked) -> Answer:
        del asked
        if self._now().ready:
            return Answer(body=b"ready\n")
        return Answer(status=503, body=b"Not every target was examined yet.\n")

    async def _report(self, asked: Asked) -> Answer:
        del asked
        report = latest(await self._shown.all(self._now()))
        return Answer(kind=JSON, body=(await asyncio.to_thread(render, report)).encode())

    async def _root(self, asked: Asked) -> Answer:
        if self._page is None:
            return Answer(status=404, body=f"No page is here. There is: {', '.join(ROUTES)}\n".encode())
        del asked
        now = await self._shown.all(self._now())
        return Answer(kind=HTML, body=await asyncio.to_thread(self._page, now))


ROUTES: Mapping[str, Callable[[Site, Asked], Awaitable[Answer]]] = MappingProxyType(
    {
        "/": Site._root,  # noqa: SLF001 - the table of its own methods
        "/metrics": Site._metrics,  # noqa: SLF001
        "/healthz": Site._health,  # noqa: SLF001
        "/-/ready": Site._ready,  # noqa: SLF001
        "/api/v1/report": Site._report,  # noqa: SLF001
    }
)


def latest(now: AgentNow) -> Report:
    """Return the last runs of all targets as one report: from the start of the oldest to the end of the newest."""
    reports = [target.report for target in now.targets if target.report is not None]
    began = [datetime.fromisoformat(report.started_at).timestamp() for report in reports]
    ended = [start + report.duration_seconds for start, report in zip(began, reports, strict=True)]
    start = min(began, default=now.started_at)
    return make_report(
        [item for report in reports for item in report.targets],
        release=__version__,
        started_at=datetime.fromtimestamp(start, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        seconds=max(0.0, max(ended, default=start) - start),
        host=this_host(),
        fail_on_warn=False,
    )
