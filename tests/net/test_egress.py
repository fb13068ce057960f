"""Whoami names: how sources are written, what their answers say, and asking them of a real server."""

import asyncio
import contextlib
import ipaddress
import struct
from collections.abc import Iterator

import dns.exception
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.lab.loop import LabLoop
from imdoctor.net.egress import (
    BUILT_IN,
    NO_TIME,
    SAMPLES,
    Exit,
    Source,
    first_good,
    leaving,
    parse_source,
    question,
    read,
)
from imdoctor.net.exchange import FAILURES
from imdoctor.net.machine import Machine
from tests.lab.model import Outside
from tests.lab.outside import Authority

PAIRS = "TXT whoami.ds.akahelp.net"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PAIRS, Source(PAIRS, "TXT", "whoami.ds.akahelp.net")),
        ("A a.example@192.0.2.1", Source("A a.example@192.0.2.1", "A", "a.example", "192.0.2.1")),
        ("TXT CH w.example@1.1.1.1", Source("TXT CH w.example@1.1.1.1", "TXT", "w.example", "1.1.1.1", chaos=True)),
        ("AAAA *.w.example@ns.example", Source("AAAA *.w.example@ns.example", "AAAA", "*.w.example", "ns.example")),
        ("https://e.example/ip", Source("https://e.example/ip", "https", "https://e.example/ip")),
    ],
)
def test_sources(text: str, expected: Source) -> None:
    """A source is a question to resolvers, to a server of its own, or an echo."""
    assert parse_source(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("whoami.example", "no whoami source"),
        ("MX a.example", "no whoami source"),
        ("http://e.example", "no whoami source"),
        ("A a..example", "no name"),
        ("A .", "names nothing"),
        ("TXT CH a.example", "needs a server"),
        ("A a.example@bad..name", "no name"),
        ("TXT *." + ".".join(["a" * 60] * 4), "no name"),
        ("https://a..b/", "no name"),
        ("https://a.example:99999/", "names no port"),
        ("https://a.example:0/", "names no port"),
        ("", "no whoami source"),
    ],
)
def test_what_is_no_source(text: str, says: str) -> None:
    """What cannot be read says what to write."""
    with pytest.raises(ValueError, match=says):
        parse_source(text)


@given(st.text(max_size=80))
def test_any_text_is_a_source_or_a_sentence(text: str) -> None:
    """No text does anything else than become a source or a ValueError."""
    with contextlib.suppress(ValueError):
        assert parse_source(text).text == text


def test_the_built_in_sources_are_sources() -> None:
    """Each can be read; resolvers, servers of their own and echoes are among them."""
    found = [parse_source(text) for text in BUILT_IN]
    assert {(one.kind == "https", one.server is None) for one in found} == {(True, True), (False, True), (False, False)}


def test_a_random_label_for_each_question() -> None:
    """Under `*.` no two questions are for one name, so that no cache answers; elsewhere the name is asked as it stands."""
    wild = parse_source("TXT *.w.example")
    names = {question(wild).question[0].name.to_text() for _ in range(20)}
    assert len(names) == 20
    assert all(name.endswith(".w.example.") for name in names)
    assert question(parse_source(PAIRS)).question[0].name.to_text() == "whoami.ds.akahelp.net."


@pytest.mark.parametrize(
    ("kind", "records", "expected"),
    [
        ("A", ["203.0.113.7"], (("203.0.113.7",), ())),
        ("TXT", ['"ns" "203.0.113.7"', '"ip" "198.51.100.9"', '"ecs" "198.51.100.0/24/0"'], (("203.0.113.7",), ("198.51.100.0/24",))),
        ("TXT", ['"203.0.113.7"', '"edns0-client-subnet 198.51.100.0/24"'], (("203.0.113.7",), ("198.51.100.0/24",))),
        ("TXT", ['"2001:db8::1"'], (("2001:db8::1",), ())),
        ("TXT", ['"hello world"', '""', '"v=spf1"'], ((), ())),
        ("TXT", [r'"ecs" "\027[31mRED"', '"ecs"', '"ecs" "fe80::%x/64"'], ((), ())),
        ("MX", ["10 mail.example."], ((), ())),
    ],
    ids=["an address", "pairs", "texts", "IPv6", "other texts", "no subnet", "another type"],
)  # fmt: skip
def test_what_answers_say(kind: str, records: list[str], expected: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    """Addresses and client subnets are found in each of the layouts, and in nothing else."""
    reply = dns.message.make_response(dns.message.make_query("w.example", kind))
    reply.answer.append(dns.rrset.from_text("w.example.", 0, "IN", kind, *records))
    assert read(reply) == expected


@pytest.mark.parametrize("rdclass", [3, 4, 42, 254, 255])
@pytest.mark.parametrize(("kind", "data"), [(1, b"\1\2\3\4"), (28, bytes(16)), (16, b"\7\x31.2.3.4")])
def test_records_of_other_classes_say_nothing(rdclass: int, kind: int, data: bytes) -> None:
    """They hold what they like, and no address; the class CH has texts."""
    reply = dns.message.make_response(dns.message.make_query("w.example", "A", use_edns=False)).to_wire()
    record = b"\xc0\x0c" + struct.pack("!HHIH", kind, rdclass, 0, len(data)) + data
    wire = reply[:6] + b"\0\1" + reply[8:] + record
    expected = ("1.2.3.4",) if (rdclass, kind) == (3, 16) else ()
    with contextlib.suppress(dns.exception.FormError):  # an A record of the class CH holds a name first
        assert read(dns.message.from_wire(wire)) == (expected, ())


@given(st.data())
def test_any_answer_is_read(data: st.DataObject) -> None:
    """No bytes in an answer make the reader stumble, or give what is no subnet."""
    reply = dns.message.make_response(dns.message.make_query("w.example", "TXT"))
    for kind, text in (("TXT", '"ecs" "198.51.100.0/24/0"'), ("A", "203.0.113.7"), ("AAAA", "2001:db8::1")):
        reply.answer.append(dns.rrset.from_text("w.example.", 0, "IN", kind, text))
    wire = bytearray(reply.to_wire())
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(*FAILURES):
        _, subnets = read(dns.message.from_wire(bytes(wire), ignore_trailing=True))
        assert all(ipaddress.ip_network(subnet, strict=False) for subnet in subnets)


@pytest.fixture(name="lab")
def _lab() -> Iterator[LabLoop]:
    with LabLoop() as lab:
        yield lab


def asked(
    lab: LabLoop, outside: Outside, text: str, limit: float = 2.0, more: float = 2.0, authority: Authority | None = None
) -> Exit:
    """Ask a source of an authority on loopback, which takes every asker's address for the one it pretends."""
    asked_of = authority or Pretending({}, outside)
    port = lab.datagrams(lambda: asked_of)
    machine = Machine(dial=lambda *_: ("127.0.0.1", port))
    source = parse_source(text)
    return asyncio.run(leaving(machine, source, server="10.0.0.1", via="10.0.0.1", limit=limit, more=more))


class Pretending(Authority):
    """An authority to which every second question comes from another address."""

    count = 0

    def reply(self, query: dns.message.Message, asker: str) -> dns.message.Message:
        """Answer as if another address had asked."""
        del asker
        self.count += 1
        return super().reply(query, "119.147.10.2" if self.count % 2 else "120.196.0.2")


def test_several_doors(lab: LabLoop) -> None:
    """Several samples show that a resolver leaves by several addresses."""
    seen = asked(lab, Outside(), PAIRS)
    assert (sorted(seen.addresses), seen.samples, seen.error) == (["119.147.10.2", "120.196.0.2"], SAMPLES, None)
    assert seen.seconds is not None


@pytest.mark.parametrize(("text", "most"), [(PAIRS, 1), ("TXT *.whoami.corp.example", SAMPLES)])
def test_one_answer_is_enough(lab: LabLoop, text: str, most: int) -> None:
    """Where there is no time for further samples, the first answer counts; without any time nothing is asked."""
    seen = asked(lab, Outside(), text, more=0.0)
    assert 1 <= seen.samples <= most
    late = asked(lab, Outside(), text, limit=0.0)
    assert (late.addresses, late.error) == ((), NO_TIME)


def test_a_lost_sample_holds_nothing_up(lab: LabLoop) -> None:
    """Of samples under random labels those that come count, and of samples in turn those before the one that is lost."""
    for text in ("TXT *.whoami.corp.example", PAIRS):
        seen = asked(lab, Outside(), text, limit=60.0, more=0.2, authority=Losing({}, Outside()))
        assert seen.addresses == ("119.147.10.2",)
        assert seen.samples < SAMPLES


class Losing(Authority):
    """An authority that loses every second question."""

    count = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer or not."""
        self.count += 1
        if self.count % 2:
            super().datagram_received(data, addr)

    def reply(self, query: dns.message.Message, asker: str) -> dns.message.Message:
        """Answer as if another address had asked."""
        del asker
        return super().reply(query, "119.147.10.2")


@pytest.mark.parametrize(
    ("outside", "text", "error"),
    [
        (Outside(lie="private"), PAIRS, "10.66.6.6, which is no public address"),
        (Outside(lie="rubbish"), PAIRS, "all, which is no public address"),
        (Outside(lie="rubbish"), "TXT whoami.cloudflare@1.1.1.1", "no address in the answer"),
        (Outside(), "TXT nowhere.example", "NXDOMAIN"),
        (Outside(silent=True), PAIRS, "timeout"),
    ],
    ids=["private", "rubbish behind a word", "rubbish", "no such name", "silent"],
)
def test_what_shows_nothing_says_why(lab: LabLoop, outside: Outside, text: str, error: str) -> None:
    """A lie, rubbish and silence give no address, and their reason."""
    seen = asked(lab, outside, text, limit=0.3)
    assert (seen.addresses, seen.samples, seen.error) == ((), 0, error)


def test_the_first_good_one_in_order() -> None:
    """Tries are made in their order; after a good one no more is begun."""
    begun: list[int] = []

    async def attempt(number: int) -> int:
        begun.append(number)
        return number

    tries = [lambda number=number: attempt(number) for number in (1, 2, 3, 4)]
    assert asyncio.run(first_good(tries, lambda one: one == 3)) == (1, 2, 3)
    assert begun == [1, 2, 3]


def test_a_slow_one_does_not_hold_up_the_next() -> None:
    """The next is tried beside a silent one, which is given up when another is good; if none is, all of them are told."""
    never = asyncio.Event

    async def silent() -> int:
        await never().wait()
        return 0

    async def quick() -> int:
        return 1

    assert asyncio.run(first_good([silent, quick], bool, stagger=0.01)) == (1,)
    assert asyncio.run(first_good([quick, quick], lambda one: one == 2)) == (1, 1)
    assert asyncio.run(first_good([], bool)) == ()
