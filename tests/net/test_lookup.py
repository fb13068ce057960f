"""Look-ups against resolvers with faults, on loopback."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from imdoctor.lab.loop import LabLoop, Place
from imdoctor.lab.resolver import Resolver, Resolving, start
from imdoctor.net.lookup import Answer, ServerAnswers, _both, ask, ask_servers, system_answer, usable_addresses
from imdoctor.net.machine import Machine, SystemAnswer

NAME = "im.example.com"
ZONE = {NAME: ("43.1.1.1", "43.1.1.2", "2402::1")}


@contextlib.contextmanager
def resolver(how: Resolving, *, tcp: bool = True) -> Iterator[Machine]:
    """Start a resolver; yield the machine that reaches it under any address."""
    with LabLoop() as lab:
        port = start(lab, Resolver(ZONE, how), tcp=tcp)
        yield Machine(dial=lambda *_: ("127.0.0.1", port))


def asked(how: Resolving, *, name: str = NAME, limit: float = 1.0, tcp: bool = True) -> Answer:
    """Ask a resolver for A."""
    with resolver(how, tcp=tcp) as machine:
        return asyncio.run(ask(machine, "10.0.0.1", name, "A", limit))


@pytest.mark.parametrize(
    ("how", "outcome", "addresses"),
    [
        pytest.param(Resolving(), "NOERROR", ("43.1.1.1", "43.1.1.2"), id="good"),
        pytest.param(Resolving(empty=True), "NOERROR", (), id="empty"),
        pytest.param(Resolving(rcode="NXDOMAIN"), "NXDOMAIN", (), id="NXDOMAIN"),
        pytest.param(Resolving(rcode="SERVFAIL"), "SERVFAIL", (), id="SERVFAIL"),
        pytest.param(Resolving(rcode="REFUSED"), "REFUSED", (), id="REFUSED"),
        pytest.param(Resolving(silent=True), "timeout", (), id="silent"),
        pytest.param(Resolving(truncated=True), "NOERROR", ("43.1.1.1", "43.1.1.2"), id="truncated, whole over TCP"),
    ],
)
def test_answers(how: Resolving, outcome: str, addresses: tuple[str, ...]) -> None:
    """An answer is its rcode, or what went wrong; a time is there exactly when an answer is."""
    answer = asked(how, limit=0.4)
    assert (answer.outcome, sorted(answer.addresses)) == (outcome, list(addresses))
    assert (answer.seconds is not None) is (answer.rcode is not None)


def test_tcp_that_does_not_work_is_told() -> None:
    """A truncated answer whose TCP does not work says why."""
    answer = asked(Resolving(truncated=True), tcp=False)
    assert (answer.truncated, answer.tcp_error, answer.addresses) == (True, "refused-port", ())


def test_nobody_listens() -> None:
    """A port that refuses is told from silence."""
    with LabLoop() as lab:
        port = lab.refusing()
        answer = asyncio.run(ask(Machine(dial=lambda *_: ("127.0.0.1", port)), "10.0.0.1", NAME, "A", 0.5))
    assert answer.error == "refused-port"


def test_a_lost_question_is_asked_again() -> None:
    """The second question's answer counts, and the lost one is remembered."""
    answer = asked(Resolving(answers_every=2), limit=1.0)
    assert (answer.rcode, answer.lost, answer.attempts) == ("NOERROR", 1, 2)


def test_a_failure_is_asked_for_once_more() -> None:
    """SERVFAIL is asked for twice before it stands."""
    answer = asked(Resolving(rcode="SERVFAIL"))
    assert (answer.rcode, answer.attempts, answer.first) == ("SERVFAIL", 2, None)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", "é" * 70 + ".example"])
def test_a_name_that_is_none(name: str) -> None:
    """What is no host name is told so, and nothing is asked."""
    assert asked(Resolving(), name=name).error == "no-such-name"


class Stray(asyncio.DatagramProtocol):
    """Answers with rubbish and with other people's answers before the right one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Send strays, then the answer."""
        right = Resolver(ZONE, Resolving()).reply(data, over_tcp=False)
        for reply in (b"", b"\x00", bytes([data[0] ^ 1]) + right[1:], right):
            self.transport.sendto(reply, addr)  # type: ignore[attr-defined]  # a datagram transport


def test_strays_are_passed_over() -> None:
    """An answer to another question is not taken for ours."""
    with LabLoop() as lab:
        port = lab.datagrams(Stray)
        answer = asyncio.run(ask(Machine(dial=lambda *_: ("127.0.0.1", port)), "10.0.0.1", NAME, "A", 1.0))
    assert sorted(answer.addresses) == ["43.1.1.1", "43.1.1.2"]


def test_servers_are_asked_for_both_families() -> None:
    """Each server is asked for A and AAAA."""
    with resolver(Resolving()) as machine:
        (one, two) = asyncio.run(ask_servers(machine, ("10.0.0.1", "10.0.0.2"), NAME, 1.0))
    assert sorted(one.addresses) == sorted(two.addresses) == ["2402::1", "43.1.1.1", "43.1.1.2"]


def test_the_c_library_is_asked_in_a_thread() -> None:
    """The name localhost has an address, an impossible name an error, without a resolver being asked."""
    assert "127.0.0.1" in asyncio.run(system_answer(Machine(), "localhost", 443, 5.0)).addresses
    assert asyncio.run(system_answer(Machine(), "a..b", 443, 5.0)).error == "EAI_NONAME"


async def _late(answer: SystemAnswer, seconds: float) -> SystemAnswer:
    await asyncio.sleep(seconds)
    return answer


async def _servers(*addresses: str) -> tuple[ServerAnswers, ...]:
    return (
        ServerAnswers(
            server="10.0.0.1", a=Answer(type="A", rcode="NOERROR", addresses=addresses), aaaa=Answer(type="AAAA")
        ),
    )


def test_a_question_has_an_id_of_its_own_each_time() -> None:
    """One question is asked often, each time with an ID that nobody can know beforehand (RFC 5452 §9.2)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        machine = Machine(dial=lambda *_: server.getsockname())
        for _ in range(4):
            asyncio.run(ask(machine, "10.53.0.1", NAME, "A", 0.01))
        server.settimeout(0)
        sent = [server.recv(512) for _ in range(4)]
    assert len({one[:2] for one in sent}) > 1
    assert len({one[2:] for one in sent}) == 1


def test_a_slow_c_library_ends_by_its_limit() -> None:
    """After the limit the answer is a timeout, without a time."""

    async def never(host: str, port: int) -> SystemAnswer:
        return await _late(SystemAnswer(addresses=(host, str(port))), 60.0)

    answer = asyncio.run(system_answer(Machine(resolve=never), NAME, 443, 0.05))
    assert (answer.error, answer.seconds) == ("timeout", None)


@pytest.mark.parametrize(
    ("own", "delay", "direct", "expected"),
    [
        pytest.param(("a",), 0.0, ("b",), ("a",), id="the application's own"),
        pytest.param((), 0.0, ("b",), ("b",), id="the C library has none"),
        pytest.param(("a",), 60.0, ("b",), ("b",), id="the C library is slow"),
        pytest.param(("a",), 0.1, (), ("a",), id="the nameservers have none"),
        pytest.param((), 0.0, (), (), id="nobody has any"),
    ],
)
def test_usable_addresses(
    own: tuple[str, ...], delay: float, direct: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """The checks go on with the application's addresses, or else with the nameservers'."""

    async def both() -> tuple[str, ...]:
        system, servers = _late(SystemAnswer(addresses=own), delay), _servers(*direct)
        return await usable_addresses(asyncio.ensure_future(system), asyncio.ensure_future(servers))

    assert asyncio.run(both()) == expected


@contextlib.contextmanager
def tcp_alone() -> Iterator[Machine]:
    """Start a resolver that is silent over UDP and answers over TCP."""
    with LabLoop() as lab:
        port = lab.serve(Resolver(ZONE, Resolving()).handle)
        lab.datagrams(lambda: Resolver(ZONE, Resolving(silent=True)), Place(port=port))
        yield Machine(dial=lambda *_: ("127.0.0.1", port))


def test_silence_over_udp_is_compared_with_tcp() -> None:
    """A server that is silent over UDP is asked over TCP as well; the answer is kept beside the silence, and is none itself."""
    with tcp_alone() as machine:
        answer = asyncio.run(ask(machine, "10.0.0.1", NAME, "A", 1.0))
    assert (answer.outcome, answer.over_tcp, answer.addresses) == ("timeout", "NOERROR", ())
    assert asked(Resolving(silent=True), limit=0.4, tcp=False).over_tcp == "refused-port"


def test_a_late_answer_is_not_lost() -> None:
    """The question that is asked again half way through takes nothing away from the first one's late answer."""
    answer = asked(Resolving(delay=0.7), limit=1.0)
    assert (answer.outcome, answer.lost) == ("NOERROR", 0)


@pytest.mark.parametrize(
    ("one", "other", "stands"),
    [
        (Answer(type="A", error="refused-port"), Answer(type="A", error="timeout"), "refused-port"),
        (Answer(type="A", rcode="SERVFAIL"), Answer(type="A", error="refused-port"), "SERVFAIL"),
        (Answer(type="A", rcode="SERVFAIL"), Answer(type="A", rcode="NOERROR"), "NOERROR"),
        (Answer(type="A", rcode="NOERROR"), Answer(type="A", rcode="SERVFAIL"), "NOERROR"),
    ],
)
def test_of_two_looks_the_one_that_tells_more_stands(one: Answer, other: Answer, stands: str) -> None:
    """Silence tells less than a refused port, that less than a refusal in DNS, and that less than an answer."""
    both = _both(one, other)
    assert (both.outcome, both.first) == (stands, one.outcome)
