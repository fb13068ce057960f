"""The `tcp` check's judgement: each way in which a connection fails, and their neighbours."""

import pytest

from imdoctor.net.connect import Connect, Icmp, TcpInfo
from imdoctor.net.machine import Route
from imdoctor_checks.observations import TcpSeen
from imdoctor_checks.tcp import Tcp, worth_trying
from tests.checks.judging import codes, declared, findings

A, B, C, SIX = "43.141.10.1", "43.141.10.2", "43.141.10.3", "2402:4e00::10"


def one(address: str = A, error: str | None = None, seconds: float | None = None, **more: object) -> Connect:
    """Return one connect."""
    took = 0.01 if error is None and seconds is None else seconds
    return Connect(address=address, port=443, error=error, seconds=took, **more)  # type: ignore[arg-type]  # fields of Connect


def icmp(kind: int, code: int, sender: str = "10.0.0.1", family: int = 4) -> Icmp:
    """Return an ICMP message."""
    return Icmp(family=family, type=kind, code=code, sender=sender)


def lossy(address: str = A) -> Connect:
    """Return a connect whose SYN was sent again."""
    return one(address, info=TcpInfo(retransmits=1))


ROWS = [
    pytest.param([one()], [], id="reached"),
    pytest.param([one(error="ECONNREFUSED")], ["tcp.refused"], id="refused by a reset"),
    pytest.param(
        [one(error="ECONNREFUSED", icmp=icmp(3, 3, A))], ["tcp.refused"], id="port unreachable, says the target"
    ),
    pytest.param(
        [one(error="ECONNREFUSED", icmp=icmp(3, 3))], ["tcp.prohibited"], id="port unreachable, says somebody else"
    ),
    pytest.param([one(error="timeout", waited=5.0)], ["tcp.timeout"], id="silence"),
    pytest.param([one(error="timeout", local_drops=0)], ["tcp.timeout"], id="silence, nothing dropped here"),
    pytest.param([one(error="timeout", local_drops=1)], ["tcp.prohibited"], id="silence, dropped here"),
    pytest.param([one(error="EHOSTUNREACH", icmp=icmp(3, 1))], ["tcp.unreachable"], id="host unreachable"),
    pytest.param([one(error="ENETUNREACH")], ["tcp.unreachable"], id="no route"),
    pytest.param([one(error="EHOSTUNREACH", icmp=icmp(3, 8))], ["tcp.unreachable"], id="code 8 is no prohibition"),
    pytest.param([one(error="ENETUNREACH", icmp=icmp(3, 9))], ["tcp.prohibited"], id="code 9"),
    pytest.param([one(error="EHOSTUNREACH", icmp=icmp(3, 10))], ["tcp.prohibited"], id="code 10"),
    pytest.param([one(error="EHOSTUNREACH", icmp=icmp(3, 13))], ["tcp.prohibited"], id="code 13"),
    pytest.param([one(SIX, "EACCES", icmp=icmp(1, 1, family=6))], ["tcp.prohibited"], id="IPv6 code 1"),
    pytest.param([one(SIX, "EHOSTUNREACH", icmp=icmp(1, 3, family=6))], ["tcp.unreachable"], id="IPv6 code 3"),
    pytest.param([one(error="EPERM")], ["tcp.prohibited"], id="not permitted here"),
    pytest.param([one(error="EADDRNOTAVAIL")], ["tcp.local-exhausted"], id="no local port"),
    pytest.param([one(error="EMFILE")], ["tcp.local-exhausted"], id="no file descriptor"),
    pytest.param([one(reset_after=0.01)], ["tcp.reset"], id="reset before a byte was sent"),
    pytest.param(
        [one(error="ECONNREFUSED"), one(B, "timeout")], ["tcp.refused", "tcp.timeout"], id="each address its own way"
    ),
    pytest.param([one(), one(B, "timeout")], ["tcp.partial"], id="one of two"),
    pytest.param([one(), one(SIX, "timeout")], ["tcp.ipv6-broken"], id="all of IPv6"),
    pytest.param([one(A, "timeout"), one(SIX)], ["tcp.ipv4-broken"], id="all of IPv4"),
    pytest.param([one(), one(B, "timeout"), one(SIX, "timeout")], ["tcp.partial"], id="all of IPv6 and some of IPv4"),
    pytest.param([one(seconds=1.0)], [], id="1 s"),
    pytest.param([one(seconds=1.1), one(seconds=1.2)], ["tcp.slow"], id="over 1 s, twice"),
    pytest.param([one(seconds=1.1), one(seconds=0.1)], [], id="over 1 s, once"),
    pytest.param([lossy(), one(), one(), one(), one()], [], id="one SYN of five lost"),
    pytest.param([lossy(), lossy(), one(), one(), one()], ["tcp.lossy"], id="two SYNs of five lost"),
    pytest.param([one(error="ECONNREFUSED"), one()], ["tcp.intermittent"], id="refused, then accepted"),
    pytest.param([one(error="ECONNREFUSED"), one(error="ECONNREFUSED")], ["tcp.refused"], id="refused twice"),
]


@pytest.mark.parametrize(("connects", "expected"), ROWS)
def test_judgement(connects: list[Connect], expected: list[str]) -> None:
    """Each code, and its neighbours."""
    assert codes(Tcp(), TcpSeen(connects=tuple(connects))) == expected


def test_every_code_has_a_row() -> None:
    """No code of the check goes without a row."""
    named, all_of_them = declared(Tcp(), ROWS)
    assert named == all_of_them


def test_an_address_without_a_route_is_unreachable() -> None:
    """Where the kernel has no route, the lack of a source address is not taken for a lack of ports."""
    routes = (Route(to=SIX, source=None, error="EADDRNOTAVAIL"),)
    seen = TcpSeen(routes=routes, connects=(one(SIX, "EADDRNOTAVAIL"),))
    assert codes(Tcp(), seen) == ["tcp.unreachable"]


def test_findings_carry_address_and_evidence() -> None:
    """A failure names its address, how it was seen, and what was ruled out."""
    (finding,) = findings(Tcp(), TcpSeen(connects=(one(error="timeout", waited=5.0, attempts=2, local_drops=0),)))
    assert (finding.address, finding.ruled_out) == (A, ("tcp.prohibited",))
    assert finding.because == (f"{A} port 443: no answer to 2 SYNs in 5.0 s; this machine let every packet out",)


@pytest.mark.parametrize(
    ("errors", "tried"),
    [
        pytest.param({A: None, SIX: None}, (A, SIX), id="both families"),
        pytest.param({A: None, SIX: "ENETUNREACH"}, (A,), id="no route by IPv6"),
        pytest.param({A: "ENETUNREACH", SIX: "ENETUNREACH"}, (A, SIX), id="no route at all"),
        pytest.param({A: "EACCES", SIX: None}, (A, SIX), id="a prohibited route is tried"),
    ],
)
def test_families_without_a_route_are_left_out(errors: dict[str, str | None], tried: tuple[str, ...]) -> None:
    """A family without any route is left out, unless nothing would be left."""
    routes = [Route(to=to, source=None if error else "10.0.0.2", error=error) for to, error in errors.items()]
    assert worth_trying(routes) == tried
