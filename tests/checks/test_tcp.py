"""The `tcp` check's judgement: each way in which a connection fails, and their neighbours."""

from typing import Any

import pytest

from imdoctor import Observation
from imdoctor.net.call import Reach
from imdoctor.net.connect import Connect, Icmp, TcpInfo
from imdoctor.net.lookup import Answer, ServerAnswers
from imdoctor.net.machine import Route
from imdoctor_checks.observations import BackupLook, Elsewhere, Opinion, ProbeSeen, TcpSeen, TlsAddress, TlsSeen
from imdoctor_checks.tcp import Tcp, worth_trying
from tests.checks.judging import codes, declared, findings

A, B, C, SIX = "43.141.10.1", "43.141.10.2", "43.141.10.3", "2402:4e00::10"


def one(address: str = A, error: str | None = None, seconds: float | None = None, **more: Any) -> Connect:
    """Return one connect."""
    took = 0.01 if error is None and seconds is None else seconds
    return Connect(address=address, port=443, error=error, seconds=took, **more)


def answers(server: str, *addresses: str) -> ServerAnswers:
    """Return what a nameserver answers."""
    return ServerAnswers(
        server=server, a=Answer(type="A", rcode="NOERROR", addresses=addresses), aaaa=Answer(type="AAAA")
    )


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
    (finding,) = findings(Tcp(), TcpSeen(connects=(SILENCE,)))
    assert (finding.address, finding.ruled_out) == (A, ("tcp.prohibited",))
    assert finding.because[0] == f"{A} port 443: no answer to 2 SYNs in 5.0 s; this machine let every packet out"


SILENCE = one(error="timeout", waited=5.0, attempts=2, local_drops=0)
CONTROL = Connect(address="223.5.5.5", port=443, seconds=0.01)
MUTE = Connect(address="223.5.5.5", port=443, error="timeout")
SAME = Opinion(answers=answers("223.5.5.5", A))
OTHER = Opinion(answers=answers("223.5.5.5", B))


@pytest.mark.parametrize(
    ("off_path", "confidence", "left_open"),
    [
        pytest.param(
            Elsewhere(controls=(CONTROL,), opinion=SAME), "likely", [], id="a control answers, and so it is the address"
        ),
        pytest.param(
            Elsewhere(controls=(CONTROL,), named=False), "likely", [], id="a control answers, and no name is in play"
        ),
        pytest.param(
            Elsewhere(controls=(MUTE,), opinion=SAME), "possible", ["whole network"], id="nothing else answers"
        ),
        pytest.param(
            Elsewhere(controls=(CONTROL,), opinion=OTHER), "possible", ["whether"], id="another address by another word"
        ),
        pytest.param(
            Elsewhere(controls=(CONTROL,), barred=True), "possible", ["whether"], id="nobody else may be asked"
        ),
        pytest.param(Elsewhere(barred=True), "possible", ["whole network", "whether"], id="nor does anything answer"),
        pytest.param(
            Elsewhere(backup=BackupLook(name="b", connect=CONTROL), opinion=SAME),
            "likely",
            [],
            id="the backup domain answers",
        ),
    ],
)
def test_silence_is_as_sure_as_what_was_seen_elsewhere(
    off_path: Elsewhere, confidence: str, left_open: list[str]
) -> None:
    """Silence at the target is likely its own only where something else answers and the address is right; else it says what is open."""
    (finding,) = findings(Tcp(), TcpSeen(connects=(SILENCE,), elsewhere=off_path))
    unsettled = [line for line in finding.because if line.startswith("not settled")]
    assert finding.confidence == confidence
    assert len(unsettled) == len(left_open)
    assert all(word in line for word, line in zip(left_open, unsettled, strict=True))
    assert ("host.offline" in finding.ruled_out) is any("answers" in line for line in finding.because)
    assert any("--no-third-party" in line for line in finding.because) is off_path.barred


def test_a_slow_path_is_not_called_lossy() -> None:
    """A SYN sent again while its answer was on the way is no loss: the round trip itself takes that long."""
    late = one(seconds=1.2, info=TcpInfo(rtt=1.2, retransmits=1))
    assert codes(Tcp(), TcpSeen(connects=(late,) * 5)) == ["tcp.slow"]


def test_other_checks_connections_count() -> None:
    """An address that refuses another check's connection and accepts this one's does so now and then."""
    others: dict[str, Observation] = {
        "tls": TlsSeen(paths=(TlsAddress(address=A, refused=(one(error="ECONNREFUSED"),), connect=one()),))
    }
    assert codes(Tcp(), TcpSeen(connects=(one(),)), others=others) == ["tcp.intermittent"]
    others = {"probe": ProbeSeen(earlier=(Reach(connects=(one(error="ECONNRESET"),)),))}
    assert codes(Tcp(), TcpSeen(connects=(one(),)), others=others) == ["tcp.intermittent"]
    refused = TcpSeen(connects=(one(error="ECONNREFUSED"), one(error="ECONNREFUSED")))
    others = {"probe": ProbeSeen(reach=Reach(address=A, connects=(one(),)))}
    assert codes(Tcp(), refused, others=others) == ["tcp.intermittent"]
    others = {"probe": ProbeSeen(reach=Reach(address=B, connects=(one(B),)))}
    assert codes(Tcp(), refused, others=others) == ["tcp.refused"]


LOST = one(seconds=1.008, info=TcpInfo(rtt=0.001, retransmits=1))
ASKED_TWICE = one(seconds=2.033, attempts=2, info=TcpInfo(rtt=0.001, retransmits=2))


@pytest.mark.parametrize(
    ("own", "tls", "probe", "expected"),
    [
        pytest.param(one(), LOST, ASKED_TWICE, ["tcp.lossy"], id="the others' SYNs were lost"),
        pytest.param(one(), LOST, one(seconds=0.002), [], id="one of theirs"),
        pytest.param(LOST, LOST, LOST, ["tcp.slow"], id="one connection for all three"),
    ],
)
def test_other_checks_lost_syns_count(own: Connect, tls: Connect, probe: Connect, expected: list[str]) -> None:
    """Which check meets a SYN that is lost is chance: two of them are a lossy path. One connection counts once."""
    others: dict[str, Observation] = {
        "tls": TlsSeen(paths=(TlsAddress(address=A, connect=tls),)),
        "probe": ProbeSeen(reach=Reach(address=A, connects=(probe,))),
    }
    assert codes(Tcp(), TcpSeen(connects=(own,)), others=others) == expected


@pytest.mark.parametrize(("error", "code"), [("EACCES", "tcp.prohibited"), ("EADDRNOTAVAIL", "tcp.unreachable")])
def test_an_address_without_a_route_is_judged_by_its_error(error: str, code: str) -> None:
    """A prohibit route is a rule and says so; an address that no source fits has no route, and ports are not exhausted."""
    seen = TcpSeen(routes=(Route(to=A, source=None, error=error),), connects=(one(error=error), one(error=error)))
    assert codes(Tcp(), seen) == [code]


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
