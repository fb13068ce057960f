"""Host names and private addresses replaced by pseudonyms, the same ones throughout. Pure, but for the pseudonyms given so far."""

import ipaddress
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from imdoctor.model import RANK, Report

SERVICE = ("qq.com", "qcloud.com", "my-imcloud.com")
ASKED = (
    "akahelp.net",
    "akamai.net",
    "akamaitech.net",
    "google.com",
    "03k.org",
    "opendns.com",
    "netease.com",
    "ipip.net",
    "cymru.com",
)
PUBLIC = (*SERVICE, *ASKED)
"""Domains of the service and of the third parties that every run asks: they say nothing of a host."""
LOCAL = re.compile(r"(localhost|ip6-[a-z]+)[0-9]?(\..*)?|localdomain")
"""Names that every hosts file has."""
PRIVATE_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
"""RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291."""
WORDS = (
    "blocked",
    "skipped",
    "certain",
    "likely",
    "possible",
    "seconds",
    "bytes",
    "count",
    "ratio",
    "timestamp",
    "env",
    "none",
)
"""Values that a report's fields may have, and none but those."""
LEFT_OUT = "(left out: this certificate names a host that is replaced)"

_NAME = re.compile(
    r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)
_DOTTED = re.compile(r".*\.[A-Za-z][A-Za-z0-9-]+\.?")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)
# As many labels, each as long, as a name can have (RFC 1035, 2.3.4): so that a text of dots takes no time.
_LABELS = r"(?:[A-Za-z0-9_-]{1,63}\.){0,126}"
_PRIVATE_SUFFIX = rf"[A-Za-z0-9_-]{{1,63}}\.{_LABELS}(?:home\.arpa|local|internal|intranet|lan|corp|home|private)"
_V4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_V6 = rf"(?:[0-9A-Fa-f]{{0,4}}:){{2,8}}(?:{_V4}|[0-9A-Fa-f]{{0,4}})"


@dataclass
class Redaction:
    """Replaces what it is told of, and every private address. ``pseudonyms`` holds what was replaced so far, in its order."""

    names: frozenset[str]
    pseudonyms: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        listed = "|".join(re.escape(name) for name in sorted(self.names, key=lambda name: (-len(name), name)))
        # A name also stands for whatever is below it: a search domain for the hosts in it.
        below = rf"{_LABELS}(?:{listed})|" if listed else ""
        name = rf"(?<![A-Za-z0-9_-])(?P<name>{below}{_PRIVATE_SUFFIX})(?![A-Za-z0-9_-])"
        v6, v4 = rf"(?<![0-9A-Fa-f:.]){_V6}(?![0-9A-Za-z:])", rf"(?<![0-9.]){_V4}(?![0-9]|\.[0-9])"
        self._pattern = re.compile(f"{name}|{v6}|{v4}", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """Return a text with pseudonyms for names and private addresses; a certificate that names one of them is left out."""
        return self._pattern.sub(self._replaced, _CERTIFICATE.sub(self._certificate, text))

    def _replaced(self, found: re.Match[str]) -> str:
        if found["name"]:
            return found["name"] if _is_known(found["name"]) else self._pseudonym("host", found["name"].lower())
        before, text, after = _bare(found[0])
        address = _address(text)
        return (
            f"{before}{self._pseudonym('addr', str(address))}{after}" if address and _is_private(address) else found[0]
        )

    def _pseudonym(self, kind: str, what: str) -> str:
        if what not in self.pseudonyms:
            count = sum(given.startswith(f"{kind}-") for given in self.pseudonyms.values())
            self.pseudonyms[what] = f"{kind}-{count + 1}"
        return self.pseudonyms[what]

    def _certificate(self, found: re.Match[str]) -> str:
        """Return a certificate as it stands, unless it holds what would be replaced."""
        from imdoctor.net.certificate import parse

        try:
            der = ssl.PEM_cert_to_DER_cert(found[0].strip())
        except ValueError:
            return LEFT_OUT
        known = parse(der)
        if not known.issuer:  # it could not be read, and so could hold anything
            return LEFT_OUT
        told = "\n".join((der.decode("latin-1"), known.subject, known.issuer, *known.names))
        apart = Redaction(self.names)
        return found[0] if apart._pattern.sub(apart._replaced, told) == told else LEFT_OUT


def _bare(text: str) -> tuple[str, str, str]:
    """Split off a colon before or after an IPv6 address, which belongs to the sentence."""
    before = ":" if text.startswith(":") and not text.startswith("::") else ""
    after = ":" if text.endswith(":") and not text.endswith("::") else ""
    return before, text[len(before) : len(text) - len(after)], after


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in PRIVATE_NETWORKS)


def _is_known(name: str) -> bool:
    """Tell whether everybody knows a name: the service's own, a third party's, localhost."""
    plain = name.lower().removeprefix("*.").removesuffix(".")
    public = any(plain == domain or plain.endswith(f".{domain}") for domain in PUBLIC)
    return public or LOCAL.fullmatch(plain) is not None


def names_of_report(report: Report) -> Iterator[str]:
    """Yield the host names of a report: the machine's, the targets', and every value of an observation that is one."""
    yield from (name for text in (report.host.name, report.host.name.partition(".")[0]) for name in _host_names(text))
    for target in report.targets:
        yield from _host_names(target.endpoint.rpartition(":")[0])
        seen = [target.settings, *(check.observation for check in target.checks)]
        yield from (name for text in _strings(seen) for name in _in_value(text))


def names_of_hosts(text: str) -> Iterator[str]:
    """Yield the names of a hosts file (hosts(5))."""
    for line in text.splitlines():
        yield from (name for word in line.partition("#")[0].split()[1:] for name in _host_names(word))


def names_of_resolv_conf(text: str) -> Iterator[str]:
    """Yield the search domains of a resolv.conf (resolv.conf(5))."""
    for line in text.splitlines():
        keyword, *words = line.split() or [""]
        if keyword in {"search", "domain"}:
            yield from (name for word in words for name in _host_names(word))


def names_of_proxies(text: str) -> Iterator[str]:
    """Yield the host names of proxy variables, a line each: URLs, and the lists of no_proxy."""
    for word in re.split(r"[\s,]+", " ".join(line.partition("=")[2] for line in text.splitlines())):
        try:
            host = urlsplit(word if "://" in word else f"http://{word.lstrip('.*')}").hostname
        except ValueError:
            continue
        yield from _host_names(host or "")


def vocabulary(report: Report) -> set[str]:
    """Return the words that a report is written in: a host of such a name keeps it, or nobody could read the report."""
    checks = {check.name for target in report.targets for check in target.checks}
    return {*_keys(msgspec.to_builtins(report)), *checks, *RANK, *WORDS}


def redacted_report(report: Report, redact: Redaction) -> Report:
    """Return a report with every text redacted."""
    return msgspec.convert(_redacted(msgspec.to_builtins(report), redact), Report)


def _redacted(value: Any, redact: Redaction) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(key): _redacted(item, redact) for key, item in value.items()}
    return [_redacted(item, redact) for item in value] if isinstance(value, list | tuple) else value


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for item in pair for text in _strings(item))
    elif isinstance(value, list | tuple):
        yield from (text for item in value for text in _strings(item))


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, list | tuple):
        yield from (key for item in value for key in _keys(item))


def _in_value(text: str) -> Iterator[str]:
    """Yield the host names that a value is or, as a distinguished name or a URL, holds. One label alone is no name there."""
    told = (text, *re.findall(r"CN=([^,]+)", text), *re.findall(r"https?://([^/:\s]+)", text))
    yield from (name for one in told if _DOTTED.fullmatch(one) for name in _host_names(one))


def _host_names(text: str) -> Iterator[str]:
    """Yield a name that is to be replaced, without a wild card and a final dot; nothing for an address or a name that all know."""
    plain = text.lower().removeprefix("*.").removesuffix(".")
    if _NAME.fullmatch(text) and not _is_known(plain) and _address(plain) is None:
        yield plain
