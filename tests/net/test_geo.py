"""Where an address is: files made here, their faults, routing data, and what echoes said."""

import asyncio
import ipaddress
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imdoctor.net.geo import (
    Locator,
    MaxMindFile,
    Remembered,
    Routing,
    Told,
    XdbFile,
    _of_record,
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
    expected = Told(address=OTHER, source="xdb", country="CN", region="四川省", isp="移动")
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


NETWORKS = {"119.147.0.0/16": PLACES["119.147.0.0/16"], "120.196.0.0/24": PLACES["120.196.0.0/24"]}


@pytest.fixture(scope="module", name="sound")
def _sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sound")
    write_mmdb(folder / "mmdb", NETWORKS)
    write_xdb(folder / "xdb", NETWORKS)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize(("kind", "reader"), [("mmdb", mmdb), ("xdb", xdb)])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_told_or_read(
    sound: dict[str, bytes], kind: str, reader: object, data: st.DataObject
) -> None:
    """Whatever of a file is wrong or missing, the reader says something or says why not; nothing is raised, and nothing dies."""
    content = bytearray(sound[kind])
    cell = 256 + (119 * 256 + 147) * 8
    places = st.integers(0, len(content) - 1)
    if kind == "xdb":  # most of it is the vector of other addresses
        places = st.one_of(
            st.integers(0, 40), st.integers(cell, cell + 7), st.integers(len(content) - 200, len(content) - 1)
        )
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(places)] = data.draw(st.integers(0, 255))
    with TemporaryDirectory() as folder:
        Path(folder, "f").write_bytes(content[: data.draw(st.one_of(st.just(len(content)), places))])
        told = reader(INSIDE, Path(folder, "f"))  # type: ignore[operator]  # one of the two functions
    assert told is None or isinstance(told, Told)


def test_a_byte_that_kills_the_reader_in_c(tmp_path: Path, sound: dict[str, bytes]) -> None:
    """A key without its type ended the process: the C code of the library does not bear it."""
    (tmp_path / "f").write_bytes(sound["mmdb"].replace(b"Hiso_code", b"\0iso_code", 1))
    told = mmdb(INSIDE, tmp_path / "f")
    assert told is not None
    assert str(tmp_path / "f") in (told.error or "")


NOTHING = Told(address=INSIDE, source="mmdb")
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=9) | st.floats() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("traits", "subdivisions", "city", "country", "isp", "autonomous_system_number", "organization")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"traits": None}, NOTHING),
        ({"traits": "x"}, NOTHING),
        ({"subdivisions": {"a": 1}, "city": {"names": None}}, NOTHING),
        ({"subdivisions": [], "city": {"names": "x"}, "country": 5}, NOTHING),
        ({"autonomous_system_number": -5}, NOTHING),
        ({"traits": {"isp": "x", "autonomous_system_number": 7}}, Told(address=INSIDE, source="mmdb", isp="x", asn=7)),
    ],
)
def test_records(record: dict[str, object], expected: Told) -> None:
    """What is not of the shape that it should be is not there."""
    assert _of_record(INSIDE, record) == expected


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_any_record_is_read(record: dict[str, object]) -> None:
    """No record makes the reader stumble."""
    assert _of_record(INSIDE, record).address == INSIDE


@pytest.mark.parametrize(("width", "error"), [(0, True), (1, True), (4, False), (8, False), (9, True)])
def test_the_pointers_of_an_xdb_file(tmp_path: Path, sound: dict[str, bytes], width: int, *, error: bool) -> None:
    """A file that is larger than its pointers reach, and one whose pointers are none, is refused with its name."""
    (tmp_path / "f").write_bytes(sound["xdb"][:18] + width.to_bytes(2, "little") + sound["xdb"][20:])
    told = xdb(INSIDE, tmp_path / "f")
    assert told is not None
    assert bool(told.error) is error


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
        ("中国|广东省|深圳市|电信|CN", ("CN", "广东省", "深圳市", "电信")),
        ("United States|California|0|Google LLC|US", ("US", "California", None, "Google LLC")),
        ("日本|东京|东京|NTT|JP", ("JP", "东京", "东京", "NTT")),
        ("中国|广东省|深圳市|移动", ("中国", "广东省", "深圳市", "移动")),
        ("0|0|0|内网IP|内网IP", (None, None, "内网IP", "内网IP")),
        ("", (None, None, None, None)),
    ],
)
def test_both_layouts_of_xdb(text: str, expected: tuple[str | None, ...]) -> None:
    """The older layout has an area behind the country, the newer one the country's code at the end, which goes before its name."""
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
    ids=["one", "several", "rubbish", "nothing"],
)
def test_routing_data(texts: list[str], asn: int | None) -> None:
    """The number is taken and nothing else: the country is the registry's."""

    async def ask(name: str) -> list[str]:
        assert name.endswith(".origin.asn.cymru.com")
        return texts

    told = asyncio.run(Routing("asn.cymru.com", ask).told(INSIDE))
    assert told == (Told(address=INSIDE, source="asn.cymru.com", asn=asn) if asn else None)


def test_routing_data_that_nobody_gives() -> None:
    """That nobody answers is the reason why nothing is known."""

    async def ask(name: str) -> None:
        del name

    told = asyncio.run(Routing("asn.cymru.com", ask).told(INSIDE))
    assert told == Told(address=INSIDE, source="asn.cymru.com", error="asn.cymru.com: no answer in time")


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
def test_public_addresses(text: str, expected: bool) -> None:
    """An address that the Internet may see."""
    assert is_public(text) is expected
