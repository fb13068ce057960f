"""ISPs and regions: which names are one, which differ, and which nobody can compare."""

from itertools import combinations
from typing import Any

import pytest

from imdoctor.net.geo import Told
from imdoctor_checks.verdicts.places import OPERATORS, PROVINCES, compare_isp, compare_region, operator, place, province


def said(source: str = "xdb", **values: Any) -> Told:
    """Return what a source says."""
    return Told(address="x", source=source, **values)


def isp(name: str, source: str = "xdb") -> Told:
    """Return what a source says of an ISP: a name, or AS and a number."""
    return said(source, asn=int(name[2:])) if name.startswith("AS") and name[2:].isdigit() else said(source, isp=name)


ALIKE = [
    ("中国电信", "电信", "CHINANET", "China Telecom", "Chinanet Guangdong province network", "AS4134", "AS4809"),
    ("中国联通", "联通", "CHINA UNICOM China169 Backbone", "China Unicom Beijing Province Network", "AS4837", "AS9929"),
    ("中国移动", "移动", "China Mobile communications corporation", "AS9808", "AS58453"),
    ("教育网", "CERNET", "China Education and Research Network Center", "AS4538"),
    ("腾讯云", "Tencent Building, Kejizhongyi Avenue", "AS45090", "AS132203"),
    ("阿里云", "Hangzhou Alibaba Advertising Co.,Ltd.", "AS37963"),
]


@pytest.mark.parametrize(("one", "other"), [pair for names in ALIKE for pair in combinations(names, 2)])
def test_names_of_one_operator(one: str, other: str) -> None:
    """They are one, whichever source says so."""
    assert compare_isp([isp(one)], [isp(other, "asn.cymru.com")]).same == "same"


@pytest.mark.parametrize(("one", "other"), [(a[0], b[-1]) for a, b in combinations(ALIKE, 2)])
def test_names_of_two_operators(one: str, other: str) -> None:
    """They differ."""
    assert compare_isp([isp(one)], [isp(other)]).same == "different"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([isp("长城宽带")], [isp("长城宽带")], "same"),
        ([isp("长城宽带")], [isp("歌华有线")], "unknown"),
        ([isp("长城宽带")], [isp("电信")], "unknown"),
        ([isp("长城宽带", "xdb")], [isp("长城宽带", "mmdb")], "unknown"),
        ([isp("BGP多线")], [isp("BGP多线")], "unknown"),
        ([isp("电信/联通")], [isp("电信")], "unknown"),
        ([isp("AS64500")], [isp("AS64501")], "unknown"),
        ([isp("AS64500", "mmdb")], [isp("AS64500", "mmdb")], "same"),
        ([], [isp("电信")], "unknown"),
        ([said(error="no file")], [isp("电信")], "unknown"),
        ([isp("电信", "xdb"), isp("联通", "mmdb")], [isp("电信", "xdb")], "unknown"),
        ([isp("电信", "xdb"), isp("AS4134", "asn.cymru.com")], [isp("AS64500", "asn.cymru.com"), isp("中国电信", "xdb")], "same"),
        ([said(isp="阿里云", asn=4134)], [isp("电信")], "same"),
    ],
    ids=[
        *("unknown to the table, one source", "two that are unknown", "one that is unknown", "alike, of two sources"),
        *("several operators at once", "two operators for one end", "numbers that are unknown", "one number"),
        *("nothing said", "an error", "sources that contradict", "one of two is recognised", "a number goes before a name"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared(one: list[Told], other: list[Told], same: str) -> None:
    """What is in no table is the same only where one source calls both so; and nobody is told that they differ."""
    likeness = compare_isp(one, other)
    assert (likeness.same, compare_isp(other, one).same) == (same, same)
    assert likeness.reason


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (said(country="中国", region="广东省"), said("mmdb", country="CN", region="Guangdong"), "same"),
        (said(region="广东"), said(country="CN", region="广东省"), "same"),
        (said(region="广西壮族自治区"), said(region="广西"), "same"),
        (said(region="内蒙古自治区"), said(region="内蒙古"), "same"),
        (said(region="上海市"), said(region="北京"), "different"),
        (said(country="HK"), said(country="中国", region="香港"), "same"),
        (said(country="HK"), said(country="中国", region="广东省"), "different"),
        (said(country="CN"), said(country="SG"), "different"),
        (said(country="新加坡"), said("mmdb", country="SG"), "unknown"),
        (said(country="US", region="California"), said(country="US", region="Virginia"), "different"),
        (said(country="US", region="California"), said("mmdb", country="US", region="加利福尼亚"), "unknown"),
        (said(country="法国"), said(country="德国"), "different"),
        (said(country="法国"), said("mmdb", country="DE"), "unknown"),
        (said(country="中国", region="广东省"), said(country="日本", region="东京都"), "different"),
        (said(country="中国", region="广东省"), said("mmdb", country="日本", region="东京都"), "unknown"),
        (said(country="香港"), said(country="中国", region="香港"), "same"),
        (said(country="香港"), said(country="中国", region="广东省"), "different"),
        (said(country="中国"), said(country="中国"), "unknown"),
    ],
)
def test_regions(one: Told, other: Told, same: str) -> None:
    """A province's names are one; countries differ; what two sources spell their own way is not comparable."""
    assert (compare_region([one], [other]).same, compare_region([other], [one]).same) == (same, same)


def test_the_tables() -> None:
    """No operator's name is another's as well, no number is in two rows, and every province knows its own names."""
    assert len(PROVINCES) == 34
    numbers = [number for _, row in OPERATORS.values() for number in row]
    assert len(numbers) == len(set(numbers))
    assert all(operator(isp(name)) == name for name in OPERATORS)
    for code, (chinese, latin) in PROVINCES.items():
        assert province(said(region=chinese)) == province(said(region=latin.title())) == code


def test_a_place_as_people_read_it() -> None:
    """Each value once, with the sources; and a word where nothing is known."""
    told = [said(country="中国", region="北京", city="北京", isp="电信"), said("asn.cymru.com", asn=4134)]
    assert place(told) == "中国 北京 电信 AS4134 (by xdb, asn.cymru.com)"
    assert place([said(error="x")]) == place([]) == "at a place that nothing tells"
