"""Whether two addresses are in the same region and of the same ISP, by what the sources say of them.

A name is compared only after it has been recognised. What is in no table is compared only as one source gives it for both
ends; where that does not decide either, the two are "not comparable", and nobody is told that they differ.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from imdoctor import mark, say
from imdoctor.net.geo import Told
from imdoctor_checks.observations import EgressSeen

Same = Literal["same", "different", "unknown"]
RESPECTS = (mark("ISP"), mark("country"), mark("region"))
"""In what two ends are compared."""

OPERATORS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    mark("China Telecom"): (r"中国电信|^电信$|chinanet|china ?telecom", (4134, 4809, 4812, 23764)),
    mark("China Unicom"): (r"中国联通|^联通$|china ?169|china ?unicom|^unicom$", (4837, 4808, 9929)),
    mark("China Mobile"): (r"中国移动|^移动$|china ?mobile|cmnet", (9808, 56040, 58453, 58807)),
    mark("China Tietong"): (r"中国铁通|^铁通$|tietong", (9394,)),
    mark("China Broadnet"): (r"中国广电|^广电网?$|broadnet", ()),
    mark("CERNET"): (r"教育网|cernet|china education and research", (4538, 23910)),
    mark("CSTNET"): (r"科技网|cstnet", (7497,)),
    mark("Tencent Cloud"): (r"腾讯|tencent", (45090, 132203)),
    mark("Alibaba Cloud"): (r"阿里|alibaba|aliyun", (37963, 45102)),
    mark("Huawei Cloud"): (r"华为|huawei", (55990, 136907)),
    mark("Baidu"): (r"百度|baidu", (38365, 55967)),
    mark("Amazon"): (r"亚马逊|amazon|^aws$", (16509, 14618)),
    mark("Microsoft"): (r"微软|microsoft|azure", (8075,)),
    mark("Google"): (r"谷歌|google", (15169, 396982)),
}
"""Network operators by the names that sources use for them, and by their autonomous systems.

Names: ip2region's and ipip.net's Chinese ones, and the registries' as `dig TXT AS4134.asn.cymru.com` shows them; numbers: the
same registries. Operators run more networks than these; a number that is not here says nothing.
"""
MIXED = re.compile(r"bgp|多线|双线|[/、]", re.IGNORECASE)
"""An address of several operators at once has no one to compare."""

PROVINCES: Mapping[str, tuple[str, str]] = {
    # ISO 3166-2:CN's letters; the Chinese name without what it ends in; the Latin one.
    "AH": ("安徽", "anhui"),
    "BJ": ("北京", "beijing"),
    "CQ": ("重庆", "chongqing"),
    "FJ": ("福建", "fujian"),
    "GD": ("广东", "guangdong"),
    "GS": ("甘肃", "gansu"),
    "GX": ("广西", "guangxi"),
    "GZ": ("贵州", "guizhou"),
    "HA": ("河南", "henan"),
    "HB": ("湖北", "hubei"),
    "HE": ("河北", "hebei"),
    "HI": ("海南", "hainan"),
    "HK": ("香港", "hong kong"),
    "HL": ("黑龙江", "heilongjiang"),
    "HN": ("湖南", "hunan"),
    "JL": ("吉林", "jilin"),
    "JS": ("江苏", "jiangsu"),
    "JX": ("江西", "jiangxi"),
    "LN": ("辽宁", "liaoning"),
    "MO": ("澳门", "macao"),
    "NM": ("内蒙古", "inner mongolia"),
    "NX": ("宁夏", "ningxia"),
    "QH": ("青海", "qinghai"),
    "SC": ("四川", "sichuan"),
    "SD": ("山东", "shandong"),
    "SH": ("上海", "shanghai"),
    "SN": ("陕西", "shaanxi"),
    "SX": ("山西", "shanxi"),
    "TJ": ("天津", "tianjin"),
    "TW": ("台湾", "taiwan"),
    "XJ": ("新疆", "xinjiang"),
    "XZ": ("西藏", "tibet"),
    "YN": ("云南", "yunnan"),
    "ZJ": ("浙江", "zhejiang"),
}
ENDINGS = re.compile(r"(壮族|回族|维吾尔)?(省|市|自治区|特别行政区)$| (sheng|shi|province|municipality)$")
COUNTRIES: Mapping[str, str] = {
    "中国": "CN",
    "china": "CN",
    "新加坡": "SG",
    "singapore": "SG",
    "美国": "US",
    "united states": "US",
}
"""Countries as sources without an ISO code name them; any other name is compared with the same source's only."""
OWN_REGIONS = {"HK", "MO", "TW"}
"""Regions that some sources give as a country (ISO 3166-1) and others as a province."""
OWN_NAMES = {PROVINCES[code][0]: code for code in sorted(OWN_REGIONS)}


class Likeness(msgspec.Struct, frozen=True):
    """How two ends compare in one respect, and by what: both values with their sources, or why it is not known."""

    same: Same
    reason: str


def operator(told: Told) -> str | None:
    """Return the operator that a source names, by its number or its name; None where it is none of the table, or several."""
    for name, (_, numbers) in OPERATORS.items():
        if told.asn in numbers:
            return name
    if not told.isp or MIXED.search(told.isp):
        return None
    names = [name for name, (pattern, _) in OPERATORS.items() if re.search(pattern, told.isp.lower())]
    return names[0] if len(names) == 1 else None


def country(told: Told) -> str | None:
    """Return the country's ISO code; None where it is not recognised."""
    if told.country and re.fullmatch("[A-Z]{2}", told.country):
        return "CN" if told.country in OWN_REGIONS else told.country
    known = COUNTRIES.get((told.country or "").lower()) or ("CN" if told.country in OWN_NAMES else None)
    return known or ("CN" if province(told) else None)


def province(told: Told) -> str | None:
    """Return the letters of a Chinese province; None for what is none."""
    if told.country in OWN_REGIONS:
        return told.country
    if told.country in OWN_NAMES:
        return OWN_NAMES[told.country]
    bare = ENDINGS.sub("", (told.region or "").lower())
    return next((code for code, names in PROVINCES.items() if bare in names), None)


def compare_isp(one: Sequence[Told], other: Sequence[Told]) -> Likeness:
    """Compare the operators of two ends."""
    return _compare("ISP", one, other, operator, _network)


def compare_region(one: Sequence[Told], other: Sequence[Told]) -> Likeness:
    """Compare the regions of two ends: their countries, then their provinces."""
    countries = _compare("country", one, other, country, lambda told: told.country)
    if countries.same == "different":
        return countries
    return _compare("region", one, other, province, lambda told: told.region)


def _network(told: Told) -> str | None:
    if told.isp and not MIXED.search(told.isp):
        return told.isp
    return f"AS{told.asn}" if told.asn else None


def _compare(
    what: str,
    one: Sequence[Told],
    other: Sequence[Told],
    known: Callable[[Told], str | None],
    raw: Callable[[Told], str | None],
) -> Likeness:
    """Compare two ends by what is recognised; else by what one source says of both."""
    here, there = _values(one, known), _values(other, known)
    if len(here) == 1 and len(there) == 1:
        same: Same = "same" if set(here) == set(there) else "different"
        return Likeness(same, say("{what}: {one} and {other}", what=what, one=_shown(here), other=_shown(there)))
    if len(here) > 1 or len(there) > 1:
        reason = say(
            "the sources contradict each other on the {what}: {one} and {other}",
            what=what,
            one=_shown(here),
            other=_shown(there),
        )
        return Likeness("unknown", reason)
    for told in one:
        match = next((item for item in other if item.source == told.source), None)
        if match is not None and raw(told) and raw(told) == raw(match):
            reason = say("{what}: {value} for both, by {source}", what=what, value=raw(told), source=told.source)
            return Likeness("same", reason)
    # A country that one source names in two ways is two; a region or an ISP only where the table knows neither.
    decides = what == "country" or (what == "region" and not here and not there)
    if decides and (pair := _of_one_source(one, other, raw)):
        return Likeness("different", say("{who}: {told}", who=what, told=pair))
    ends = ((say("the resolver's egress"), one), (say("this host's"), other))
    if lacking := [name for name, end in ends if not any(map(raw, end))]:
        reason = say("nothing tells the {what} of {ends}", what=what, ends=say(" and ").join(lacking))
        return Likeness("unknown", reason)
    names = [", ".join(dict.fromkeys(filter(None, map(raw, end)))) for end in (one, other)]
    reason = say(
        "the {what}s {one} and {other} are not comparable: they are not both in the table",
        what=what,
        one=names[0],
        other=names[1],
    )
    return Likeness("unknown", reason)


def _of_one_source(one: Sequence[Told], other: Sequence[Told], raw: Callable[[Told], str | None]) -> str | None:
    """Return two different values that one source gives; a region's name is one source's own, an ISP's is not reliable even so."""
    for told in one:
        match = next((item for item in other if item.source == told.source), None)
        if match is not None and raw(told) and raw(match) and raw(told) != raw(match):
            return say("{one} and {other}, by {source}", one=raw(told), other=raw(match), source=told.source)
    return None


def _values(ends: Iterable[Told], known: Callable[[Told], str | None]) -> dict[str, list[str]]:
    """Return what the sources recognise, each with those that say so."""
    found: dict[str, list[str]] = {}
    for told in ends:
        if (value := known(told)) is not None:
            found.setdefault(value, []).append(told.source)
    return found


def _shown(values: Mapping[str, Sequence[str]]) -> str:
    told = (
        say("{value} (by {sources})", value=value, sources=", ".join(map(_named, sources)))
        for value, sources in values.items()
    )
    return say("; ").join(told) or say("nothing")


def places_of(egress: EgressSeen, address: str) -> tuple[Told, ...]:
    """Return what the sources say of an address."""
    return tuple(told for told in egress.places if told.address == address)


def _named(source: str) -> str:
    """Return a source's short name: an echo's host."""
    return urlsplit(source).hostname or source


def place(told: Sequence[Told]) -> str:
    """Return where an address is as people read it: each value once, in the sources' own words, with the sources."""
    words: list[str] = []
    for field in ("country", "region", "city", "isp"):
        value = next((getattr(one, field) for one in told if getattr(one, field)), None)
        words += [value] if value and value not in words else []
    number = next((one.asn for one in told if one.asn), None)
    words += [f"AS{number}"] if number else []
    sources = ", ".join(dict.fromkeys(_named(one.source) for one in told if not one.error))
    if not words:
        return say("at a place that nothing tells")
    return say("{value} (by {sources})", value=" ".join(words), sources=sources)
