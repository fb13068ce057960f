"""Where an address is: files made here, their faults, routing data, and what echoes said."""

import asyncio
import ipaddress
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.net.geo import (
    Locator,
    MaxMindFile,
    Remembered,
    Routing,
    Told,
    XdbFile,
    clean,
    is_public,
    of_xdb,
    origin_name,
    places,
)
from tests.lab.geofiles import write_mmdb, write_xdb
from tests.lab.model import Whereabouts

PLACES = {
    "119.147.0.0/16": Whereabouts(region="广东省", city="深圳市", isp="电信", asn=4134),
    "120.196.0.0/24": Whereabouts(region="四川省", isp="移动", asn=9808),
    "223.0.0.0/8": Whereabouts(country="中国"),
}
INSIDE, OTHER, NOWHERE = "119.147.200.1", "120.196.0.255", "8.8.8.8"


def mmdb(address: str, path: Path) -> Told | None:
    """Look an address up in a MaxMind file."""
    return asyncio.run(MaxMindFile(str(path)).told(address))


def xdb(address: str, path: Path) -> Told | None:
    """Look an address up in an xdb file."""
    return asyncio.run(XdbFile(str(path)).told(address))


def test_a_maxmind_file(tmp_path: Path) -> None:
    """City and network come out of it, the Chinese names first; an address that it lacks is no error."""
    write_mmdb(tmp_path / "f", PLACES)
    expected = Told(address=INSIDE, source="mmdb", country="CN", region="广东省", city="深圳市", isp="电信", asn=4134)
    assert mmdb(INSIDE, tmp_path / "f") == expected
    assert mmdb(NOWHERE, tmp_path / "f") is None


def test_an_xdb_file(tmp_path: Path) -> None:
    """The same of ip2region's format; it holds one family, and of the other it says nothing."""
    write_xdb(tmp_path / "f", PLACES)
    expected = Told(address=OTHER, source="xdb", country="中国", region="四川省", isp="移动")
    assert xdb(OTHER, tmp_path / "f") == expected
    assert xdb(NOWHERE, tmp_path / "f") is None
    assert xdb("2402::1", tmp_path / "f") is None


@given(st.dictionaries(st.integers(0, 255), st.integers(8, 24), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_any_networks(first: dict[int, int], number: int) -> None:
    """The files that the tests make, and the libraries that read them, agree on what lies in which network."""
    networks = {
        str(ipaddress.ip_network((octet << 24, bits))): Whereabouts(region=f"R{octet}") for octet, bits in first.items()
    }
    address = ipaddress.ip_address(number)
    expected = next(
        (there.region for network, there in networks.items() if address in ipaddress.ip_network(network)), None
    )
    with TemporaryDirectory() as folder:
        write_xdb(Path(folder, "f"), networks)
        told = xdb(str(address), Path(folder, "f"))
    assert (told.region if told else None) == expected


@pytest.mark.parametrize("reader", [mmdb, xdb])
@pytest.mark.parametrize(
    "content", [None, b"", b"rubbish" * 100, bytes(300)], ids=["missing", "empty", "rubbish", "zeros"]
)
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, reader: object, content: bytes | None) -> None:
    """It is named with the reason; nothing is raised."""
    if content is not None:
        (tmp_path / "f").write_bytes(content)
    told = reader(INSIDE, tmp_path / "f")  # type: ignore[operator]  # one of the two functions
    assert told is not None
    assert told.error
    assert str(tmp_path / "f") in told.error


@pytest.mark.parametrize(("reader", "module"), [(mmdb, "maxminddb"), (xdb, "ip2region")])
def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: object, module: str) -> None:
    """A reader that is not installed is named with what to type."""
    monkeypatch.setitem(sys.modules, module, None)
    told = reader(INSIDE, tmp_path / "f")  # type: ignore[operator]  # one of the two functions
    assert told is not None
    assert "pip install 'imdoctor[geo]'" in (told.error or "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("中国|0|广东省|深圳市|电信", ("中国", "广东省", "深圳市", "电信")),
        ("中国|华东|上海市|上海市|电信", ("中国", "上海市", "上海市", "电信")),
        ("中国|广东省|深圳市|电信|CN", ("中国", "广东省", "深圳市", "电信")),
        ("United States|California|0|Google LLC|US", ("United States", "California", None, "Google LLC")),
        ("中国|广东省|深圳市|移动", ("中国", "广东省", "深圳市", "移动")),
        ("0|0|0|内网IP|内网IP", (None, None, "内网IP", "内网IP")),
        ("", (None, None, None, None)),
    ],
)
def test_both_layouts_of_xdb(text: str, expected: tuple[str | None, ...]) -> None:
    """The older layout has an area behind the country, the newer one the country's code at the end."""
    told = of_xdb(INSIDE, text)
    assert (told.country, told.region, told.city, told.isp) == expected


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("216.90.108.31", "31.108.90.216.origin.asn.cymru.com"),
        ("2001:4860:b002::68", "8.6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.b.0.6.8.4.1.0.0.2.origin6.asn.cymru.com"),
    ],
)
def test_the_name_of_an_origin(address: str, name: str) -> None:
    """Octets, or nibbles, backwards."""
    assert origin_name(address, "asn.cymru.com") == name


@pytest.mark.parametrize(
    ("texts", "asn"),
    [
        (["13335 | 104.16.0.0/13 | US | arin | 2014-03-28"], 13335),
        (["4134 4809 | 119.147.0.0/16 | CN | apnic | 2008-01-01"], 4134),
        (["nothing here"], None),
        ([], None),
    ],
    ids=["one", "several", "rubbish", "no answer"],
)
def test_routing_data(texts: list[str], asn: int | None) -> None:
    """The number is taken and nothing else: the country is the registry's."""

    async def ask(name: str) -> list[str]:
        assert name.endswith(".origin.asn.cymru.com")
        return texts

    told = asyncio.run(Routing("asn.cymru.com", ask).told(INSIDE))
    assert told == (Told(address=INSIDE, source="asn.cymru.com", asn=asn) if asn else None)


def test_every_source_is_asked(tmp_path: Path) -> None:
    """What each says stands beside the others, with its source."""
    write_mmdb(tmp_path / "m", PLACES)
    write_xdb(tmp_path / "x", PLACES)
    said = Told(address=INSIDE, source="https://e.example/", isp="电信")
    locators: list[Locator] = [Remembered([said]), MaxMindFile(str(tmp_path / "m")), XdbFile(str(tmp_path / "x"))]
    told = asyncio.run(places([INSIDE, NOWHERE], locators))
    assert [(one.address, one.source) for one in told] == [
        (INSIDE, "https://e.example/"),
        (INSIDE, "mmdb"),
        (INSIDE, "xdb"),
    ]


@given(st.text(max_size=300))
def test_names_are_bounded_lines(text: str) -> None:
    """Whatever a source says, a name is one printable line of bounded length, or nothing."""
    line = clean(text)
    assert line is None or (line.isprintable() and 0 < len(line) <= 60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8.8.8.8", True),
        ("2400:3200::1", True),
        ("10.0.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("2400:3200::1%eth0", False),
        ("x", False),
        ("", False),
    ],
)
def test_public_addresses(text: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """An address that the Internet may see."""
    assert is_public(text) is expected
