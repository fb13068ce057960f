"""The same figures pushed to an OpenTelemetry collector: OTLP over HTTP, in protobuf (opentelemetry.io/docs/specs/otlp)."""

import asyncio
import re
import time
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from imdoctor import __version__
from imdoctor.agent.delivery import DeliveryError
from imdoctor.agent.events import Event
from imdoctor.agent.metrics import agent_figures, joined, names_taken, target_figures
from imdoctor.agent.outward import reason, transport_for
from imdoctor.agent.own_events import delivery_failing, delivery_works
from imdoctor.agent.shown import Shown
from imdoctor.config.model import Otlp
from imdoctor.model import HostReport
from imdoctor.net.http import SUCCESS, class_of
from imdoctor.runner import this_host
from imdoctor.speech import mark

if TYPE_CHECKING:
    import httpx
    from opentelemetry.sdk.metrics.export import Metric as Pushed
    from prometheus_client.metrics_core import Metric

PATH = "/v1/metrics"
"""Where collectors take metrics (OTLP/HTTP request)."""
EXTRA = mark("opentelemetry-sdk is not installed: pip install 'imdoctor[otlp]'")
UNITS = {"seconds": "s", "bytes": "By", "ratio": "1"}
"""The units' names in UCUM, which OTLP uses."""
NANO = 1_000_000_000
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name (RFC 9110 §5.6.2)."""


class Pusher:
    """Pushes what the agent knows to a collector. The first failure in a row is told, and the first success after it.

    Nothing is kept for another try: the next push has it all. ``headers`` may hold a secret. The proxy is the environment's.
    """

    def __init__(
        self,
        settings: Otlp,
        shown: Shown,
        *,
        headers: Mapping[str, str],
        environ: Mapping[str, str],
        say: Callable[[Event], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings, self._shown, self._headers, self._environ = settings, shown, headers, environ
        self._say, self._sleep, self._host, self._failures = say, sleep, this_host(), 0
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """What people know the collector by."""
        parts = urllib.parse.urlsplit(self._settings.endpoint)
        return mark("the collector at {scheme}://{hostname}").format(scheme=parts.scheme, hostname=parts.hostname)

    async def run(self) -> None:
        """Push every so many seconds, until ``end``."""
        self._running = asyncio.current_task()
        while True:
            await self._sleep(self._settings.every)
            await self.push()

    async def end(self, limit: float) -> None:
        """Push for the last time, and close what is kept. What takes more than ``limit`` seconds is given up."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self.push()
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def push(self) -> None:
        """Push once; what goes wrong is told."""
        try:
            await self._push()
        except DeliveryError as error:
            self._failures += 1
            if self._failures == 1:
                self._say(delivery_failing(self.name, str(error)))
        else:
            failures, self._failures = self._failures, 0
            if failures:
                self._say(delivery_works(self.name, failures))

    async def _push(self) -> None:
        """Push once. Raises DeliveryError."""
        import httpx

        body = await self._body()
        try:
            async with asyncio.timeout(self._settings.timeout):
                status = await self._call(body)
        except TimeoutError:
            raise DeliveryError(mark("no answer within {timeout:g} s").format(timeout=self._settings.timeout)) from None
        except (httpx.HTTPError, OSError) as error:
            raise DeliveryError(reason(error)) from None
        if class_of(status) != SUCCESS:
            raise DeliveryError(mark("it answers {status}").format(status=status))

    async def _body(self) -> bytes:
        """Return the figures in protobuf. A thread encodes them, so that no check is late for it."""
        now, owners = await self._shown.all(), names_taken()
        several = [agent_figures(now, __version__, self._host)]
        for target in now.targets:
            several.append(target_figures(target, owners))
            await asyncio.sleep(0)
        at = time.time()
        return await asyncio.to_thread(encoded, joined(several), self._host, began=now.started_at, at=at)

    async def _call(self, body: bytes) -> int:
        import httpx

        url = httpx.URL(collector(self._settings.endpoint))
        if self._transport is None:
            self._transport = transport_for(url, self._environ)
        headers = {"User-Agent": f"imdoctor/{__version__}", "Content-Type": "application/x-protobuf", **self._headers}
        response = await self._transport.handle_async_request(httpx.Request("POST", url, headers=headers, content=body))
        await response.aclose()
        return response.status_code


def collector(endpoint: str) -> str:
    """Return the URL to push to: one without a path gets the collectors' usual one."""
    parts = urllib.parse.urlsplit(endpoint)
    return urllib.parse.urlunsplit(parts._replace(path=PATH)) if parts.path in {"", "/"} else endpoint


def encoded(metrics: "list[Metric]", host: HostReport, *, began: float, at: float) -> bytes:
    """Return families as an OTLP request. Counters count since ``began``; every figure is as of ``at`` (Unix seconds)."""
    from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    resource = Resource({"service.name": "imdoctor", "service.version": __version__, "host.name": host.name})
    pushed = [_pushed(metric, int(began * NANO), int(at * NANO)) for metric in metrics]
    scope = ScopeMetrics(scope=InstrumentationScope("imdoctor", __version__), metrics=pushed, schema_url="")
    data = MetricsData([ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")])
    return bytes(encode_metrics(data).SerializeToString())


def _pushed(metric: "Metric", began: int, at: int) -> "Pushed":
    """Return a family under its name in Prometheus. Times are nanoseconds."""
    from opentelemetry.sdk.metrics.export import AggregationTemporality, Gauge, NumberDataPoint, Sum
    from opentelemetry.sdk.metrics.export import Metric as Pushed

    counts = metric.type == "counter"
    points = [NumberDataPoint(one.labels, began if counts else 0, at, one.value) for one in metric.samples]
    data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True) if counts else Gauge(points)
    return Pushed(metric.samples[0].name, metric.documentation, UNITS.get(metric.unit, "1"), data)


def installed() -> bool:
    """Tell whether what this needs is installed."""
    try:
        import opentelemetry.exporter.otlp.proto.common.metrics_encoder
        import opentelemetry.sdk.metrics.export  # noqa: F401 - whether they are there is the question
    except ImportError:
        return False
    return True


def parse_headers(text: str) -> dict[str, str]:
    """Return the headers of `name=value,name=value`, values URL-encoded (OTEL_EXPORTER_OTLP_HEADERS). Raises ValueError."""
    headers = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, coded = part.partition("=")
        value = urllib.parse.unquote(coded.strip())
        if not equals or not TOKEN.fullmatch(name.strip()) or not value.isascii() or not value.isprintable():
            raise ValueError(mark("these are no headers: write name=value, several with a comma between them"))
        headers[name.strip()] = value
    return headers
