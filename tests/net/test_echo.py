"""HTTP echoes: their layouts, and asking real servers that tell the truth, lie, redirect or never end."""

import asyncio
import contextlib
import re
import ssl
import urllib.parse
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.lab.loop import LabLoop
from imdoctor.lab.proxy import proxy
from imdoctor.net.echo import Echo, Way, ask_echo, redirected, target
from imdoctor.net.geo import Told
from imdoctor.net.machine import Machine, SystemAnswer
from imdoctor.net.pages import decode, parse
from imdoctor.net.proxy import Proxy
from imdoctor.net.trust import tls_context
from tests.lab.certificates import authority
from tests.lab.outside import IPIP, NSTOOL

URL = f"https://{IPIP}/json"
PAGE = '{"ret":"ok","data":{"ip":"119.147.10.2","location":["中国","广东","深圳","","电信"]}}'
VARIABLES = """var ip = '119.147.10.2'; var ip_isp = "电信";
ip_province='广东'; ip_city: '深圳', dns = '120.196.0.2'; dns_isp = '移动'; dns_province = '四川'; msg = 'x'"""
HEAD = "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n"
Answers = Callable[[asyncio.StreamWriter, str], Awaitable[None]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PAGE, ("119.147.10.2", None, ("中国", "广东", "深圳", "电信"))),
        ('{"data":{"ip":"119.147.10.2","location":["中国"]}}', ("119.147.10.2", None, None)),
        (VARIABLES, ("119.147.10.2", "120.196.0.2", (None, "广东", "深圳", "电信"))),
        (" 119.147.10.2\n", ("119.147.10.2", None, None)),
    ],
    ids=["ipip", "ipip without a place", "nstool", "an address alone"],
)
def test_layouts(text: str, expected: tuple[str, str | None, tuple[str | None, ...] | None]) -> None:
    """Each layout gives the address, the resolver's where it has one, and where they are."""
    shown = parse(URL, text)
    assert shown is not None
    address, resolver, told = shown
    place = (told[0].country, told[0].region, told[0].city, told[0].isp) if told else None
    assert (address, resolver, place) == expected
    assert [one.address for one in told[1:]] == ([resolver] if resolver else [])


@pytest.mark.parametrize(
    "text", ["", "<html></html>", "[]", "{}", '{"data": 3}', '{"data": {"ip": 3}}', "null", "[" * 5000]
)
def test_what_shows_nothing(text: str) -> None:
    """Any other page shows nothing."""
    assert parse(URL, text) is None


@given(st.binary(max_size=2000))
def test_any_bytes_are_read(data: bytes) -> None:
    """No page makes the reader stumble."""
    parse(URL, decode(data))


def test_gbk_is_read() -> None:
    """A page in GBK is read as such, one in UTF-8 as that."""
    assert decode(VARIABLES.encode("gbk")) == VARIABLES
    assert decode(VARIABLES.encode()) == VARIABLES


@pytest.fixture(name="lab")
def _lab() -> Iterator[LabLoop]:
    with LabLoop() as lab:
        yield lab


def way(lab: LabLoop, folder: Path, answers: Answers, *, name: str = IPIP, through: str | None = None) -> Way:
    """Return the way to an echo on loopback that answers so; port 80 is the same without TLS."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answers(writer, (await reader.readuntil(b"\r\n\r\n")).decode("ascii"))
        await writer.drain()

    leaf = authority("Lab Root").leaf(name, f"*.{name}")
    (folder / "echo.pem").write_bytes(leaf.key_pem() + leaf.pem())
    (folder / "root.pem").write_bytes(authority("Lab Root").root.pem())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "echo.pem")
    ports = {443: lab.serve(handle, context=context), 80: lab.serve(handle)}
    if through is not None:
        ports[3128] = lab.serve(proxy(through, lambda _, port: ports[port], None))

    async def resolve(host: str, port: int) -> SystemAnswer:
        del port
        return (
            SystemAnswer(addresses=("43.141.30.1",))
            if host.rstrip(".").endswith(name)
            else SystemAnswer(error="EAI_NONAME")
        )

    return Way(
        machine=Machine(dial=lambda _, port: ("127.0.0.1", ports[port]), resolve=resolve),
        context=tls_context(folder / "root.pem", verify=True),
        family=4,
        proxy=Proxy(scheme="http", host="proxy", port=3128, source="configuration") if through else None,
        proxy_addresses=("10.80.0.1",) if through else (),
    )


def page(text: str) -> Answers:
    """Answer with a page."""

    async def answer(writer: asyncio.StreamWriter, head: str) -> None:
        del head
        body = text.encode("gbk")
        writer.write(HEAD.format(len(body)).encode() + body)

    return answer


def moved(*, to: str) -> Answers:
    """Redirect the first page, and show the address on the next one."""

    async def answer(writer: asyncio.StreamWriter, head: str) -> None:
        if head.startswith("GET /json "):
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            await page(VARIABLES)(writer, head)

    return answer


def asked(over: Way, limit: float = 5.0) -> Echo:
    """Ask the echo."""
    return asyncio.run(ask_echo(URL, over, limit))


def test_an_echo_is_asked(lab: LabLoop, tmp_path: Path) -> None:
    """The address, the place and the time are told."""
    seen = asked(way(lab, tmp_path, page(PAGE)))
    assert (seen.address, seen.error, seen.via, seen.family) == ("119.147.10.2", None, "direct", 4)
    assert seen.told == (
        Told(address="119.147.10.2", source=URL, country="中国", region="广东", city="深圳", isp="电信"),
    )
    assert seen.seconds is not None


@pytest.mark.parametrize(
    "to", [f"https://a1.{IPIP}/x", f"http://a1.{IPIP}/x", "/x", "/x?y=a b", "/x?y=\u4e2d", "/\u4e2d x"]
)
def test_redirects_within_its_domain(lab: LabLoop, tmp_path: Path, to: str) -> None:
    """They are followed, to http as well: the answer shows who resolved the name."""
    seen = asked(way(lab, tmp_path, moved(to=to)))
    assert (seen.address, seen.resolver, seen.error) == ("119.147.10.2", "120.196.0.2", None)


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("https://elsewhere.example/", "a redirect to elsewhere.example"),
        (f"https://evil{IPIP}/", f"a redirect to evil{IPIP}"),
        ("ftp://x/", "a redirect to x"),
        ("/json", "too many redirects"),
        (f"https://{IPIP}:99999/", "a redirect to nowhere"),
        ("https://[", "a redirect to nowhere"),
        (f"https://..{IPIP}/", f"a redirect to ..{IPIP}"),
        (f"https://{'a' * 70}.{IPIP}/", f"a redirect to {'a' * 60}"),
        ("javascript:alert(1)", "a redirect to nowhere"),
    ],
)
def test_redirects_elsewhere(lab: LabLoop, tmp_path: Path, to: str, error: str) -> None:
    """Others are not, since no plan lists where they lead; nor those that lead nowhere."""
    assert asked(way(lab, tmp_path, moved(to=to))).error == error


@given(st.text(max_size=60))
def test_any_location_is_followed_or_refused(location: str) -> None:
    """Any redirect leads to a page of the echo's own by a request that can be sent, or is refused in a sentence."""
    with contextlib.suppress(ValueError):
        there = redirected(URL, location, IPIP)
        assert (urllib.parse.urlsplit(there).hostname or "").endswith(IPIP)
        assert re.fullmatch("/[!-~]*", target(there))


def test_through_a_proxy(lab: LabLoop, tmp_path: Path) -> None:
    """The same through a proxy's tunnel; one that opens none says so."""
    seen = asked(way(lab, tmp_path, page(PAGE), through="good"))
    assert (seen.address, seen.via) == ("119.147.10.2", "proxy")
    assert asked(way(lab, tmp_path, page(PAGE), through="denied")).error == "the proxy opens no tunnel (403)"


async def _silent(writer: asyncio.StreamWriter, head: str) -> None:
    del writer, head
    await asyncio.sleep(60)


async def _endless(writer: asyncio.StreamWriter, head: str) -> None:
    del head
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (1 << 21))


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (page('{"data":{"ip":"10.66.6.6"}}'), "10.66.6.6, which is no public address"),
        (page("ip = '119.147.10.2'; dns = 'rubbish \x07'"), "rubbish, which is no public address"),
        (page('{"data":{"ip":"2402:4e00::1%x"}}'), "2402:4e00::1%x, which is no public address"),
        (page('{"data":{"ip":""}}'), "no address in the answer"),
        (page("var ip = '';"), "no address in the answer"),
        (page("nothing"), "no address in the answer"),
        (_silent, "timeout"),
        (_endless, "too-large"),
    ],
    ids=[
        *("a private address", "a resolver that is none", "an address of one link", "an empty address"),
        *("an empty variable", "no address", "silence", "an endless body"),
    ],
)
def test_lies_and_silence(lab: LabLoop, tmp_path: Path, answers: Answers, error: str) -> None:
    """What cannot be believed gives nothing but its reason."""
    limit = 0.3 if error == "timeout" else 5.0
    seen = asked(way(lab, tmp_path, answers), limit)
    assert (seen.address, seen.resolver, seen.told, seen.error) == (None, None, (), error)


def test_a_stranger_is_not_believed(lab: LabLoop, tmp_path: Path) -> None:
    """An echo under another's certificate is refused, and one whose name has no address says so."""
    strange = way(lab, tmp_path, page(PAGE), name=NSTOOL)
    assert asked(strange).error == "EAI_NONAME"
    other = Path(tmp_path, "other")
    other.mkdir()
    good = way(lab, other, page(PAGE))
    untrusting = Way(machine=good.machine, context=tls_context(None, verify=True), family=4)
    assert "certificate" in (asked(untrusting).error or "") or "issuer" in (asked(untrusting).error or "")
    assert (
        asked(Way(machine=good.machine, context=good.context, family=6)).error
        == "its name has no address of this family"
    )
