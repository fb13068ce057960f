"""What a service tells its manager, received by a real datagram socket."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imdoctor.agent.notify import Notifier, watchdog_period


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """Listen as a service manager does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(address.replace("@", "\0", 1))
        sock.settimeout(5)
        yield sock


def told(folder: Path, say: Callable[[Notifier], bool]) -> str:
    """Return the datagram that a notifier sends."""
    address = str(folder / "notify")
    with manager(address) as sock:
        assert say(Notifier(address=address, monotonic=lambda: 12.5))
        return sock.recv(65536).decode()


@pytest.mark.parametrize(
    ("say", "datagram"),
    [
        pytest.param(lambda way: way.ready(), "READY=1", id="ready"),
        pytest.param(lambda way: way.ready("3 targets"), "READY=1\nSTATUS=3 targets", id="ready, with a status"),
        pytest.param(lambda way: way.status("FAILED: prod"), "STATUS=FAILED: prod", id="status"),
        pytest.param(
            lambda way: way.status("a\nREADY=1\r\n\x0bb"), "STATUS=a READY=1 b", id="a status stays on its line"
        ),
        pytest.param(lambda way: way.status("故" * 900), "STATUS=" + "故" * 500, id="a long status is cut"),
        pytest.param(lambda way: way.status("\udcff"), "STATUS=?", id="a status that is no Unicode"),
        pytest.param(lambda way: way.watchdog(), "WATCHDOG=1", id="watchdog"),
        pytest.param(lambda way: way.reloading(), "RELOADING=1\nMONOTONIC_USEC=12500000", id="reloading"),
        pytest.param(lambda way: way.stopping("bye"), "STOPPING=1\nSTATUS=bye", id="stopping"),
        pytest.param(lambda way: way.extend(1.5), "EXTEND_TIMEOUT_USEC=1500000", id="more time"),
    ],
)
def test_datagrams(tmp_path: Path, say: Callable[[Notifier], bool], datagram: str) -> None:
    """Each method sends one datagram as sd_notify(3) words it."""
    assert told(tmp_path, say) == datagram


def test_abstract_address() -> None:
    """An address that begins with @ is a name without a file."""
    address = f"@imdoctor-test-{os.getpid()}"
    with manager(address) as sock:
        assert Notifier.of({"NOTIFY_SOCKET": address}).ready()
        assert sock.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({}, id="no manager"),
        pytest.param({"NOTIFY_SOCKET": ""}, id="empty"),
        pytest.param({"NOTIFY_SOCKET": "@"}, id="no name"),
        pytest.param({"NOTIFY_SOCKET": "vsock:2:1234"}, id="another family"),
        pytest.param({"NOTIFY_SOCKET": "relative"}, id="no path"),
        pytest.param({"NOTIFY_SOCKET": "/nowhere/notify"}, id="nobody there"),
        pytest.param({"NOTIFY_SOCKET": "/" + "x" * 200}, id="a path too long"),
    ],
)
def test_nobody_to_tell(environ: dict[str, str]) -> None:
    """Where there is nobody to tell, nothing is told and nothing raised."""
    way = Notifier.of(environ)
    assert not any((way.ready(), way.watchdog(), way.reloading(), way.stopping()))


def test_a_stuck_manager_holds_nothing_up(tmp_path: Path) -> None:
    """A manager that takes nothing any more loses what is told, and nothing waits for it."""
    address = str(tmp_path / "notify")
    with manager(address):
        way = Notifier(address=address)
        assert way.watchdog()
        assert not all(way.watchdog() for _ in range(100_000))


@pytest.mark.parametrize(
    ("environ", "period"),
    [
        pytest.param({}, None, id="none wanted"),
        pytest.param({"WATCHDOG_USEC": "30000000"}, 15.0, id="half of it"),
        pytest.param({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 15.0, id="meant for this process"),
        pytest.param({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None, id="meant for another"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="zero"),
        pytest.param({"WATCHDOG_USEC": "-5"}, None, id="negative"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="no number"),
        pytest.param({"WATCHDOG_USEC": "9" * 5000}, None, id="no sane number"),
        pytest.param({"WATCHDOG_USEC": "²"}, None, id="no ASCII digit"),
    ],
)
def test_watchdog_period(environ: dict[str, str], period: float | None) -> None:
    """The watchdog is fed at half the time that the manager grants, and by the process that is meant."""
    assert watchdog_period(environ, 7) == period
