"""The `host` check: no network and no route told from a fault of the target's alone."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from imdoctor.check import Context, Deadline, Finding, Observation, Settings
from imdoctor.config.model import Endpoint
from imdoctor.net.connect import Connect
from imdoctor.net.lookup import Answer, ServerAnswers
from imdoctor.net.machine import Link, Machine, Route, SystemAnswer
from imdoctor.net.resolvers import ResolvConf
from imdoctor_checks.host import Host
from imdoctor_checks.observations import DnsSeen, HostSeen

SETTINGS = Settings(endpoint=Endpoint("im.example.com"))
UP, DOWN = (Link(name="eth0", state="up"),), (Link(name="eth0", state="down"),)
ROUTED = (Route(to="223.5.5.5", source="10.0.0.2", error=None),)
UNROUTED = (
    Route(to="223.5.5.5", source=None, error="ENETUNREACH"),
    Route(to="10.0.0.53", source=None, error="ENETUNREACH"),
)
DNS_ANSWERS = DnsSeen(
    servers=(ServerAnswers(server="127.0.0.1", a=Answer(type="A", rcode="NOERROR"), aaaa=Answer(type="AAAA")),)
)


def control(error: str | None, address: str = "10.0.0.53") -> Connect:
    """Return what came of one control."""
    return Connect(address=address, port=443, error=error)


def silent(**more: Any) -> HostSeen:
    """Return the observation of a host to which nothing answered."""
    told = {"links": UP, "routes": ROUTED, "answered": False, "controls": (control("timeout"),), **more}
    return HostSeen(**told)


@pytest.mark.parametrize(
    ("seen", "others", "codes"),
    [
        pytest.param(HostSeen(links=UP, routes=ROUTED), {}, [], id="healthy"),
        pytest.param(silent(), {}, ["host.offline"], id="nothing answers anything"),
        pytest.param(silent(controls=()), {}, ["host.offline"], id="no control could be asked"),
        pytest.param(silent(controls=(control("timeout"), control(None))), {}, [], id="one control answers"),
        pytest.param(silent(controls=(control("ECONNREFUSED"),)), {}, [], id="a refusal is an answer"),
        pytest.param(
            silent(controls=(control("ECONNREFUSED"),), gateways=("10.0.0.53",)),
            {},
            ["host.offline"],
            id="the gateway's is none",
        ),
        pytest.param(
            silent(controls=(control(None),), gateways=("10.0.0.53",)), {}, [], id="a gateway that accepts is one"
        ),
        pytest.param(silent(routes=UNROUTED), {}, ["host.no-route"], id="an interface is up, no route"),
        pytest.param(silent(routes=UNROUTED, links=DOWN), {}, ["host.offline"], id="no interface is up, no route"),
        pytest.param(silent(routes=UNROUTED + ROUTED), {}, ["host.offline"], id="one address has a route"),
        pytest.param(
            HostSeen(links=UP, routes=ROUTED, resolv_conf=ResolvConf(error="ENOENT")),
            {},
            ["host.no-resolv-conf"],
            id="no resolv.conf",
        ),
        pytest.param(
            HostSeen(links=UP, routes=ROUTED, resolv_conf=ResolvConf(error="ENOENT")),
            {"dns": DNS_ANSWERS},
            [],
            id="answered all the same",
        ),
        pytest.param(
            HostSeen(links=UP, routes=ROUTED, resolv_conf=ResolvConf(error="ENOENT")),
            {"dns": DnsSeen(skipped="the endpoint is an address")},
            [],
            id="no name to resolve",
        ),
    ],
)
def test_judgement(seen: HostSeen, others: dict[str, Observation], codes: list[str]) -> None:
    """Each verdict, and its neighbours on the other side of every comparison; replayed from JSON alike."""
    replayed = msgspec.json.decode(msgspec.json.encode(seen), type=HostSeen)
    for one in (seen, replayed):
        assert [item.code for item in Host().judge(one, SETTINGS, others) if isinstance(item, Finding)] == codes


async def no_name(host: str, port: int) -> SystemAnswer:
    """Answer as a C library without any resolver."""
    del host, port
    return SystemAnswer(error="EAI_AGAIN")


def unreachable(to: str) -> Route:
    """Have no route."""
    return Route(to=to, source=None, error="ENETUNREACH")


def test_controls_are_asked_when_nothing_answers(tmp_path: Path) -> None:
    """A host to which nothing answers asks each nameserver and the public resolvers on TCP 443, and its verdict is offline."""
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 10.0.0.53\nnameserver 127.0.0.1\n")
    asked: list[str] = []

    def dial(address: str, port: int) -> tuple[str, int]:
        asked.append(f"{address}:{port}")
        return "127.0.0.1", 1 if port == 443 else 2

    machine = Machine(
        resolv_conf=resolv_conf,
        dial=dial,
        resolve=no_name,
        route=unreachable,
        links=tuple,
        gateways=lambda: ("10.0.0.53", "198.18.0.9"),
        controls=("198.18.0.9",),
    )
    ctx = Context(settings=SETTINGS, machine=machine, deadline=Deadline.after(5))
    seen = asyncio.run(Host().observe(ctx))
    assert {address for address in asked if address.endswith(":443")} == {"10.0.0.53:443", "198.18.0.9:443"}
    assert [item.code for item in Host().judge(seen, SETTINGS, {}) if isinstance(item, Finding)] == ["host.offline"]
    planned = {f"{egress.to}:{egress.port}" for egress in Host().plan(ctx)}
    assert planned == {"10.0.0.53:443", "198.18.0.9:443"}
