"""Which proxy is used, and CONNECT through proxies good and bad."""

import asyncio

import pytest

from imdoctor.lab.loop import LabLoop
from imdoctor.lab.proxy import proxy as lab_proxy
from imdoctor.lab.raw import RAW
from imdoctor.net.proxy import Proxy, Tunnel, exempt, proxy_for, tunnel

HOST = "console.tim.qq.com"


@pytest.mark.parametrize(
    ("setting", "environ", "shown"),
    [
        pytest.param("env", {}, None, id="none named"),
        pytest.param("env", {"https_proxy": "http://p:3128"}, "http://p:3128", id="https_proxy"),
        pytest.param("env", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128", id="HTTPS_PROXY"),
        pytest.param(
            "env", {"https_proxy": "http://a", "HTTPS_PROXY": "http://b"}, "http://a:80", id="lower case first"
        ),
        pytest.param("env", {"all_proxy": "p:3128"}, "http://p:3128", id="all_proxy, without a scheme"),
        pytest.param("env", {"http_proxy": "http://p:3128"}, None, id="http_proxy is for http"),
        pytest.param("env", {"https_proxy": "http://u:s3cret@p:3128"}, "http://p:3128", id="a password is not shown"),
        pytest.param("env", {"https_proxy": "http://[::1]:3128"}, "http://[::1]:3128", id="IPv6"),
        pytest.param("env", {"https_proxy": "http://p:99999"}, None, id="no port"),
        pytest.param("env", {"https_proxy": "http://p", "no_proxy": HOST}, None, id="exempt"),
        pytest.param("none", {"https_proxy": "http://p"}, None, id="none wanted"),
        pytest.param("http://q:8080", {"https_proxy": "http://p", "no_proxy": "*"}, "http://q:8080", id="configured"),
    ],
)
def test_proxy_for(setting: str, environ: dict[str, str], shown: str | None) -> None:
    """The proxy is the configured one, else the environment's, as curl and Python read it."""
    found = proxy_for(setting, HOST, 443, environ)
    assert (found.shown if found else None) == shown
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("no_proxy", "is_exempt"),
    [
        ("", False),
        ("*", True),
        (HOST, True),
        (HOST.upper(), True),
        ("tim.qq.com", True),
        (".qq.com", True),
        ("*.qq.com", True),
        ("q.com", False),
        (f"{HOST}:443", True),
        (f"{HOST}:80", False),
        (f"a.example, {HOST}", True),
        ("10.0.0.0/8", False),
    ],
)
def test_exempt(no_proxy: str, *, is_exempt: bool) -> None:
    """NO_PROXY exempts by name, suffix, port or `*`; half a label is no suffix."""
    assert exempt(HOST, 443, no_proxy) is is_exempt


@pytest.mark.parametrize(("no_proxy", "is_exempt"), [("43.0.0.0/8", True), ("43.1.1.1", True), ("44.0.0.0/8", False)])
def test_exempt_networks(no_proxy: str, *, is_exempt: bool) -> None:
    """An address is exempt by itself or by its network."""
    assert exempt("43.1.1.1", 443, no_proxy) is is_exempt


def through(
    how: str, *, credentials: str | None = None, given: str | None = None, scheme: str = "http"
) -> tuple[Tunnel, bytes]:
    """CONNECT through a proxy of the lab; return what came of it, and the first bytes out of the tunnel."""

    async def once(port: int) -> tuple[Tunnel, bytes]:
        environ = {"https_proxy": f"{scheme}://{given + '@' if given else ''}proxy.example:3128"}
        found = proxy_for("env", HOST, 443, environ)
        assert isinstance(found, Proxy)
        seen, sock = await tunnel(
            found, HOST, 443, addresses=("10.0.0.1",), timeout=0.5, dial=lambda *_: ("127.0.0.1", port)
        )
        if sock is None:
            return seen, b""
        with sock:
            await asyncio.get_running_loop().sock_sendall(sock, b"hello")
            return seen, await asyncio.get_running_loop().sock_recv(sock, 100)

    with LabLoop() as lab:
        beyond = lab.serve(RAW["http"])
        if how == "dead":
            return asyncio.run(once(lab.refusing()))
        handler = RAW[how] if how in RAW else lab_proxy(how, lambda *_: beyond, credentials)
        return asyncio.run(once(lab.serve(handler)))


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("good", 200, None),
        ("auth", 407, "refused"),
        ("denied", 403, "refused"),
        ("upstream", 503, "refused"),
        ("garbage", None, "garbage"),
        ("dead", None, "connect"),
        ("silent", None, "timeout"),
        ("closed", None, "closed"),
        ("reset", None, "reset"),
    ],
)
def test_tunnel(how: str, status: int | None, error: str | None) -> None:
    """Each answer to CONNECT has its word, and only a 2xx opens the tunnel."""
    seen, said = through(how)
    assert (seen.status, seen.error, said.startswith(b"HTTP/1.1 400")) == (status, error, error is None)


def test_a_password_opens_the_tunnel() -> None:
    """The URL's user and password are sent as Basic, and shown nowhere."""
    seen, said = through("good", credentials="user:p@ss", given="user:p%40ss")
    assert (seen.error, said.startswith(b"HTTP")) == (None, True)
    assert "p@ss" not in repr(seen)


def test_other_schemes_are_told() -> None:
    """What is not spoken is told so, and nothing is sent."""
    assert through("good", scheme="socks5")[0].error == "unsupported-scheme"
