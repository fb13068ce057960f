"""Step 4's judgement: both ends, what a wrong one costs, and the picture of the ways out."""

from typing import Any

import pytest
from msgspec import structs

from imdoctor import Measurement, Note
from imdoctor.net.echo import Echo
from imdoctor.net.egress import NO_TIME, Exit
from imdoctor.net.geo import Told
from imdoctor.net.lookup import Answer, ServerAnswers
from imdoctor.net.machine import SystemAnswer
from imdoctor.net.resolvers import ResolvConf
from imdoctor.net.stubs import Stub
from imdoctor.net.subnet import SubnetAnswer
from imdoctor_checks.dns import Dns
from imdoctor_checks.observations import DnsSeen, EgressSeen, GatewayLook, MirrorCost
from imdoctor_checks.verdicts.costs import price
from imdoctor_checks.verdicts.dns import in_doubt
from imdoctor_checks.verdicts.egress import compare, host_ends
from tests.checks.judging import SETTINGS, findings

RESOLVER, STUB, PUBLIC = "10.53.0.1", "127.0.0.1", "223.5.5.5"
HERE, NEXT, AWAY, THERE = "119.147.10.2", "119.147.20.2", "218.6.200.2", "120.196.0.2"
SIX = "2402:4e00:2000::1"
NEAR, FAR = "43.141.10.2", "43.141.10.1"
ECHO = "https://myip.ipip.net/json"
PLACES = (
    Told(address=HERE, source="mmdb", country="CN", region="广东省", city="深圳市", isp="电信", asn=4134),
    Told(address=NEXT, source="mmdb", country="CN", region="广东", isp="China Telecom"),
    Told(address=AWAY, source="mmdb", country="CN", region="四川省", isp="电信"),
    Told(address=THERE, source="mmdb", country="CN", region="广东省", isp="移动", asn=9808),
)


def way(via: str, *addresses: str, source: str = "TXT whoami.ds.akahelp.net", **more: Any) -> Exit:
    """Return a way out that a source shows, or not."""
    error = None if addresses else "timeout"
    seconds = 0.0121 if addresses else None
    return Exit(
        via=via, source=source, addresses=addresses, samples=len(addresses), seconds=seconds, error=error, **more
    )


def echo(address: str | None, resolver: str | None = None, via: str = "direct") -> Echo:
    """Return what an echo shows."""
    return Echo(
        url=ECHO,
        via=via,
        family=4,
        address=address,
        resolver=resolver,
        seconds=0.05,
        error=None if address else "timeout",
    )


def ways(*addresses: str, host: tuple[str, ...] = (HERE,), server: str = RESOLVER, **more: Any) -> EgressSeen:
    """Return the ways out of a resolver and of this host."""
    exits = (way(server, *addresses), way("direct", *host, source="A whoami.akamai.net@ns1-1.akamaitech.net", family=4))
    return EgressSeen(**{"exits": exits, "places": PLACES, **more})


def seen(egress: EgressSeen | None, server: str = RESOLVER, **more: Any) -> DnsSeen:
    """Return an observation of one nameserver that answers."""
    answers = ServerAnswers(
        server=server,
        a=Answer(type="A", rcode="NOERROR", addresses=(FAR,), seconds=0.0034),
        aaaa=Answer(type="AAAA", rcode="NOERROR", seconds=0.003),
    )
    conf = ResolvConf(nameservers=(server,))
    told = {"system": SystemAnswer(addresses=(FAR,), seconds=0.01), "hosts_order": ("files", "dns"), **more}
    return DnsSeen(resolv_conf=conf, servers=(answers,), egress=egress, **told)


def cost(given: tuple[float | None, ...], own: tuple[float | None, ...]) -> MirrorCost:
    """Return connects in turn."""
    return MirrorCost(server=RESOLVER, given=FAR, own=NEAR, given_seconds=given, own_seconds=own)


COSTLY = cost((0.052, 0.05, 0.055, 0.051, 0.053), (0.014, 0.013, 0.012, 0.014, 0.013))
GATEWAY = GatewayLook(address=NEAR, gateway=True, error="x")
SUBNET = SubnetAnswer(server=PUBLIC, subnet="119.147.10.0/24", scope=24, addresses=(NEAR,))
ROWS = [
    pytest.param(seen(ways(NEXT)), [], "same", id="same ISP and region"),
    pytest.param(seen(ways(HERE, places=(), echoes=(echo(HERE),))), [], "same", id="one address"),
    pytest.param(seen(ways(HERE)), ["dns.egress-unknown:info"], "unknown", id="one address, by DNS alone"),
    pytest.param(seen(ways(THERE, host=(THERE,), echoes=(echo(None),))), ["dns.egress-unknown:info"], "unknown", id="no echo answers"),
    pytest.param(seen(ways(THERE, host=(THERE,), echoes=(echo(HERE),))), ["dns.egress-mismatch:warn"], "different", id="an echo differs"),
    pytest.param(seen(ways(THERE, host=(THERE, SIX))), ["dns.egress-unknown:info"], "unknown", id="one address of one family"),
    pytest.param(seen(ways(AWAY)), ["dns.egress-mismatch:warn"], "same ISP only", id="another region"),
    pytest.param(seen(ways(THERE)), ["dns.egress-mismatch:warn"], "different", id="another ISP"),
    pytest.param(seen(ways(NEXT, THERE)), ["dns.egress-mismatch:warn"], "different", id="one of two doors"),
    pytest.param(seen(ways(THERE, host=(HERE, THERE))), [], "same", id="this host has that door as well"),
    pytest.param(seen(ways(THERE, host=(HERE, SIX))), ["dns.egress-mismatch:warn"], "different", id="the other family is nowhere"),
    pytest.param(seen(ways(THERE, host=(SIX,))), ["dns.egress-unknown:info"], "unknown", id="this host has the other family alone"),
    pytest.param(seen(ways(THERE, server=PUBLIC), PUBLIC), ["dns.egress-mismatch:info"], "different", id="a public resolver"),
    pytest.param(
        seen(ways(THERE, server=PUBLIC), PUBLIC, costs=(structs.replace(COSTLY, server=PUBLIC),), looks=(GATEWAY,)),
        ["dns.egress-mismatch:warn"],
        "different",
        id="a public resolver that costs",
    ),
    pytest.param(
        seen(ways(THERE, server=STUB), STUB, stubs=(Stub(address=STUB, program="dnsmasq", upstreams=(PUBLIC,), told_by="x"),)),
        ["dns.egress-mismatch:info"],
        "different",
        id="a public resolver behind a stub",
    ),
    pytest.param(
        seen(ways(exits=(way(RESOLVER, THERE, subnets=("119.147.10.0/24",)), way("direct", HERE)))),
        ["dns.egress-mismatch:info"],
        "different",
        id="the host's subnet is sent along",
    ),
    pytest.param(
        seen(ways(exits=(way(RESOLVER, THERE, subnets=("120.196.0.0/24", "rubbish")), way("direct", HERE)))),
        ["dns.egress-mismatch:warn"],
        "different",
        id="another's subnet is sent along",
    ),
    pytest.param(seen(ways()), ["dns.egress-unknown:info"], "unknown", id="no way out is shown"),
    pytest.param(seen(ways(THERE, host=())), ["dns.egress-unknown:info"], "unknown", id="this host's is not shown"),
    pytest.param(seen(ways(THERE, places=())), ["dns.egress-unknown:info"], "unknown", id="nothing tells where it is"),
    pytest.param(seen(EgressSeen(barred=True)), ["dns.egress-unknown:info"], "unknown", id="third parties are barred"),
    pytest.param(seen(None), [], None, id="not looked at"),
]  # fmt: skip


@pytest.mark.parametrize(("observed", "expected", "word"), ROWS)
def test_verdicts(observed: DnsSeen, expected: list[str], word: str | None) -> None:
    """The same, another region or ISP, not known: each is told as such, and what is not known fails nothing."""
    found = [one for one in findings(Dns(), observed) if one.code.startswith("dns.egress")]
    assert [f"{one.code}:{one.severity or Dns.findings[one.code].severity}" for one in found] == expected
    if observed.egress is not None:
        assert compare(observed.egress, observed.servers[0].server).word == word
    for one in found:
        if one.code == "dns.egress-mismatch":
            assert one.data["verdict"] == word
            assert (one.data["resolver_egress"], one.data["host_egress"]) == (one.data["places"][-1].address, HERE)


def test_a_dead_nameserver_is_not_judged() -> None:
    """That one which answers nothing leaves nowhere goes without saying."""
    dead = Answer(type="A", error="timeout")
    observed = structs.replace(seen(ways()), servers=(ServerAnswers(server=RESOLVER, a=dead, aaaa=dead),))
    assert [one.code for one in findings(Dns(), observed) if one.code.startswith("dns.egress")] == []


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (COSTLY, 0.038),
        (cost((0.052, 0.05, 0.055), (0.014, 0.013, None)), None),
        (cost((0.052, 0.05, 0.055, None), (0.014, 0.013, 0.015, None)), 0.038),
        (cost((0.014, 0.05, 0.05, 0.05, 0.05), (0.013, 0.015, 0.013, 0.013, 0.013)), None),
        (cost((0.0102, 0.0103, 0.0102), (0.01, 0.0101, 0.01)), None),
        (cost((0.101, 0.102, 0.103), (0.1, 0.1, 0.1)), None),
        (cost((0.01, 0.01, 0.01), (0.05, 0.05, 0.05)), None),
        (cost((), ()), None),
    ],
    ids=["38 ms", "too few pairs", "pairs with a failure", "overlapping", "less than 1 ms", "less than a tenth", "nearer", "none"],
)  # fmt: skip
def test_the_price(measured: MirrorCost, expected: float | None) -> None:
    """It is told only where no sample contradicts it, and where a call would notice."""
    found = price(measured)
    assert (None if found is None else round(found, 6)) == expected


SLIGHT, DEAD, SHORT = (
    cost((0.02,) * 5, (0.0201,) * 5),
    cost((None,) * 5, (0.02,) * 5),
    cost((0.02,) * 2, (0.01,) * 2),
)
YES, NO, SILENT = (GATEWAY,), (structs.replace(GATEWAY, gateway=False),), (structs.replace(GATEWAY, gateway=None),)


@pytest.mark.parametrize(
    ("measured", "looks", "subnet", "told", "confidence"),
    [
        (COSTLY, YES, SUBNET, "it costs 38.0 ms a connection (37.0 ms to 43.0 ms): 43.141.10.1 52.0 ms (50", "certain"),
        (SLIGHT, YES, SUBNET, "no measurable cost: 43.141.10.1 20.0 ms", "likely"),
        (DEAD, YES, SUBNET, "43.141.10.1 or 43.141.10.2 could not be connected to", "likely"),
        (SHORT, YES, SUBNET, "there was no time left to connect to 43.141.10.1 and", "likely"),
        (COSTLY, NO, SUBNET, "43.141.10.2 does not answer as the IM gateway (x)", "likely"),
        (COSTLY, SILENT, SUBNET, "nothing answers at 43.141.10.2 (x)", "likely"),
        (COSTLY, (), SUBNET, "there was no time left to see what answers at 43.141.10.2", "likely"),
        (None, (), structs.replace(SUBNET, scope=0), "is for every network alike (scope 0", "likely"),
        (
            None,
            (),
            structs.replace(SUBNET, addresses=("10.0.0.1",)),
            "what cannot be the service's (10.0.0.1)",
            "likely",
        ),
        (None, (), structs.replace(SUBNET, error=NO_TIME), "there was no time left to ask 223.5.5.5 for 119", "likely"),
        (
            None,
            (),
            structs.replace(SUBNET, addresses=(FAR,)),
            "no measurable cost: 119.147.10.0/24 is given the same",
            "likely",
        ),
        (
            None,
            (),
            structs.replace(SUBNET, error="it does not heed the subnet"),
            "not known: 223.5.5.5 was asked",
            "likely",
        ),
        (None, (), None, "no public resolver was asked", "likely"),
        (None, (), structs.replace(SUBNET, addresses=()), "there are no two addresses", "likely"),
    ],
    ids=[
        *(
            "costly",
            "as near",
            "unreachable",
            "too few connects",
            "not the gateway",
            "nothing answers",
            "not looked at",
        ),
        *("not by prefix", "bogus", "no time", "the same addresses", "not heeded", "nobody asked", "no address"),
    ],
)
def test_what_it_costs(
    measured: MirrorCost | None, looks: tuple[GatewayLook, ...], subnet: SubnetAnswer | None, told: str, confidence: str
) -> None:
    """The difference with its spread, or that there is none, or why that is not known; a difference explains slow calls."""
    observed = seen(ways(THERE, subnet=subnet), costs=(measured,) if measured else (), looks=looks)
    (found,) = (one for one in findings(Dns(), observed) if one.code == "dns.egress-mismatch")
    assert found.data["cost"] == found.because[-1].partition(": ")[0]
    assert found.confidence == confidence
    assert bool(found.explains) is (confidence == "certain")
    assert told in found.because[-1]


@pytest.mark.parametrize(
    ("egress", "ends"),
    [
        (ways(NEXT, host=(HERE,), echoes=(echo(AWAY),)), (HERE, AWAY)),
        (ways(THERE, host=(THERE,), echoes=(echo(HERE),)), (HERE,)),
        (ways(THERE, host=(THERE,), echoes=(echo(None),)), ()),
        (ways(THERE, host=(THERE, SIX)), (SIX,)),
        (ways(THERE, NEXT, host=(THERE, HERE)), (THERE, HERE)),
        (ways(THERE, host=(THERE,), echoes=(echo(THERE),)), (THERE,)),
        (ways(THERE, host=(), echoes=(echo(HERE), echo(AWAY, via="proxy"))), (HERE,)),
    ],
    ids=[
        "both",
        "DNS is intercepted",
        "no echo",
        "of one family",
        "an address is its own",
        "they agree",
        "through a proxy is another way",
    ],
)
def test_this_hosts_ends(egress: EgressSeen, ends: tuple[str, ...]) -> None:
    """Every source counts, but for DNS that shows nothing but a resolver's addresses."""
    assert host_ends(egress) == ends


def test_an_echo_shows_the_resolver() -> None:
    """Where no name shows how the one nameserver leaves, the echo's word on it counts."""
    egress = ways(echoes=(echo(HERE, THERE),))
    assert compare(egress, RESOLVER).word == "different"
    two = structs.replace(egress, exits=(*egress.exits, way("10.53.0.2")))
    assert compare(two, RESOLVER).word == "unknown"


@pytest.mark.parametrize(
    ("public", "looks", "expected"),
    [
        ((NEAR,), ((FAR, False), (NEAR, True)), ["dns.hijacked"]),
        ((NEAR,), ((FAR, True), (NEAR, True)), []),
        ((NEAR,), ((FAR, True), (NEAR, False)), []),
        ((NEAR,), ((FAR, None), (NEAR, True)), []),
    ],
    ids=["the resolver lies", "another mirror", "the public one lies", "silence proves nothing"],
)
def test_a_public_resolver_disagrees(
    public: tuple[str, ...], looks: tuple[tuple[str, bool | None], ...], expected: list[str]
) -> None:
    """What answers at the addresses decides who is right, never their prefixes."""
    answers = ServerAnswers(
        server=PUBLIC, a=Answer(type="A", rcode="NOERROR", addresses=public), aaaa=Answer(type="AAAA")
    )
    taken = tuple(GatewayLook(address=address, gateway=gateway, error="x") for address, gateway in looks)
    for more in ({"public": answers}, {"egress": ways(HERE, subnet=structs.replace(SUBNET, addresses=public))}):
        found = findings(Dns(), seen(more.pop("egress", None), looks=taken, **more))  # type: ignore[arg-type]  # one of the two
        assert [one.code for one in found if one.code in {"dns.hijacked", "dns.servers-disagree"}] == expected


@pytest.mark.parametrize(
    ("given", "costs", "expected"),
    [
        ((NEAR,), (), [FAR, NEAR]),
        (("10.0.0.1", "127.0.0.1"), (), []),
        ((FAR, NEAR), (), []),
        ((FAR, NEAR), (COSTLY,), [NEAR]),
    ],
    ids=["other addresses", "addresses within", "some are the same", "a price hangs on it"],
)
def test_what_is_looked_at(given: tuple[str, ...], costs: tuple[MirrorCost, ...], expected: list[str]) -> None:
    """What a third party gives is looked at where it differs or a price hangs on it; never an address of this network's own."""
    egress = ways(THERE, subnet=structs.replace(SUBNET, addresses=given))
    assert in_doubt(seen(egress, costs=costs)) == expected


def test_the_picture() -> None:
    """Host, stub, resolver, ways out, each with its place and time; then the verdict."""
    egress = ways(NEXT, THERE, server=STUB, echoes=(echo(HERE, THERE), echo(AWAY, via="proxy")))
    stub = Stub(address=STUB, program="dnsmasq", upstreams=(RESOLVER,), told_by="/etc/dnsmasq.conf")
    observed = seen(egress, STUB, stubs=(stub,), identifiers={STUB: "gz-07"})
    notes = [item.text for item in Dns().judge(observed, SETTINGS, {}) if isinstance(item, Note)]
    here = "CN 广东省 深圳市 电信 AS4134 (by mmdb)"
    samples = "shown by TXT whoami.ds.akahelp.net, 2 samples, 12.1 ms"
    assert notes == [
        "this host -> 127.0.0.1 (stub: dnsmasq, calls itself gz-07), answers in 3.4 ms",
        "  -> 10.53.0.1 (private), by /etc/dnsmasq.conf",
        f"    -> 119.147.20.2: CN 广东 China Telecom (by mmdb); {samples}",
        f"    -> 120.196.0.2: CN 广东省 移动 AS9808 (by mmdb); {samples}",
        "  different: ISP: China Mobile (by mmdb) and China Telecom (by mmdb)",
        f"this host -> 119.147.10.2: {here}; shown by A whoami.akamai.net@ns1-1.akamaitech.net, 12.1 ms",
        f"this host -> 119.147.10.2: {here}; shown by {ECHO}, 50.0 ms",
        "  its name was resolved by 120.196.0.2: CN 广东省 移动 AS9808 (by mmdb)",
        f"this host -> the proxy -> 218.6.200.2: CN 四川省 电信 (by mmdb); shown by {ECHO}, 50.0 ms",
    ]


def test_the_ways_out_are_measured() -> None:
    """Each way out has its time among the measurements, and the cost has its own."""
    said = list(Dns().judge(seen(ways(THERE, subnet=SUBNET), costs=(COSTLY,), looks=(GATEWAY,)), SETTINGS, {}))
    told = {(one.name, one.labels.get("server")): one.value for one in said if isinstance(one, Measurement)}
    assert told["egress", RESOLVER] == 0.0121
    assert round(told["mirror cost", RESOLVER] or 0, 6) == 0.038
