"""Files that tell where addresses are, made by the tests: MaxMind's format by a library, ip2region's by hand."""

import ipaddress
import struct
from collections.abc import Mapping
from pathlib import Path

from tests.lab.model import Whereabouts

HEADER, ROWS, CELL = 256, 256 * 256, 8
"""Bytes of an xdb file's header; cells of its vector index, by an address's first two octets, and the bytes of one."""
IPV4 = 4


def write_mmdb(path: Path, places: Mapping[str, Whereabouts]) -> None:
    """Write a file as GeoLite2's would be, city and network in one."""
    from mmdb_writer import MMDBWriter
    from netaddr import IPSet

    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-City", description="made by the tests")
    for network, there in places.items():
        writer.insert_network(IPSet([network]), _record(there))
    writer.to_db_file(str(path))


def _record(there: Whereabouts) -> dict[str, object]:
    record: dict[str, object] = {"country": {"iso_code": there.code, "names": {"zh-CN": there.country}}}
    if there.region:
        record["subdivisions"] = [{"names": {"zh-CN": there.region}}]
    if there.city:
        record["city"] = {"names": {"zh-CN": there.city}}
    if there.isp:
        record["autonomous_system_organization"] = there.isp
    if there.asn:
        record["autonomous_system_number"] = there.asn
    return record


def write_xdb(path: Path, places: Mapping[str, Whereabouts]) -> None:
    """Write an xdb file of structure 3: a header, the vector index, the regions' texts, and segments of addresses in order."""
    vector = bytearray(ROWS * CELL)
    texts, segments = bytearray(), []
    start = HEADER + len(vector)
    networks = sorted((ipaddress.ip_network(network), there) for network, there in places.items() if ":" not in network)
    for network, there in networks:
        text = "|".join(
            (there.country or "0", there.region or "0", there.city or "0", there.isp or "0", there.code)
        ).encode()
        first, last = int(network.network_address), int(network.broadcast_address)
        segments.append((first, last, len(text), start + len(texts)))
        texts += text
    index = start + len(texts)
    body = b"".join(struct.pack("<IIHI", *segment) for segment in segments)
    for number, (first, last, _, _) in enumerate(segments):
        here = index + number * 14
        for cell in range(first >> 16, (last >> 16) + 1):
            low, _ = struct.unpack_from("<II", vector, cell * CELL)
            struct.pack_into("<II", vector, cell * CELL, low or here, here)
    header = struct.pack("<HHIIIHH", 3, 1, 0, index, index + max(len(body) - 14, 0), IPV4, 4).ljust(HEADER, b"\0")
    path.write_bytes(header + vector + texts + body)
