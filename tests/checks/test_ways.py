"""Resolvers and ways out as labels: whose and where, by what is recognised, and by a source's own word for the rest."""

from imdoctor import Measurement
from imdoctor.check import Check
from imdoctor.net.echo import Echo
from imdoctor.net.geo import Told
from imdoctor.net.proxy import Tunnel
from imdoctor_checks.dns import Dns
from imdoctor_checks.observations import EgressSeen, ProxySeen
from imdoctor_checks.proxy import ProxyCheck
from tests.checks.judging import SETTINGS
from tests.checks.test_egress import AWAY, ECHO, HERE, RESOLVER, seen, ways

STRANGE = "198.51.100.7"


def labels(check: Check, observation: object, name: str) -> list[dict[str, str]]:
    """Return the labels of what a check tells under a name."""
    said = check.judge(observation, SETTINGS, {})
    return [one.labels for one in said if isinstance(one, Measurement) and (one.name, one.unit) == (name, "info")]


def test_each_nameserver_is_told() -> None:
    """Which nameserver stands where, and of which kind; an owner that is not known is no label."""
    assert labels(Dns(), seen(None), "resolver") == [{"server": RESOLVER, "position": "1", "kind": "private"}]
    (known,) = labels(Dns(), seen(None, "183.60.83.19"), "resolver")
    assert (known["kind"], known["owner"]) == ("cloud-internal", "Tencent Cloud")


def test_each_way_out_is_told_with_its_place() -> None:
    """Names that are recognised are told alike for every host, whatever a source calls them."""
    assert labels(Dns(), seen(ways(AWAY)), "egress") == [
        {"server": RESOLVER, "address": AWAY, "country": "CN", "region": "SC", "isp": "China Telecom"},
        {"server": "direct", "address": HERE, "country": "CN", "region": "GD", "isp": "China Telecom"},
    ]


def test_a_strange_place_is_told_in_the_sources_words() -> None:
    """What no table knows is told as the source has it; what no source tells is no label."""
    told = (Told(address=STRANGE, source="mmdb", country="Utopia", isp="Ou Telecom"),)
    way = ways(STRANGE, host=(), places=told)
    assert labels(Dns(), seen(way), "egress") == [
        {"server": RESOLVER, "address": STRANGE, "country": "Utopia", "isp": "Ou Telecom"}
    ]
    assert labels(Dns(), seen(ways(STRANGE, host=(), places=())), "egress") == [
        {"server": RESOLVER, "address": STRANGE}
    ]


def test_an_address_is_told_once() -> None:
    """A name and an echo that show one address make one series."""
    both = ways(AWAY, echoes=(Echo(url=ECHO, via="direct", address=HERE),))
    assert [one["server"] for one in labels(Dns(), seen(both), "egress")] == [RESOLVER, "direct"]


def test_without_third_parties_nothing_is_told() -> None:
    """Where nobody was asked, there is no way out to tell of."""
    assert labels(Dns(), seen(EgressSeen(barred=True)), "egress") == []
    assert labels(Dns(), seen(None), "egress") == []


def test_the_proxys_way_out_is_told() -> None:
    """Where calls go through a proxy, its way out is told, and this host's own."""
    echoes = (Echo(url=ECHO, via="proxy", address=AWAY), Echo(url=ECHO, via="direct", address=HERE))
    through = ProxySeen(
        proxy="http://p:3128",
        source="env",
        tunnel=Tunnel(proxy="http://p:3128", status=200),
        egress=EgressSeen(echoes=echoes),
    )
    assert [one["server"] for one in labels(ProxyCheck(), through, "egress")] == ["proxy", "direct"]
