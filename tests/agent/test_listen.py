"""Where the agent listens: addresses as people write them, and every way in which one cannot be had."""

import contextlib
import socket
from pathlib import Path

import pytest

from imdoctor.agent.listen import Address, ListenError, bound, parse_address

GOOD = {
    "IPv4": ("127.0.0.1:9877", Address("127.0.0.1", 9877), "127.0.0.1:9877", True, True),
    "IPv6": ("[::1]:9877", Address("::1", 9877), "[::1]:9877", True, True),
    "a port alone": ("9877", Address("127.0.0.1", 9877), "127.0.0.1:9877", True, True),
    "localhost": ("localhost:9877", Address("127.0.0.1", 9877), "127.0.0.1:9877", True, True),
    "every address": ("0.0.0.0:9877", Address("0.0.0.0", 9877), "0.0.0.0:9877", False, False),
    "another address": ("[2001:db8::1]:1", Address("2001:db8::1", 1), "[2001:db8::1]:1", False, False),
    "a Unix socket": ("/run/x/http", Address(path="/run/x/http"), "/run/x/http", True, False),
    "the highest port": ("65535", Address("127.0.0.1", 65535), "127.0.0.1:65535", True, True),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_address_is_read(name: str) -> None:
    """Each form is read as what it means, and shown as it is written."""
    text, address, shown, local, loopback = GOOD[name]
    assert parse_address(text) == address
    assert (str(address), address.is_local, address.is_loopback) == (shown, local, loopback)


BAD = {
    "a port of everything": ":9877",
    "a name": "web-1:9877",
    "no port": "127.0.0.1",
    "a port beyond the last": "65536",
    "IPv6 without brackets": "::1:9877",
    "a URL": "http://127.0.0.1:9877",
    "nothing": "",
    "a path that is relative": "run/http",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_address_is_refused(name: str) -> None:
    """What cannot be read is refused with the forms that can."""
    with pytest.raises(ValueError, match=r"write 127\.0\.0\.1:9877"):
        parse_address(BAD[name])


def test_a_free_port_is_told() -> None:
    """Port 0 is any free one, and the address says which."""
    sock, address = bound(Address())
    with contextlib.closing(sock):
        assert address.port == sock.getsockname()[1] > 0


def test_a_port_that_is_taken_is_an_error() -> None:
    """The error says who may have it, and what to do."""
    sock, address = bound(Address())
    with contextlib.closing(sock), pytest.raises(ListenError) as caught:
        bound(address)
    assert f"cannot listen on {address}: another process does" in str(caught.value)
    assert f"ss -ltnp 'sport = :{address.port}'" in str(caught.value)


def test_an_address_of_another_machine_is_an_error() -> None:
    """The error says so, and how to see this machine's own."""
    with pytest.raises(ListenError, match="no address of this machine: `ip -brief address`"):
        bound(Address("192.0.2.1", 9877))


def test_a_path_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    """A folder that is not there is named by the kernel's words."""
    with pytest.raises(ListenError, match="No such file or directory"):
        bound(Address(path=str(tmp_path / "none/http")))


def test_a_socket_left_behind_makes_room(tmp_path: Path) -> None:
    """The socket of a process that is gone is taken away."""
    path = tmp_path / "http"
    bound(Address(path=str(path)))[0].close()
    assert path.exists()
    sock, _ = bound(Address(path=str(path)))
    with contextlib.closing(sock), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_socket_that_answers_stays(tmp_path: Path) -> None:
    """The socket of a process that listens is its own."""
    path = tmp_path / "http"
    sock, address = bound(Address(path=str(path)))
    with contextlib.closing(sock):
        with pytest.raises(ListenError, match="another process listens there"):
            bound(address)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_file_that_is_no_socket_stays(tmp_path: Path) -> None:
    """A file of that name is not touched."""
    path = tmp_path / "http"
    path.write_text("mine")
    with pytest.raises(ListenError, match="something else has that name"):
        bound(Address(path=str(path)))
    assert path.read_text() == "mine"
