"""Worlds whose pages are golden: real faults, in reports that were saved, so that no time and no address varies."""

from collections.abc import Sequence
from functools import cache

from msgspec.structs import replace

from imdoctor import registry
from imdoctor.check import Check
from imdoctor.judgement import in_words
from imdoctor.model import Report
from imdoctor.runner import judge
from tests.lab.corpus import load

CHOSEN = (
    "client.timeout-too-short/3-s",
    "clock.skewed/usersig-from-elsewhere",
    "dns.egress-mismatch/costly",
    "dns.hijacked/first-of-two",
    "dns.server-timeout/first-of-two",
    "healthy/ten-addresses",
    "host.offline/gateway-gone",
    "pair/dns.slow+tcp.ipv6-broken",
    "pair/tls.cert-expired+usersig.sdkappid-mismatch",
    "probe.backend-timeout/3.2-s",
    "probe.captive-portal/hijack",
    "probe.no-keepalive/close",
    "probe.site-mismatch/by-number",
    "proxy.required/unset",
    "tcp.partial/one-of-three",
    "tcp.prohibited/icmp-admin-prohibited-by-a-router",
    "tcp.timeout/no-internet",
    "tls.chain-incomplete/intermediate",
    "tls.intercepted/inspector",
    "tls.mtu-blackhole/certificate",
)
"""One of each kind that people meet, and those whose pages are the longest."""

CHINESE = (
    "clock.skewed/usersig-from-elsewhere",
    "dns.egress-mismatch/costly",
    "pair/dns.slow+tcp.ipv6-broken",
    "probe.no-keepalive/close",
    "tcp.prohibited/icmp-admin-prohibited-by-a-router",
    "tls.intercepted/inspector",
)
"""Those whose pages are golden in Chinese as well."""


@cache
def saved() -> dict[str, Report]:
    """Return every world's report, by the world's name."""
    return {kept.world: kept.report for kept in load()}


def judged() -> dict[str, Report]:
    """Return the chosen worlds' reports, told in the words of today, by their pages' names."""
    checks = registry.load().checks
    return {name.replace("/", "."): _judged(saved()[name], checks) for name in CHOSEN}


def _judged(report: Report, checks: Sequence[Check]) -> Report:
    return replace(judge(report, checks), imdoctor="0.1.0")


def judged_in_chinese() -> dict[str, Report]:
    """Return some of the chosen worlds' reports so, in Chinese."""
    checks, told = registry.load().checks, judged()
    names = (name.replace("/", ".") for name in CHINESE)
    return {f"{name}.zh": in_words(told[name], checks, "zh") for name in names}
