"""The `dns` check's judgement: nameservers that fail, answers that are missing, answers that lie."""

import asyncio
from typing import Any

import pytest
from msgspec import structs

from imdoctor import Context, Observation
from imdoctor.check import Deadline
from imdoctor.net.connect import Connect
from imdoctor.net.handshake import Handshake
from imdoctor.net.lookup import Answer, ServerAnswers
from imdoctor.net.machine import Machine, SystemAnswer
from imdoctor.net.resolvers import ResolvConf
from imdoctor.net.stubs import Stub
from imdoctor_checks.dns import Dns, _timed_anew
from imdoctor_checks.observations import DnsSeen, Elsewhere, GatewayLook, Opinion, Series, TcpSeen, TlsAddress, TlsSeen
from tests.checks.judging import SETTINGS, codes, declared, findings

GOOD, LIE = "43.141.10.1", "43.141.10.99"
FIRST, SECOND, PUBLIC, STUB, STRANGER = "10.53.0.1", "10.53.0.2", "223.5.5.5", "127.0.0.53", "43.9.9.9"
INFO = {"dns.private-resolver", "dns.public-resolver"}


def answer(
    kind: str = "A", *addresses: str, rcode: str | None = "NOERROR", seconds: float | None = 0.01, **more: Any
) -> Answer:
    """Return one answer."""
    took = seconds if rcode else None
    return Answer(type=kind, rcode=rcode, addresses=addresses, seconds=took, **more)


def server(address: str = FIRST, *addresses: str, **more: Any) -> ServerAnswers:
    """Return a server that gives these addresses for A and none for AAAA, or fails both alike."""
    return ServerAnswers(server=address, a=answer("A", *addresses, **more), aaaa=answer("AAAA", **more))


def silent(address: str = FIRST) -> ServerAnswers:
    """Return a server that answers nothing."""
    return server(address, rcode=None, error="timeout", attempts=2)


def seen(*servers: ServerAnswers, used: tuple[str, ...] = (GOOD,), error: str | None = None, **more: Any) -> DnsSeen:
    """Return an observation in which the application sees ``used``."""
    told = {"system": SystemAnswer(addresses=used, error=error, seconds=0.01), "hosts_order": ("files", "dns"), **more}
    conf = ResolvConf(nameservers=tuple(item.server for item in servers))
    return DnsSeen(servers=servers, **{"resolv_conf": conf, **told})


def look(address: str, *, gateway: bool | None) -> GatewayLook:
    """Return what answers at an address."""
    return GatewayLook(address=address, gateway=gateway, error=None if gateway else "another certificate")


NOTHING: dict[str, Any] = {"used": (), "error": "EAI_AGAIN"}
SLOW = SystemAnswer(addresses=(GOOD,), seconds=0.5)

SEARCHED = SystemAnswer(addresses=(GOOD,))
BOTH_LOOKED = (look(LIE, gateway=False), look(GOOD, gateway=True))
ROWS = [
    pytest.param(seen(server(FIRST, GOOD)), [], id="healthy"),
    pytest.param(
        seen(server(FIRST, GOOD), used=(LIE,), system_absolute=SEARCHED, looks=BOTH_LOOKED),
        ["dns.hijacked"],
        id="the search list leads astray",
    ),
    pytest.param(
        seen(
            server(FIRST, GOOD), used=(LIE,), system_absolute=SEARCHED, looks=(look(LIE, gateway=None), BOTH_LOOKED[1])
        ),
        [],
        id="the search list leads to silence: nothing is proved",
    ),
    pytest.param(
        seen(server(FIRST, GOOD, lost=1), series=(Series(server=FIRST, outcomes=("timeout", "NOERROR")),), **NOTHING),
        ["dns.intermittent"],
        id="the servers answer now and then, the C library met the other times",
    ),
    pytest.param(seen(silent(), **NOTHING), ["dns.server-timeout:fail"], id="the only server is silent"),
    pytest.param(seen(silent(), server(SECOND, GOOD)), ["dns.server-timeout"], id="the first of two is silent"),
    pytest.param(
        seen(server(rcode=None, error="refused-port"), **NOTHING), ["dns.server-refused:fail"], id="nobody listens"
    ),
    pytest.param(seen(server(rcode="REFUSED"), **NOTHING), ["dns.server-refused:fail"], id="REFUSED"),
    pytest.param(seen(server(rcode="SERVFAIL"), **NOTHING), ["dns.servfail:fail"], id="SERVFAIL"),
    pytest.param(
        seen(ServerAnswers(server=FIRST, a=answer("A", GOOD), aaaa=answer("AAAA", rcode="SERVFAIL"))),
        [],
        id="SERVFAIL for AAAA alone",
    ),
    pytest.param(seen(server(rcode="NXDOMAIN"), used=(), error="EAI_NONAME"), ["dns.nxdomain"], id="NXDOMAIN"),
    pytest.param(seen(server(rcode="NXDOMAIN"), used=(GOOD,)), [], id="NXDOMAIN, but an address all the same"),
    pytest.param(seen(server(), used=(), error="EAI_NODATA"), ["dns.no-address"], id="an empty answer"),
    pytest.param(seen(server(FIRST, GOOD), **NOTHING), ["dns.no-address"], id="the C library alone fails"),
    pytest.param(seen(server(FIRST, GOOD, seconds=0.2)), [], id="200 ms"),
    pytest.param(seen(server(FIRST, GOOD, seconds=0.21)), ["dns.slow"], id="over 200 ms"),
    pytest.param(seen(server(FIRST, GOOD, seconds=0.3, again=0.1)), [], id="slow once"),
    pytest.param(
        seen(server(FIRST, GOOD), system=SLOW, system_again=SLOW), ["dns.slow"], id="the C library is slow twice"
    ),
    pytest.param(
        seen(server(FIRST, GOOD), system=SLOW, system_again=SystemAnswer(addresses=(GOOD,), seconds=0.1)),
        [],
        id="and once",
    ),
    pytest.param(
        seen(server(FIRST, GOOD), system=SLOW, system_again=structs.replace(SLOW, late=True)),
        [],
        id="and while this program itself was late",
    ),
    pytest.param(
        seen(server(truncated=True, tcp_error="refused-port"), **NOTHING),
        ["dns.tcp-blocked:fail"],
        id="truncated, TCP blocked, no address",
    ),
    pytest.param(
        seen(server(truncated=True, tcp_error="timeout")),
        ["dns.tcp-blocked"],
        id="truncated, TCP blocked, but an address",
    ),
    pytest.param(seen(server(FIRST, GOOD, truncated=True)), [], id="truncated, TCP works"),
    pytest.param(
        seen(server(FIRST, GOOD), hosts_entry=(GOOD,), looks=(look(GOOD, gateway=True),)),
        ["dns.hosts-override"],
        id="pinned, and right",
    ),
    pytest.param(
        seen(server(FIRST, GOOD), hosts_entry=(LIE,), used=(LIE,), looks=(look(LIE, gateway=False),)),
        ["dns.hosts-override:fail"],
        id="pinned, and wrong",
    ),
    pytest.param(
        seen(server(FIRST, GOOD), hosts_entry=(LIE,), hosts_order=("dns", "files")), [], id="pinned, but asked last"
    ),
    pytest.param(seen(server(FIRST, "10.1.1.1"), used=("10.1.1.1",)), ["dns.bogon-answer"], id="a private address"),
    pytest.param(seen(server(FIRST, "0.0.0.0"), used=("0.0.0.0",)), ["dns.bogon-answer"], id="a sinkhole"),
    pytest.param(
        seen(server(FIRST, "198.18.0.9"), used=("198.18.0.9",), looks=(look("198.18.0.9", gateway=True),)),
        ["dns.bogon-answer:info"],
        id="a fake address that answers as the gateway",
    ),
    pytest.param(
        seen(server(FIRST, GOOD), server(SECOND, "10.1.1.1")),
        ["dns.bogon-answer:warn"],
        id="a bogus address that is not used",
    ),
    pytest.param(
        seen(
            server(FIRST, LIE),
            server(SECOND, GOOD),
            used=(LIE,),
            looks=(look(LIE, gateway=False), look(GOOD, gateway=True)),
        ),
        ["dns.hijacked"],
        id="the answer in use lies",
    ),
    pytest.param(
        seen(server(FIRST, GOOD), server(SECOND, LIE), looks=(look(LIE, gateway=False), look(GOOD, gateway=True))),
        ["dns.servers-disagree"],
        id="another server lies",
    ),
    pytest.param(
        seen(server(FIRST, GOOD), server(SECOND, LIE), looks=(look(LIE, gateway=True), look(GOOD, gateway=True))),
        [],
        id="two mirrors",
    ),
    pytest.param(
        seen(
            server(FIRST, LIE),
            server(SECOND, GOOD),
            used=(LIE,),
            looks=(look(LIE, gateway=None), look(GOOD, gateway=True)),
        ),
        [],
        id="nothing answers there: not known to lie",
    ),
    pytest.param(
        seen(server(FIRST, GOOD, lost=1), series=(Series(server=FIRST, outcomes=("timeout", "NOERROR")),)),
        ["dns.intermittent"],
        id="answers now and then",
    ),
    pytest.param(
        seen(
            ServerAnswers(server=FIRST, a=answer("A", GOOD, lost=1), aaaa=answer("AAAA")),
            series=(Series(server=FIRST, outcomes=("NOERROR",)),),
        ),
        [],
        id="one datagram lost",
    ),
    pytest.param(
        seen(silent(), series=(Series(server=FIRST, outcomes=("NOERROR",)),)),
        ["dns.intermittent"],
        id="silent at first",
    ),
    pytest.param(
        seen(silent("127.0.0.1"), resolv_conf=ResolvConf(), **NOTHING),
        ["dns.no-resolver", "dns.stub-opaque"],
        id="no nameserver",
    ),
    pytest.param(
        seen(server("127.0.0.1", GOOD), resolv_conf=ResolvConf()), ["dns.stub-opaque"], id="no nameserver, one answers"
    ),
    pytest.param(seen(server(STUB, GOOD)), ["dns.stub-opaque"], id="a stub, nothing known behind it"),
    pytest.param(
        seen(server(STUB, GOOD), stubs=(Stub(address=STUB, upstreams=(FIRST,)),)), [], id="a stub, its upstreams known"
    ),
    pytest.param(seen(server(STRANGER, GOOD)), [], id="a public address that is in no table"),
]


@pytest.mark.parametrize(("observed", "expected"), ROWS)
def test_judgement(observed: DnsSeen, expected: list[str]) -> None:
    """Each code, and its neighbours; the resolvers' kinds are told of in every row and left out here."""
    assert [code for code in codes(Dns(), observed) if code not in INFO] == expected


def test_every_code_has_a_row() -> None:
    """No code of the check goes without a row."""
    named, all_of_them = declared(Dns(), ROWS)
    assert named | INFO | {"dns.egress-mismatch", "dns.egress-unknown"} == all_of_them  # the ways out: test_egress.py


NOT_OURS = Handshake(server_name="a", error="verify", verify_code=62, verify_message="hostname mismatch")
EXPIRED = Handshake(server_name="a", error="verify", verify_code=10, verify_message="expired")
NO_TLS = Handshake(server_name="a", error="not-tls")
CUT = Handshake(server_name="a", error="reset")
RIGHT = Elsewhere(opinion=Opinion(answers=server(PUBLIC, GOOD), looks=(look(GOOD, gateway=True),)))
SAME = Elsewhere(opinion=Opinion(answers=server(PUBLIC, LIE), looks=(look(LIE, gateway=False),)))
SILENT_TOO = Elsewhere(opinion=Opinion(answers=server(PUBLIC, GOOD), looks=(look(GOOD, gateway=None),)))


def shown(shake: Handshake, off_path: Elsewhere) -> dict[str, Observation]:
    """Return what the tls check saw at the address that the resolvers give."""
    return {"tls": TlsSeen(paths=(TlsAddress(address=LIE, handshake=shake),), elsewhere=off_path)}


def refused(error: str, off_path: Elsewhere) -> dict[str, Observation]:
    """Return what the tcp check saw there."""
    return {"tcp": TcpSeen(connects=(Connect(address=LIE, port=443, error=error),), elsewhere=off_path)}


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param(shown(NOT_OURS, RIGHT), ["dns.hijacked"], id="another's certificate"),
        pytest.param(shown(NO_TLS, RIGHT), ["dns.hijacked"], id="no TLS"),
        pytest.param(shown(EXPIRED, RIGHT), [], id="the service's own certificate, expired"),
        pytest.param(shown(CUT, RIGHT), [], id="cut off: whose address it is does not show"),
        pytest.param(shown(NOT_OURS, SAME), [], id="the public resolver says the same"),
        pytest.param(shown(NOT_OURS, SILENT_TOO), [], id="the public resolver's address is silent"),
        pytest.param(shown(NOT_OURS, Elsewhere()), [], id="no public resolver was asked"),
        pytest.param(refused("ECONNREFUSED", RIGHT), ["dns.hijacked"], id="refused"),
        pytest.param(refused("timeout", RIGHT), [], id="silent: a mirror may be out of reach"),
    ],
)
def test_a_public_resolver_tells_a_lie_from_a_mirror(others: dict[str, Observation], expected: list[str]) -> None:
    """One resolver's answer is a lie only where its address shows a stranger and another's shows the gateway."""
    told = codes(Dns(), seen(server(FIRST, LIE), used=(LIE,)), others=others)
    assert [code for code in told if code not in INFO] == expected


@pytest.mark.parametrize(
    ("first", "again", "asked", "taken"),
    [(0.01, 0.001, 0, 0.01), (0.9, 0.004, 1, 0.004), (0.9, 0.95, 1, 0.9), (0.9, None, 1, 0.9)],
    ids=["quick", "slow by this program's own fault", "slow again", "silent the second time"],
)
def test_a_late_program_asks_once_more(
    monkeypatch: pytest.MonkeyPatch, first: float, again: float | None, asked: int, taken: float
) -> None:
    """What seems slow while this program was late is asked once more, and the quicker look counts."""
    count = 0

    async def ask_servers(*_: object) -> tuple[ServerAnswers, ...]:
        nonlocal count
        count += 1
        return (server(FIRST, GOOD, seconds=again) if again else silent(),)

    monkeypatch.setattr("imdoctor_checks.dns.ask_servers", ask_servers)
    ctx = Context(settings=SETTINGS, machine=Machine(), deadline=Deadline.after(10))
    settled = asyncio.run(_timed_anew(ctx, server(FIRST, GOOD, seconds=first), 0.2))
    assert (count, settled.a.seconds) == (asked, taken)


def test_what_tcp_says_of_a_silent_server_is_evidence() -> None:
    """That UDP alone is silent is told beside the finding."""
    mute = server(FIRST, rcode=None, error="timeout", attempts=2, over_tcp="NOERROR")
    (finding,) = (one for one in findings(Dns(), seen(mute, **NOTHING)) if one.code == "dns.server-timeout")
    assert "over TCP: NOERROR" in finding.because[0]


@pytest.mark.parametrize(
    ("address", "code", "owner"),
    [
        (PUBLIC, "dns.public-resolver", "AliDNS"),
        ("183.60.83.19", "dns.private-resolver", "Tencent Cloud"),
        (FIRST, "dns.private-resolver", "its owner is not in the table"),
    ],
)
def test_resolvers_are_told_apart(address: str, code: str, owner: str) -> None:
    """A resolver is public or private by the table first: some that are private look public."""
    told = {finding.code: finding.data for finding in findings(Dns(), seen(server(address, GOOD)))}
    assert told[code] == {"server": address, "owner": owner, "kind": told[code]["kind"]}
