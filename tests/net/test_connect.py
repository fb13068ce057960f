"""Connecting, against real sockets on loopback."""

import asyncio
import socket

import pytest

from imdoctor.lab.loop import LabLoop
from imdoctor.lab.raw import RAW
from imdoctor.net.connect import Connect, connect
from imdoctor.net.machine import Machine, errno_name, route_to

FAR = "43.141.10.1"


def attempt(port: int, *, timeout: float = 1.0, address: str = "127.0.0.1", **more: int) -> Connect:
    """Connect to a port of this machine under a public-looking address; close what was opened."""

    async def once() -> Connect:
        seen, sock = await connect(FAR, port, timeout=timeout, dial=lambda _, port: (address, port), **more)
        if sock is not None:
            sock.close()
        return seen

    return asyncio.run(once())


def test_success() -> None:
    """A connection that stands has a time, a source, and on Linux what the kernel knows; its address is the one asked for."""
    with LabLoop() as lab:
        seen = attempt(lab.serve(RAW["closed"]))
    assert (seen.address, seen.error, seen.source, seen.attempts) == (FAR, None, "127.0.0.1", 1)
    assert seen.seconds is not None
    assert seen.info is not None
    assert (seen.info.retransmits, seen.info.path_mtu) == (0, 65535)


def test_refused() -> None:
    """A port that refuses is told by its errno, and has no time."""
    with LabLoop() as lab:
        seen = attempt(lab.refusing())
    assert (seen.error, seen.seconds, seen.info) == ("ECONNREFUSED", None, None)
    assert seen.waited is not None


def test_silence_is_asked_twice() -> None:
    """Silence is a timeout after two SYNs from two sockets; nothing was dropped on this machine."""
    with LabLoop() as lab:
        seen = attempt(lab.silent(), timeout=0.4)
    assert (seen.error, seen.attempts, seen.seconds, seen.local_drops) == ("timeout", 2, None, 0)


def test_the_first_of_two_to_answer_counts() -> None:
    """Where the first SYN met a full queue and the second one is answered, the connection stands after two attempts."""
    with LabLoop() as lab:
        silent, answering = lab.silent(), lab.serve(RAW["closed"])
        ports = iter((silent, answering))

        async def once() -> Connect:
            seen, sock = await connect(FAR, 443, timeout=0.6, dial=lambda *_: ("127.0.0.1", next(ports)))
            assert sock is not None
            sock.close()
            return seen

        seen = asyncio.run(once())
    assert (seen.error, seen.attempts, seen.port) == (None, 2, 443)


def test_no_way_there() -> None:
    """What the kernel refuses to send to is told by its errno."""
    assert attempt(9, address="255.255.255.255").error == "ENETUNREACH"


def test_small_segments() -> None:
    """The maximum segment is set before the SYN."""
    with LabLoop() as lab:
        seen = attempt(lab.serve(RAW["closed"]), max_segment=256)
    assert seen.info is not None
    assert seen.info.mss is not None
    assert seen.info.mss <= 256


def test_ipv6() -> None:
    """IPv6 is spoken as well."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        seen = attempt(server.getsockname()[1], address="::1")
    assert (seen.error, seen.source) == (None, "::1")


def test_cancelled_in_the_middle() -> None:
    """A connect that is cancelled leaves no socket behind: a ResourceWarning would fail this test."""

    async def cancelled(port: int) -> None:
        task = asyncio.create_task(connect(FAR, port, timeout=5.0, dial=lambda _, port: ("127.0.0.1", port)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with LabLoop() as lab:
        asyncio.run(cancelled(lab.silent()))


@pytest.mark.parametrize(("to", "source", "error"), [("127.0.0.1", "127.0.0.1", None), ("::1", "::1", None)])
def test_routes(to: str, source: str, error: str | None) -> None:
    """The kernel names the source for an address that it has a route to."""
    route = route_to(to)
    assert (route.source, route.error) == (source, error)


def test_this_machine_can_be_read() -> None:
    """Interfaces, gateways and clock of this machine are read without stumbling."""
    machine = Machine()
    assert all(link.name and link.state for link in machine.links())
    assert all(
        socket.inet_pton(socket.AF_INET6 if ":" in gateway else socket.AF_INET, gateway)
        for gateway in machine.gateways()
    )
    assert machine.wall() > 0


@pytest.mark.parametrize(
    ("error", "name"),
    [(ConnectionRefusedError(111, "refused"), "ECONNREFUSED"), (OSError("odd"), "odd")],
    ids=["a number", "none"],
)
def test_errors_have_names(error: OSError, name: str) -> None:
    """An error is told by its name, or by its text where it has no number."""
    assert errno_name(error) == name
