"""EDNS Client Subnet and NSID, asked of real servers on loopback."""

import asyncio
from collections.abc import Iterator

import dns.edns
import dns.message
import dns.rrset
import pytest
from dns.rdata import GenericRdata
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from imdoctor.lab.loop import LabLoop
from imdoctor.lab.resolver import Resolver, Resolving, start
from imdoctor.net.lookup import ask
from imdoctor.net.machine import Machine
from imdoctor.net.subnet import ask_for, identifier, subnet_of
from tests.lab.model import Outside
from tests.lab.outside import Authority

HOST = "console.tim.qq.com"
HESIOD, A = RdataClass.HS, RdataType.A
MIRRORS = {"119.147.0.0/16": ("43.141.10.2",), "0.0.0.0/0": ("43.141.10.1",)}


@pytest.fixture(name="lab")
def _lab() -> Iterator[LabLoop]:
    with LabLoop() as lab:
        yield lab


def reaching(port: int) -> Machine:
    """Return a machine that reaches one server under any address."""
    return Machine(dial=lambda *_: ("127.0.0.1", port))


@pytest.mark.parametrize(
    ("address", "subnet"), [("119.147.10.2", "119.147.10.0/24"), ("2402:4e00:2000:1234::2", "2402:4e00:2000:1200::/56")]
)
def test_the_subnet_that_is_shown(address: str, subnet: str) -> None:
    """Not the whole address, but what RFC 7871 §11.1 recommends."""
    assert subnet_of(address) == subnet


def test_a_resolver_that_heeds_subnets(lab: LabLoop) -> None:
    """The answer is for the subnet, and says so by its scope."""
    authority = Authority({}, Outside(mirrors=MIRRORS))
    machine = reaching(lab.datagrams(lambda: authority))
    seen = asyncio.run(ask_for(machine, "10.0.0.1", HOST, "A", "119.147.10.0/24", 2.0))
    assert (seen.addresses, seen.scope, seen.error) == (("43.141.10.2",), 24, None)
    other = asyncio.run(ask_for(machine, "10.0.0.1", HOST, "A", "120.196.0.0/24", 2.0))
    assert (other.addresses, other.error) == (("43.141.10.1",), None)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        (Resolving(), "it does not heed the subnet"),
        (Resolving(rcode="SERVFAIL"), "SERVFAIL"),
        (Resolving(silent=True), "timeout"),
    ],
    ids=["not heeded", "a failure", "silence"],
)
def test_what_cannot_be_told_says_why(lab: LabLoop, how: Resolving, error: str) -> None:
    """An answer without the option is no answer for the subnet."""
    machine = reaching(start(lab, Resolver({HOST: ("43.141.10.1",)}, how)))
    assert asyncio.run(ask_for(machine, "10.0.0.1", HOST, "A", "119.147.10.0/24", 0.3)).error == error


class Foreign(Resolver):
    """A resolver whose addresses are of the class CHAOS, where their data is another."""

    def reply(self, data: bytes, *, over_tcp: bool) -> bytes:
        """Change the answer's class."""
        query = dns.message.from_wire(data)
        options = [option for option in query.options if isinstance(option, dns.edns.ECSOption)]
        answer = dns.message.make_response(query)
        answer.use_edns(0, options=[dns.edns.ECSOption(one.address, one.srclen, one.srclen) for one in options])
        answer.answer.append(dns.rrset.from_rdata(query.question[0].name, 0, GenericRdata(HESIOD, A, b"\1\2\3\4")))
        del over_tcp
        return answer.to_wire()


def test_records_of_other_classes_are_no_addresses(lab: LabLoop) -> None:
    """Neither for a subnet nor for a plain question."""
    machine = reaching(start(lab, Foreign({}, Resolving())))
    seen = asyncio.run(ask_for(machine, "10.0.0.1", HOST, "A", "119.147.10.0/24", 2.0))
    assert (seen.addresses, seen.error) == ((), None)
    answer = asyncio.run(ask(machine, "10.0.0.1", HOST, "A", 2.0))
    assert (answer.rcode, answer.addresses) == ("NOERROR", ())


class Named(Resolver):
    """A resolver that calls itself something."""

    name = b""

    def reply(self, data: bytes, *, over_tcp: bool) -> bytes:
        """Add the identifier to the answer."""
        answer = dns.message.from_wire(super().reply(data, over_tcp=over_tcp))
        answer.use_edns(0, options=[dns.edns.GenericOption(dns.edns.OptionType.NSID, self.name)])
        return answer.to_wire()


@pytest.mark.parametrize(
    ("name", "told"), [(b"gz-07", "gz-07"), (b"\x01\xff", "01ff"), (b"", None), (b"x" * 200, "x" * 60)]
)
def test_identifiers(lab: LabLoop, name: bytes, told: str | None) -> None:
    """A printable identifier is told as it stands, other bytes as hexadecimal digits."""
    resolver = Named({HOST: ("43.141.10.1",)}, Resolving())
    resolver.name = name
    assert asyncio.run(identifier(reaching(start(lab, resolver)), "10.0.0.1", HOST, 2.0)) == told


def test_a_silent_server_has_no_identifier(lab: LabLoop) -> None:
    """Nothing is told, and nothing raised."""
    machine = reaching(start(lab, Resolver({}, Resolving(silent=True))))
    assert asyncio.run(identifier(machine, "10.0.0.1", HOST, 0.2)) is None
