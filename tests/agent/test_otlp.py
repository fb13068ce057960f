"""Figures pushed to a collector: a receiver of the test's own decodes what arrives, or answers as a bad one does."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from imdoctor.agent.events import Event
from imdoctor.agent.now import AgentNow
from imdoctor.agent.otlp import Pusher, collector, parse_headers
from imdoctor.agent.shown import Shown
from imdoctor.config.model import Otlp
from tests.agent.knowing import FAILED_NOW, HEALTHY_NOW, LEAKING_NOW, MASK, SECRET, STARTED, agent
from tests.agent.lab import watched
from tests.agent.process import agent as running_agent
from tests.agent.test_heartbeat import Answers, closes, drips, hangs
from tests.agent.test_metrics import text
from tests.render.test_prometheus import series

ALL = agent(HEALTHY_NOW, FAILED_NOW)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def collecting(handler: Handler, port: int = 0) -> AsyncIterator[str]:
    """Run a receiver, and return its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def pusher(endpoint: str, heard: list[Event], now: AgentNow = ALL, **more: Any) -> Pusher:
    """Return what pushes to a receiver."""
    settings = Otlp(endpoint=endpoint, timeout=more.pop("timeout", 5.0))
    given = {"headers": {}, "environ": {}, **more}
    return Pusher(settings, Shown(lambda: now, lambda: MASK), say=heard.append, **given)


def pushed(handler: Handler, now: AgentNow = ALL, times: int = 1, **more: Any) -> list[Event]:
    """Push so often to a receiver, and return what was told."""
    heard: list[Event] = []

    async def push() -> None:
        async with collecting(handler) as url:
            one = pusher(url, heard, now, **more)
            for _ in range(times - 1):
                await one.push()
            await one.end(60)

    asyncio.run(push())
    return heard


def decoded(request: bytes) -> ExportMetricsServiceRequest:
    """Return what a request holds."""
    head, _, body = request.partition(b"\r\n\r\n")
    assert b"gzip" not in head or gzip.decompress(body)
    request = ExportMetricsServiceRequest()
    request.ParseFromString(body)
    return request


def samples(request: ExportMetricsServiceRequest) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return the samples of a request as those of a text are returned."""
    found = {}
    for metric in request.resource_metrics[0].scope_metrics[0].metrics:
        points = metric.sum.data_points if metric.HasField("sum") else metric.gauge.data_points
        for point in points:
            labels = frozenset((one.key, one.value.string_value) for one in point.attributes)
            found[metric.name, labels] = point.as_double
    return found


def test_the_same_figures_arrive() -> None:
    """A collector gets what a scrape gets: every series, under its name, with its labels."""
    receiver = Answers("200 OK")
    assert pushed(receiver) == []
    without = "imdoctor_build_info"  # it tells of this machine
    scraped = {key: value for key, value in series(text(ALL)).items() if key[0] != without}
    assert {key: value for key, value in samples(decoded(receiver.requests[0])).items() if key[0] != without} == scraped


def test_it_is_asked_as_the_protocol_has_it() -> None:
    """A POST of protobuf to /v1/metrics, with the headers of the configuration."""
    receiver = Answers("200 OK")
    pushed(receiver, headers={"authorization": "Bearer abc"})
    head = receiver.requests[0].partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"post /v1/metrics http/1.1\r\n")
    assert b"content-type: application/x-protobuf" in head
    assert b"authorization: bearer abc" in head


def test_kinds_and_units_are_those_of_the_figures() -> None:
    """A counter is a cumulative sum since the start; units are UCUM's; the resource names the program and the host."""
    receiver = Answers("200 OK")
    pushed(receiver)
    request = decoded(receiver.requests[0])
    metrics = {one.name: one for one in request.resource_metrics[0].scope_metrics[0].metrics}
    runs = metrics["imdoctor_runs_total"].sum
    assert (runs.is_monotonic, runs.aggregation_temporality) == (True, 2)
    assert runs.data_points[0].start_time_unix_nano == int(STARTED * 1e9)
    assert metrics["imdoctor_run_duration_seconds"].unit == "s"
    assert metrics["imdoctor_target_status"].unit == "1"
    names = {one.key for one in request.resource_metrics[0].resource.attributes}
    assert names == {"service.name", "service.version", "host.name"}


def test_no_secret_is_pushed() -> None:
    """A secret that a server repeats does not leave the machine."""
    receiver = Answers("200 OK")
    pushed(receiver, agent(LEAKING_NOW))
    assert SECRET.encode() not in receiver.requests[0]


BAD: Mapping[str, tuple[Handler, str]] = {
    "a refusal": (Answers("503 Service Unavailable"), "it answers 503"),
    "a redirect": (Answers("302 Found", "Location: http://127.0.0.1:1/"), "it answers 302"),
    "no answer": (hangs, "no answer within 0.1 s"),
    "an answer without an end": (drips, "no answer within 0.1 s"),
    "an early end": (closes, "the call failed (RemoteProtocolError)"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_collector_is_told_once(name: str) -> None:
    """The first failure in a row is told, with what it was; those after it are not."""
    handler, error = BAD[name]
    timeout = 0.1 if "within" in error else 5.0
    heard = pushed(handler, times=3, timeout=timeout)
    assert [event.name for event in heard] == ["delivery-failing"]
    assert error in heard[0].message


def test_a_dead_collector_is_told_once_and_its_return_too() -> None:
    """A collector that is away is told by the kernel's word, and told again when it is back."""
    heard: list[Event] = []
    receiver = Answers("200 OK")

    async def push() -> None:
        async with collecting(receiver) as url:
            pass
        away = pusher(url, heard)
        await away.push()
        await away.push()
        port = int(url.rpartition(":")[2])
        async with collecting(receiver, port):
            await away.push()
            await away.push()
            await away.end(60)

    asyncio.run(push())
    assert [event.name for event in heard] == ["delivery-failing", "delivery-works"]
    assert "the connection failed: Connection refused" in heard[0].message
    assert heard[1].fields["failures"] == 2


def test_it_pushes_every_so_often_and_at_the_end() -> None:
    """A push follows each wait, and the last state is pushed when the agent ends."""
    receiver, waits = Answers("200 OK"), list[float]()
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > 2:
            enough.set()
            await asyncio.Event().wait()

    async def push() -> None:
        async with collecting(receiver) as url:
            one = pusher(url, [], sleep=sleep)
            running = asyncio.create_task(one.run())
            await enough.wait()
            await one.end(60)
            assert running.cancelled()

    asyncio.run(push())
    assert (waits, len(receiver.requests)) == ([60.0] * 3, 3)


def test_an_end_waits_for_nobody() -> None:
    """A collector that hangs does not hold up the end of the agent: that has a time of its own."""

    async def push() -> list[Event]:
        heard: list[Event] = []
        async with collecting(hangs) as url:
            await pusher(url, heard, timeout=3600.0).end(0.05)
        return heard

    assert asyncio.run(push()) == []


COLLECTORS = {
    "no path": ("http://c:4318", "http://c:4318/v1/metrics"),
    "the root": ("http://c:4318/", "http://c:4318/v1/metrics"),
    "a path": ("https://c/otlp/v1/metrics", "https://c/otlp/v1/metrics"),
    "a query": ("https://c?x=y", "https://c/v1/metrics?x=y"),
}


@pytest.mark.parametrize("name", COLLECTORS)
def test_the_usual_path_is_added(name: str) -> None:
    """A collector's URL may be its base, or whole."""
    endpoint, url = COLLECTORS[name]
    assert collector(endpoint) == url


HEADERS = {
    "one": ("authorization=Bearer%20abc", {"authorization": "Bearer abc"}),
    "two, with blanks": (" a=1 , b=2=3 ", {"a": "1", "b": "2=3"}),
    "none": ("", {}),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_read(name: str) -> None:
    """Headers are read as OpenTelemetry's own variable holds them."""
    text, headers = HEADERS[name]
    assert parse_headers(text) == headers


@pytest.mark.parametrize("text", ["Bearer abc", "=x", "a=b%0d%0aEvil: x", "a=é", "a b=c", "a:=c"])
def test_what_is_no_header_is_refused(text: str) -> None:
    """What would be no header, or two, is refused, and not repeated."""
    with pytest.raises(ValueError, match="write name=value") as caught:
        parse_headers(text)
    assert "Evil" not in str(caught.value)


def test_a_whole_agent_pushes(tmp_path: Path) -> None:
    """`imdoctor watch` pushes its rounds' figures where the configuration says; its checks go on whatever becomes of that."""
    receiver = Answers("200 OK")

    async def run() -> None:
        async with collecting(receiver) as url:
            await asyncio.to_thread(watch, url)

    def watch(url: str) -> None:
        with watched(tmp_path) as lab:
            otlp = {"endpoint": url, "every": "1s", "headers_env": "OTLP_HEADERS"}
            config = lab.configure(lab.target("prod"), otlp=otlp)
            environ = {"OTLP_HEADERS": "x-token=0123456789abcdef"}
            with running_agent(lab.folder, "--config", str(config), environ=environ) as running:
                running.until("started")
                assert running.end() == 143

    asyncio.run(run())
    assert b"x-token: 0123456789abcdef" in receiver.requests[0].lower()
    names = {name for name, _ in samples(decoded(receiver.requests[-1]))}
    assert "imdoctor_agent_alive" in names


WRONG = {
    "a variable that is not there": ({}, "otlp: headers_env: OTLP_HEADERS: the environment has no such variable"),
    "a variable that holds no headers": (
        {"OTLP_HEADERS": "abcdef"},
        "otlp: headers_env: OTLP_HEADERS: these are no headers",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_headers_are_a_matter_of_configuration(tmp_path: Path, name: str) -> None:
    """What is wrong with the variable is told at the start, without what it holds."""
    environ, message = WRONG[name]
    with watched(tmp_path) as lab:
        otlp = {"endpoint": "http://127.0.0.1:1", "headers_env": "OTLP_HEADERS"}
        config = lab.configure(lab.target("prod"), otlp=otlp)
        with running_agent(lab.folder, "--config", str(config), environ=environ) as running:
            assert running.process.wait(60) == 78
            assert message in running.until(None)["event"]  # type: ignore[arg-type]  # a line that is no event
