"""The `proxy` check's judgement: the answers to CONNECT."""

from typing import Any

import pytest
from msgspec import structs

from imdoctor.net.connect import Connect
from imdoctor.net.proxy import Tunnel
from imdoctor_checks.observations import ProxySeen
from imdoctor_checks.proxy import ProxyCheck
from tests.checks.judging import codes, declared, findings

URL = "http://10.80.0.1:3128"


def through(error: str | None = None, status: int | None = None, *, used: bool = True, **more: Any) -> ProxySeen:
    """Return what came of CONNECT."""
    return ProxySeen(
        proxy=URL, source="https_proxy", used=used, tunnel=Tunnel(proxy=URL, status=status, error=error, **more)
    )


DEAD = Connect(address="10.80.0.1", port=3128, error="ECONNREFUSED")
ROWS = [
    pytest.param(ProxySeen(skipped="none"), [], id="no proxy"),
    pytest.param(through(status=200), ["proxy.in-use"], id="good"),
    pytest.param(through("connect", connect=DEAD), ["proxy.in-use", "proxy.unreachable"], id="refused"),
    pytest.param(through("resolve"), ["proxy.in-use", "proxy.unreachable"], id="its name has no address"),
    pytest.param(through("refused", 407, authenticate="Basic"), ["proxy.in-use", "proxy.auth-required"], id="407"),
    pytest.param(through("refused", 403), ["proxy.in-use", "proxy.denied"], id="403"),
    pytest.param(through("refused", 499), ["proxy.in-use", "proxy.denied"], id="499"),
    pytest.param(through("refused", 500), ["proxy.in-use", "proxy.upstream-failed"], id="500"),
    pytest.param(through("refused", 503), ["proxy.in-use", "proxy.upstream-failed"], id="503"),
    pytest.param(through("garbage"), ["proxy.in-use", "proxy.broken"], id="rubbish"),
    pytest.param(
        through("unsupported-scheme"), ["proxy.in-use"], id="a kind that is not spoken to: unknown, not broken"
    ),
    pytest.param(through("timeout"), ["proxy.in-use", "proxy.broken"], id="silence"),
    pytest.param(through("closed"), ["proxy.in-use", "proxy.broken"], id="closed"),
    pytest.param(through(status=200, used=False), ["proxy.required"], id="bypassed, and it would get through"),
    pytest.param(through("refused", 403, used=False), [], id="bypassed, and it would not"),
]


@pytest.mark.parametrize(("observed", "expected"), ROWS)
def test_judgement(observed: ProxySeen, expected: list[str]) -> None:
    """Each code, and its neighbours."""
    assert codes(ProxyCheck(), observed) == expected


@pytest.mark.parametrize(
    ("direct", "met"),
    [("timeout", "silence"), ("ECONNREFUSED", "ECONNREFUSED"), (None, "answers")],
)
def test_the_way_without_the_proxy_is_told(direct: str | None, met: str) -> None:
    """A proxy that fails is told beside what the direct way meets."""
    look = Connect(address="43.141.10.1", port=443, error=direct)
    seen = structs.replace(through("refused", 403), direct=look)
    denied = next(one for one in findings(ProxyCheck(), seen) if one.code == "proxy.denied")
    assert denied.because[-1] == f"without the proxy, 43.141.10.1 port 443: {met}"


def test_every_code_has_a_row() -> None:
    """No code of the check goes without a row."""
    named, all_of_them = declared(ProxyCheck(), ROWS)
    assert named == all_of_them
