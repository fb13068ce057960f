"""The lab's resolver as dnspython's own client sees it."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from imdoctor.lab.loop import LabLoop, Place
from imdoctor.lab.resolver import Resolver, Resolving, start

NAME = "console.tim.qq.com"
ZONE = {NAME: ("43.141.10.1", "43.141.10.2", "2402:4e00:1900::10")}


@contextlib.contextmanager
def resolver(*, tcp: bool = True, **how: Any) -> Iterator[int]:
    """Serve a resolver; yield its port."""
    with LabLoop() as lab:
        yield start(lab, Resolver(ZONE, Resolving(**how)), tcp=tcp)


def ask(
    port: int, kind: str = "A", *, name: str = NAME, tcp: bool = False, timeout: float = 5.0
) -> dns.message.Message:
    """Ask one question."""
    send = dns.query.tcp if tcp else dns.query.udp
    return send(dns.message.make_query(name, kind), "127.0.0.1", port=port, timeout=timeout)


def addresses(answer: dns.message.Message) -> list[str]:
    """Return the addresses in an answer, sorted: dnspython shuffles them on their way to the wire."""
    return sorted(item.to_text() for rrset in answer.answer for item in rrset)


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [("A", ["43.141.10.1", "43.141.10.2"]), ("AAAA", ["2402:4e00:1900::10"]), ("TXT", [])],
)
def test_the_zone(kind: str, expected: list[str], *, tcp: bool) -> None:
    """Addresses of the family that was asked for, over UDP and TCP alike."""
    with resolver() as port:
        answer = ask(port, kind, tcp=tcp)
    assert (addresses(answer), answer.rcode()) == (expected, dns.rcode.NOERROR)
    assert answer.flags & dns.flags.RA


def test_case_does_not_matter() -> None:
    """Names are compared without their case (RFC 4343)."""
    with resolver() as port:
        assert addresses(ask(port, name=NAME.upper())) == ["43.141.10.1", "43.141.10.2"]


def test_a_name_outside_the_zone() -> None:
    """What the zone lacks does not exist."""
    with resolver() as port:
        assert ask(port, name="elsewhere.example").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "NXDOMAIN"])
def test_rcodes(rcode: str) -> None:
    """A resolver that fails says how, and gives no address."""
    with resolver(rcode=rcode) as port:
        answer = ask(port)
    assert (dns.rcode.to_text(answer.rcode()), addresses(answer)) == (rcode, [])


def test_another_rcode_for_aaaa_alone() -> None:
    """A resolver may fail for AAAA alone."""
    with resolver(aaaa_rcode="SERVFAIL") as port:
        assert ask(port, "AAAA").rcode() == dns.rcode.SERVFAIL
        assert ask(port, "A").rcode() == dns.rcode.NOERROR


def test_empty() -> None:
    """An empty answer is no error and holds nothing."""
    with resolver(empty=True) as port:
        answer = ask(port)
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


def test_lies() -> None:
    """A resolver that lies gives its own address instead."""
    with resolver(addresses=("0.0.0.0",)) as port:
        assert addresses(ask(port)) == ["0.0.0.0"]


def test_silent() -> None:
    """A silent resolver never answers."""
    with resolver(silent=True) as port, pytest.raises(dns.exception.Timeout):
        ask(port, timeout=0.2)


def test_slow() -> None:
    """A slow resolver answers those who wait."""
    with resolver(delay=0.5) as port:
        with pytest.raises(dns.exception.Timeout):
            ask(port, timeout=0.1)
        assert addresses(ask(port))


def test_every_second_question() -> None:
    """A wavering resolver drops every other question of a type, and counts the types apart."""
    with resolver(answers_every=2) as port:
        for kind in ("A", "AAAA"):
            with pytest.raises(dns.exception.Timeout):
                ask(port, kind, timeout=0.2)
        assert addresses(ask(port, "A"))
        assert addresses(ask(port, "AAAA"))


def test_truncated_over_udp_whole_over_tcp() -> None:
    """A truncated answer says so over UDP, and is whole over TCP."""
    with resolver(truncated=True) as port:
        short = ask(port)
        assert short.flags & dns.flags.TC
        assert addresses(short) == []
        assert addresses(ask(port, tcp=True)) == ["43.141.10.1", "43.141.10.2"]


def test_tcp_refused() -> None:
    """Without TCP, UDP is answered and TCP on the same port refused."""
    with resolver(truncated=True, tcp=False) as port:
        assert ask(port).flags & dns.flags.TC
        with pytest.raises(ConnectionRefusedError):
            ask(port, tcp=True)


def test_bytes_that_are_no_question(caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that are no question are dropped without a word, over UDP and TCP, and the next question is answered."""
    with resolver() as port:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rude:
            rude.sendto(b"hello", ("127.0.0.1", port))
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as rude:
            rude.sendall(b"\x00\x05hello")
            assert rude.recv(100) == b""
        assert addresses(ask(port))
    assert caplog.text == ""


class Crowded(LabLoop):
    """A lab where the first port on offer is taken for UDP."""

    def __init__(self, taken: int) -> None:
        super().__init__()
        self.offered = [taken]

    def refusing(self) -> int:
        """Return the taken port first."""
        return self.offered.pop() if self.offered else super().refusing()


def test_a_port_that_is_taken_for_udp() -> None:
    """Where a port is free for TCP alone, another one is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.1", 0))
        with Crowded(asking.getsockname()[1]) as lab:
            port = start(lab, Resolver(ZONE, Resolving()), tcp=False)
            assert (port != asking.getsockname()[1], lab.offered) == (True, [])
            assert addresses(ask(port))


def test_a_given_port_that_is_taken() -> None:
    """A port that was asked for and is taken is an error, and no other port is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.1", 0))
        with LabLoop() as lab, pytest.raises(OSError, match="no port is free"):
            start(lab, Resolver(ZONE, Resolving()), place=Place(port=asking.getsockname()[1]))
