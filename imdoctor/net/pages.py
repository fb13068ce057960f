"""What the pages of HTTP echoes say: an address, the resolver's, and where those are."""

import json
import re
from collections.abc import Mapping
from typing import Any

from imdoctor.net.geo import Told, clean, is_public

ASSIGNED = re.compile(r"""\b([A-Za-z_]\w{0,40})\s*[=:]\s*(?:'([^'\n]*)'|"([^"\n]*)")""")
"""A variable of JavaScript with a text."""
PLACE_FIELDS = 5
"""country, region, city, district, ISP."""


def decode(body: bytes) -> str:
    """Return a page's text: UTF-8 or, as Chinese pages have it, GBK (GB 18030 holds all of it)."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("gb18030", "replace")


def parse(url: str, text: str) -> tuple[str, str | None, tuple[Told, ...]] | None:
    """Return the asker's address, its resolver's and where they are, of a page in any of the known layouts; None for any other.

    The layouts: JSON with data.ip and data.location (myip.ipip.net), JavaScript's variables (nstool.netease.com), an address alone.
    """
    stripped = text.strip()
    if is_public(stripped):
        return stripped, None, ()
    try:
        found: Any = json.loads(stripped)
    except (ValueError, RecursionError):
        return _of_variables(url, {name: one or other for name, one, other in ASSIGNED.findall(text)})
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("ip"), str) or not data["ip"]:
        return None
    location = data.get("location")
    names = [clean(name) for name in location] if isinstance(location, list) else []
    if len(names) < PLACE_FIELDS:
        return data["ip"], None, ()
    told = Told(address=data["ip"], source=url, country=names[0], region=names[1], city=names[2], isp=names[4])
    return data["ip"], None, (told,)


def _of_variables(url: str, found: Mapping[str, str]) -> tuple[str, str | None, tuple[Told, ...]] | None:
    if not found.get("ip"):
        return None
    told = tuple(
        Told(
            address=found[end],
            source=url,
            region=clean(found.get(f"{end}_province")),
            city=clean(found.get(f"{end}_city")),
            isp=clean(found.get(f"{end}_isp")),
        )
        for end in ("ip", "dns")
        if found.get(end)
    )
    return found["ip"], found.get("dns") or None, told
