"""The lab's other servers as a raw socket sees them: ports that refuse or are silent, wrong TLS servers, proxies."""

import contextlib
import errno
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from imdoctor.lab.authority import Authority
from imdoctor.lab.loop import Handler, LabLoop
from imdoctor.lab.proxy import proxy
from imdoctor.lab.raw import RAW, says_ssh, sieve
from imdoctor.lab.scenarios import HEALTHY
from imdoctor.lab.world import open_world

NAME = "console.tim.qq.com"


@contextlib.contextmanager
def connected(handler: Handler, timeout: float = 5.0) -> Iterator[socket.socket]:
    """Serve one handler; yield a connection to it."""
    with LabLoop() as lab, socket.create_connection(("127.0.0.1", lab.serve(handler)), timeout=timeout) as sock:
        yield sock


def hello(name: str = NAME) -> bytes:
    """Return a ClientHello for a name."""
    out = ssl.MemoryBIO()
    shaking = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        shaking.do_handshake()
    return out.read()


def test_a_refusing_port() -> None:
    """A refusing port refuses, every time."""
    with LabLoop() as lab:
        port = lab.refusing()
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=5.0)


def test_a_silent_port() -> None:
    """A silent port answers no SYN."""
    with LabLoop() as lab:
        port = lab.silent()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                socket.create_connection(("127.0.0.1", port), timeout=0.2)


def test_reset_on_accept() -> None:
    """The connection is reset before a byte was sent, at times before the client has taken note that it stands."""
    with pytest.raises(ConnectionResetError), connected(RAW["reset-on-accept"]) as sock:
        sock.recv(1)


def test_reset_by_the_hello() -> None:
    """The connection is kept until the ClientHello, and reset by it."""
    with connected(RAW["reset"], timeout=0.2) as sock:
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.sendall(hello())
        sock.settimeout(5.0)
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_closed_by_the_hello() -> None:
    """The stream ends in order after the ClientHello."""
    with connected(RAW["closed"]) as sock:
        sock.sendall(hello())
        assert sock.recv(1) == b""


def test_silent_after_the_hello() -> None:
    """The ClientHello is taken, and nothing comes back, not even the end."""
    with connected(RAW["silent"], timeout=0.2) as sock:
        sock.sendall(hello())
        with pytest.raises(TimeoutError):
            sock.recv(1)


@pytest.mark.parametrize(("name", "told"), [("ssh", b"SSH-2.0-"), ("http", b"HTTP/1.1 400 ")])
def test_other_protocols(name: str, told: bytes) -> None:
    """Another protocol's server greets or answers in its own words."""
    with connected(RAW[name]) as sock:
        sock.sendall(hello())
        assert sock.recv(len(told), socket.MSG_WAITALL) == told


@pytest.mark.parametrize(
    ("name", "reason"),
    [("old-version", "TLSV1_ALERT_PROTOCOL_VERSION"), ("no-cipher", "SSLV3_ALERT_HANDSHAKE_FAILURE")],
)
def test_alerts(name: str, reason: str) -> None:
    """A refusal by alert is the alert that it says."""
    with connected(RAW[name]) as sock, pytest.raises(ssl.SSLError) as caught:
        ssl.create_default_context().wrap_socket(sock, server_hostname=NAME)
    assert caught.value.reason == reason


def test_a_filter_of_names() -> None:
    """A filter lets the ClientHello of one name through, and resets every other one."""
    with LabLoop() as lab:
        port = lab.serve(sieve(lambda hello: b"allowed.example" in hello, lab.serve(says_ssh)))
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as sock:
            sock.sendall(hello("allowed.example"))
            assert sock.recv(4, socket.MSG_WAITALL) == b"SSH-"
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as sock:
            sock.sendall(hello())
            with pytest.raises(ConnectionResetError):
                sock.recv(1)


CONNECT = b"CONNECT console.tim.qq.com:443 HTTP/1.1\r\nHost: console.tim.qq.com:443\r\n%s\r\n"
LOGIN = b"Proxy-Authorization: Basic bWU6czNjcmV0\r\n"
"""``me:s3cret``."""


@pytest.mark.parametrize(
    ("how", "credentials", "header", "told"),
    [
        pytest.param("auth", None, b"", b"HTTP/1.1 407 ", id="wants a password"),
        pytest.param("denied", None, b"", b"HTTP/1.1 403 ", id="denies"),
        pytest.param("upstream", None, b"", b"HTTP/1.1 503 ", id="cannot reach"),
        pytest.param("garbage", None, b"", b"220 mail.example ", id="no proxy at all"),
        pytest.param("good", None, b"", b"HTTP/1.1 200 ", id="good"),
        pytest.param("good", "me:s3cret", b"", b"HTTP/1.1 407 ", id="no password"),
        pytest.param("good", "me:s3cret", LOGIN.replace(b"z", b"y"), b"HTTP/1.1 407 ", id="a wrong password"),
        pytest.param("good", "me:s3cret", LOGIN, b"HTTP/1.1 200 ", id="the right password"),
    ],
)
def test_what_a_proxy_says(how: str, credentials: str | None, header: bytes, told: bytes) -> None:
    """A proxy answers CONNECT as its fault has it."""
    with LabLoop() as lab:
        beyond = lab.serve(says_ssh)
        port = lab.serve(proxy(how, lambda _host, _port: beyond, credentials))
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as sock:
            sock.sendall(CONNECT % header)
            assert sock.recv(len(told), socket.MSG_WAITALL) == told


def test_a_tunnel_leads_to_what_connect_names() -> None:
    """A good proxy resolves the name itself, and carries bytes both ways."""
    asked: list[tuple[str, int]] = []

    with LabLoop() as lab:
        beyond = lab.serve(RAW["http"])

        def resolve(host: str, port: int) -> int:
            asked.append((host, port))
            return beyond

        port = lab.serve(proxy("good", resolve, None))
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as sock:
            sock.sendall(CONNECT % b"")
            established = b"HTTP/1.1 200 Connection established\r\n\r\n"
            assert sock.recv(len(established), socket.MSG_WAITALL) == established
            sock.sendall(b"anything")
            assert sock.recv(13, socket.MSG_WAITALL) == b"HTTP/1.1 400 "
    assert asked == [(NAME, 443)]


def test_nothing_is_left_behind() -> None:
    """After a lab its threads, sockets and files are gone, whatever a client left open."""
    before = threading.active_count()
    with open_world(HEALTHY) as job:
        folder = job.machine.resolv_conf.parent
        assert folder.is_dir()
        left_open = socket.create_connection(job.machine.dial("43.141.10.1", 443), timeout=5.0)
        where = left_open.getpeername()
    with left_open:
        assert left_open.recv(1) == b""
    assert threading.active_count() == before
    assert not folder.exists()
    with socket.socket() as sock:
        assert sock.connect_ex(where) == errno.ECONNREFUSED


def shake(folder: Path, chain: bytes, authority: Authority) -> str:
    """Shake hands with a server of this chain and key; return why the certificate is refused, or nothing."""
    (folder / "leaf.pem").write_bytes(chain)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "leaf.pem")
    client = ssl.create_default_context(cadata=authority.root.pem().decode())
    with LabLoop() as lab:
        port = lab.serve(RAW["closed"], context=context)
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as sock:
            try:
                client.wrap_socket(sock, server_hostname=NAME).close()
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return ""


def test_certificates(tmp_path: Path) -> None:
    """Each certificate is refused for the one fault that it was made with, and the good ones are not."""
    authority, stranger = Authority(), Authority("Stranger")
    middle = authority.leaf(NAME, by_intermediate=True)
    made = {
        "good": (authority.leaf(NAME), b""),
        "by an intermediate": (middle, authority.intermediate.pem()),
        "without the intermediate": (middle, b""),
        "expired": (authority.leaf(NAME, starts=-400, ends=-35), b""),
        "not yet valid": (authority.leaf(NAME, starts=10, ends=400), b""),
        "other name": (authority.leaf("portal.example.net"), b""),
        "self-signed": (authority.self_signed(NAME), b""),
        "a stranger's": (stranger.leaf(NAME), stranger.root.pem()),
    }
    said = {what: shake(tmp_path, leaf.key_pem() + leaf.pem() + rest, authority) for what, (leaf, rest) in made.items()}
    assert said == {
        "good": "",
        "by an intermediate": "",
        "without the intermediate": "unable to get local issuer certificate",
        "expired": "certificate has expired",
        "not yet valid": "certificate is not yet valid",
        "other name": f"Hostname mismatch, certificate is not valid for '{NAME}'.",
        "self-signed": "self-signed certificate",
        "a stranger's": "self-signed certificate in certificate chain",
    }
