"""What a wrong place costs: connects in turn to real servers, and when there is nothing to connect to."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from imdoctor import Context
from imdoctor.check import Deadline
from imdoctor.lab.front import HOST, serve
from imdoctor.lab.gateway import Answering, App, Gateway
from imdoctor.lab.loop import LabLoop
from imdoctor.lab.resolver import Resolver, Resolving, start
from imdoctor.lab.world import KEY
from imdoctor.net.lookup import Answer, ServerAnswers
from imdoctor.net.machine import Machine, SystemAnswer
from imdoctor_checks.looks.costs import PAIRS, mirror_costs, mirror_pairs
from imdoctor_checks.looks.thirdparties import third_parties_end
from imdoctor_checks.observations import EgressSeen, MirrorCost
from tests.checks.judging import SETTINGS
from tests.checks.test_egress import FAR, NEAR, NEXT, RESOLVER, SUBNET, THERE, way, ways
from tests.lab.certificates import authority

SECOND = "10.53.0.2"
ELSEWHERE = ways(THERE, subnet=SUBNET)


def answers(*addresses: str, server: str = RESOLVER) -> ServerAnswers:
    """Return what a nameserver gives."""
    a = Answer(type="A", rcode="NOERROR", addresses=addresses)
    return ServerAnswers(server=server, a=a, aaaa=Answer(type="AAAA", rcode="NOERROR"))


def given(*addresses: str, **more: object) -> EgressSeen:
    """Return ways out that differ, where the host's own prefix is given these addresses."""
    return structs.replace(ELSEWHERE, subnet=structs.replace(SUBNET, addresses=addresses, **more))


@pytest.mark.parametrize(
    ("egress", "told", "expected"),
    [
        (ELSEWHERE, (FAR,), {RESOLVER: (FAR, NEAR)}),
        (ELSEWHERE, ("2402:4e00::1", FAR), {RESOLVER: (FAR, NEAR)}),
        (ways(NEXT, subnet=SUBNET), (FAR,), {}),
        (ELSEWHERE, (FAR, NEAR), {}),
        (given("10.0.0.1", "127.0.0.1"), (FAR,), {}),
        (given("10.0.0.1", NEAR), ("10.0.0.2", FAR), {RESOLVER: (FAR, NEAR)}),
        (given(NEAR, scope=0), (FAR,), {}),
        (given(NEAR, error="timeout"), (FAR,), {}),
        (ways(THERE), (FAR,), {}),
        (ELSEWHERE, (), {}),
    ],
    ids=[
        *("elsewhere", "of one family", "at home", "the same addresses", "bogus ones", "some are bogus"),
        *("for every network", "not answered", "not asked", "no address"),
    ],
)
def test_what_is_worth_comparing(
    egress: EgressSeen, told: tuple[str, ...], expected: dict[str, tuple[str, str]]
) -> None:
    """An address that a resolver gives from elsewhere, and another that may be the service's, given by prefix."""
    assert mirror_pairs(egress, [answers(*told)]) == expected


@pytest.fixture(name="lab")
def _lab() -> Iterator[LabLoop]:
    with LabLoop() as lab:
        yield lab


class Network:
    """Addresses that are servers on loopback, and how often each was dialled."""

    def __init__(self, lab: LabLoop, folder: Path, near: str) -> None:
        gateway, root = Gateway(App(key=KEY), Answering()), authority("Lab Root")
        self._ports = {FAR: serve(lab, gateway, "good", authority=root, folder=folder)}
        self._ports[NEAR] = (
            lab.silent() if near == "silent" else serve(lab, gateway, near, authority=root, folder=folder)
        )
        self._dns = start(lab, Resolver({HOST: (FAR,)}, Resolving()))
        self.dialled = Counter[str]()
        (folder / "root.pem").write_bytes(root.root.pem())
        (folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
        self.machine = Machine(
            resolv_conf=folder / "resolv.conf", dial=self._dial, resolve=self._resolve, ca_file=folder / "root.pem"
        )

    def _dial(self, address: str, port: int) -> tuple[str, int]:
        del port
        self.dialled[address] += 1
        return "127.0.0.1", self._ports.get(address, self._dns)

    async def _resolve(self, host: str, port: int) -> SystemAnswer:
        del host, port
        return SystemAnswer(addresses=(FAR,))


def measured(
    network: Network, egress: EgressSeen, *servers: ServerAnswers, span: float = 5.0
) -> tuple[MirrorCost, ...]:
    """Measure what it costs, twice over, as a run does: before the echoes have answered and after."""
    settings = structs.replace(SETTINGS, checks={"dns": {"third_party_timeout": span}})

    async def run() -> tuple[MirrorCost, ...]:
        ctx = Context(settings=settings, machine=network.machine, deadline=Deadline.after(20))
        assert await third_parties_end(ctx) == await third_parties_end(ctx)
        before = await mirror_costs(ctx, egress, servers)
        assert await mirror_costs(ctx, egress, servers) == before
        return before

    return asyncio.run(run())


def test_connects_in_turn(lab: LabLoop, tmp_path: Path) -> None:
    """Both are connected to as often as each other, once a run, for all nameservers that give the same."""
    network = Network(lab, tmp_path, "good")
    egress = structs.replace(ELSEWHERE, exits=(*ELSEWHERE.exits, way(SECOND, THERE)))
    found = measured(network, egress, answers(FAR), answers(FAR, server=SECOND))
    assert [one.server for one in found] == [RESOLVER, SECOND]
    assert found[1] == structs.replace(found[0], server=SECOND)
    assert (found[0].given, found[0].own) == (FAR, NEAR)
    assert len(found[0].given_seconds) == len(found[0].own_seconds) == PAIRS
    assert network.dialled[FAR] == PAIRS
    assert network.dialled[NEAR] == PAIRS + 1  # the look at what answers there


@pytest.mark.parametrize("near", ["self-signed", "other-name", "silent"])
def test_an_address_that_is_not_the_gateway(lab: LabLoop, tmp_path: Path, near: str) -> None:
    """A third party may name any address: what does not answer as the gateway is looked at once, and compared with nothing."""
    network = Network(lab, tmp_path, near)
    found = measured(network, ELSEWHERE, answers(FAR), span=0.5)
    assert found == (MirrorCost(server=RESOLVER, given=FAR, own=NEAR),)
    assert network.dialled[FAR] == 0
    assert network.dialled[NEAR] <= 2  # a second SYN, where the first met silence


def test_without_time_left(lab: LabLoop, tmp_path: Path) -> None:
    """Where third parties have used up their time, nothing begins."""
    network = Network(lab, tmp_path, "good")
    found = measured(network, ELSEWHERE, answers(FAR), span=0.0)
    assert found == (MirrorCost(server=RESOLVER, given=FAR, own=NEAR),)
    assert network.dialled[NEAR] == 0
