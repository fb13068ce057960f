"""Where an address is, by one source after another: files in MaxMind's and ip2region's formats, HTTP echoes, and routing data over DNS."""

import asyncio
import ipaddress
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from imdoctor.speech import say

LONGEST = 60
"""Characters of one name that a source gives."""
MISSING = {"", "0", "-", "null", "none", "unknown", "未知"}
"""What sources write for a value that they do not have."""
ASN_ZONE = "asn.cymru.com"
OLD_XDB_FIELDS = 5
OLD_POINTER, WIDEST = 4, 8
"""Bytes of a pointer in an xdb file of structure 2, and at most in one of structure 3, whose header says how many."""
DAMAGED = (OSError, ValueError, TypeError, AttributeError, LookupError)
"""What the readers raise over a file that is not what its first bytes say."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says of one address. ``error`` says why it says nothing."""

    address: str
    source: str
    """Such as "mmdb", "xdb", "asn.cymru.com", or the URL of an echo."""
    country: str | None = None
    region: str | None = None
    city: str | None = None
    isp: str | None = None
    asn: int | None = None
    error: str | None = None


class Locator(Protocol):
    """A source of places."""

    async def told(self, address: str) -> Told | None:
        """Say where an address is; None where this source has nothing to say about it."""
        ...


async def places(addresses: Iterable[str], locators: Sequence[Locator]) -> tuple[Told, ...]:
    """Ask every source about every address, side by side."""
    asked = [locator.told(address) for address in addresses for locator in locators]
    return tuple(told for told in await asyncio.gather(*asked) if told is not None)


def clean(text: object) -> str | None:
    """Return a name on one line, without control characters and of bounded length; None for nothing."""
    if not isinstance(text, str):
        return None
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST]
    return None if line.lower() in MISSING else line


def is_public(text: str) -> bool:
    """Tell whether a text is an address that the Internet may see; one with a zone (`%eth0`) is of one link only."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast and "%" not in text


class MaxMindFile:
    """A file in MaxMind's format: GeoLite2, DB-IP Lite and their like (https://maxmind.github.io/MaxMind-DB/)."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def told(self, address: str) -> Told | None:
        """Look an address up, in a thread: the reader's import and the file's pages take their time."""
        return await asyncio.to_thread(self._told, address)

    def _told(self, address: str) -> Told | None:
        try:
            import maxminddb
        except ImportError:
            return Told(
                address=address,
                source="mmdb",
                error=say("{package} is not installed: pip install 'imdoctor[geo]'", package="maxminddb"),
            )
        try:
            # The library's own C code dies of a damaged file, and so does whoever has one mapped that is cut short meanwhile.
            with maxminddb.open_database(self._path, maxminddb.MODE_FILE) as reader:
                record: Any = reader.get(address)
        except (*DAMAGED, maxminddb.InvalidDatabaseError) as error:
            return Told(address=address, source="mmdb", error=_why(self._path, error))
        return _of_record(address, record) if isinstance(record, dict) else None


def _of_record(address: str, record: dict[str, Any]) -> Told:
    """Read a record of a city, an ASN or an ISP file. What is not of the shape that it should be is not there."""
    flat = {**record, **_mapping(record.get("traits"))}
    subdivisions = record.get("subdivisions")
    region = next(iter(subdivisions), None) if isinstance(subdivisions, list) else None
    number = flat.get("autonomous_system_number")
    names = (flat.get(key) for key in ("isp", "autonomous_system_organization", "organization"))
    country = record.get("country")
    return Told(
        address=address,
        source="mmdb",
        country=clean(country.get("iso_code") if isinstance(country, dict) else country),
        region=_name(region),
        city=_name(record.get("city")),
        isp=next((name for name in map(clean, names) if name), None),
        asn=number if isinstance(number, int) and 0 < number < 1 << 32 else None,
    )


def _name(thing: object) -> str | None:
    """Return a place's name, the Chinese one where there is one."""
    names = _mapping(_mapping(thing).get("names"))
    return clean(names.get("zh-CN")) or clean(names.get("en"))


def _mapping(thing: object) -> dict[str, Any]:
    return thing if isinstance(thing, dict) else {}


class XdbFile:
    """A file in ip2region's xdb format."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def told(self, address: str) -> Told | None:
        """Look an address up, in a thread."""
        return await asyncio.to_thread(self._told, address)

    def _told(self, address: str) -> Told | None:
        try:
            from ip2region import searcher, util
        except ImportError:
            return Told(
                address=address,
                source="xdb",
                error=say("{package} is not installed: pip install 'imdoctor[geo]'", package="py-ip2region"),
            )
        try:
            with Path(self._path).open("rb") as file:
                header = util.load_header(file)
                size = file.seek(0, os.SEEK_END)
            version = util.version_from_header(header)
            width = OLD_POINTER if header.version == util.XdbStructure20 else header.runtimePtrBytes
            known = header.version in {util.XdbStructure20, util.XdbStructure30}
            if version is None or not known or not 0 < width <= WIDEST or size >> 8 * width:
                return Told(
                    address=address, source="xdb", error=say("{path} is no xdb file that can be read", path=self._path)
                )
            if ipaddress.ip_address(address).version != version.id:
                return None
            search = searcher.new_with_file_only(version, self._path)
            try:
                text = search.search(address)
            finally:
                search.close()
        except DAMAGED as error:
            return Told(address=address, source="xdb", error=_why(self._path, error))
        return of_xdb(address, text) if text else None


def of_xdb(address: str, text: str) -> Told:
    """Read a record of either layout: country|area|province|city|ISP, and country|province|city|ISP|ISO code of the country."""
    fields, code = text.split("|"), None
    if len(fields) == OLD_XDB_FIELDS:
        if re.fullmatch("[A-Z]{2}", fields[4]):
            code = fields[4]
        else:
            del fields[1]
    country, region, city, isp = (clean(field) for field in (*fields, "", "", "", "")[:4])
    return Told(address=address, source="xdb", country=code or country, region=region, city=city, isp=isp)


def _why(path: str, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return say("{path} cannot be read: {reason}", path=path, reason=reason)


class Remembered:
    """What was told along with something else: the echoes' own words on the addresses that they show."""

    def __init__(self, known: Iterable[Told]) -> None:
        self._known = tuple(known)

    async def told(self, address: str) -> Told | None:
        """Return the first word on an address."""
        return next((one for one in self._known if one.address == address), None)


class Routing:
    """Which network announces an address: TXT records in the layout of Team Cymru's IP to ASN mapping. Its country is the registry's."""

    def __init__(self, zone: str, ask: Callable[[str], Awaitable[Sequence[str] | None]]) -> None:
        self._zone, self._ask = zone, ask

    async def told(self, address: str) -> Told | None:
        """Ask for the network; ``ask`` returns a name's texts, None when nobody answers."""
        texts = await self._ask(origin_name(address, self._zone))
        if texts is None:
            return Told(address=address, source=self._zone, error=say("{zone}: no answer in time", zone=self._zone))
        for text in texts:
            found = re.match(r"\s*(\d{1,10})[\s|]", text)
            if found:
                return Told(address=address, source=self._zone, asn=int(found[1]))
        return None


def origin_name(address: str, zone: str) -> str:
    """Return the name to ask for an address's origin: its octets or nibbles backwards under origin or origin6."""
    known = ipaddress.ip_address(address)
    label = "origin" if isinstance(known, ipaddress.IPv4Address) else "origin6"
    digits = known.reverse_pointer.rsplit(".", 2)[0]
    return f"{digits}.{label}.{zone}"
