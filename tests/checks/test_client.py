"""The `client` check: what the configuration says of the application, against steps 1 and 5 of the list."""

import asyncio

import pytest

from imdoctor.check import Context, Deadline, Finding, Settings
from imdoctor.config.model import Client as Told
from imdoctor.config.model import Endpoint
from imdoctor.net.machine import Machine
from imdoctor_checks.client import Client
from imdoctor_checks.observations import ClientSeen


def settings(told: Told) -> Settings:
    """Return settings that say this of the application."""
    return Settings(endpoint=Endpoint("im.example.com"), client=told)


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        pytest.param(Told(timeout=3.0), ["client.timeout-too-short"], id="3 s is too short"),
        pytest.param(Told(timeout=3.1), [], id="over 3 s is enough"),
        pytest.param(Told(keepalive=False), ["client.no-keepalive"], id="no keep-alive"),
        pytest.param(Told(keepalive=True), [], id="keep-alive"),
        pytest.param(Told(pool=1), ["client.no-pool"], id="a pool of one is none"),
        pytest.param(Told(pool=2), [], id="a pool of two"),
        pytest.param(
            Told(timeout=1, keepalive=False, pool=0),
            ["client.timeout-too-short", "client.no-keepalive", "client.no-pool"],
            id="everything at once",
        ),
    ],
)
def test_judgement(told: Told, codes: list[str]) -> None:
    """Each setting is judged by itself."""
    said = Client().judge(ClientSeen(), settings(told), {})
    assert [item.code for item in said if isinstance(item, Finding)] == codes


@pytest.mark.parametrize(("told", "skipped"), [(Told(), True), (Told(pool=5), False)])
def test_silence_is_skipped(told: Told, *, skipped: bool) -> None:
    """Where nothing is said of the application there is nothing to judge."""
    ctx = Context(settings=settings(told), machine=Machine(), deadline=Deadline.after(1))
    assert bool(asyncio.run(Client().observe(ctx)).skipped) is skipped
