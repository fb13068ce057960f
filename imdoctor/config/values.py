"""The forms in which values are written: endpoints, durations, percentages, proxies. Errors are ValueErrors with a sentence."""

import ipaddress
import re
import urllib.parse

from imdoctor.config.model import DURATION_PATTERN, PERCENTAGE_PATTERN, SIZE_PATTERN, Endpoint
from imdoctor.config.problems import shown
from imdoctor.net.http import HTTPS_PORT
from imdoctor.speech import say

SIZES = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST_NAME = 253
"""Characters of a host name (RFC 1035 §2.3.4, without the final dot)."""
HIGHEST_PORT = 65535

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_DURATION = re.compile(DURATION_PATTERN)
_PERCENTAGE = re.compile(PERCENTAGE_PATTERN)
_SIZE = re.compile(SIZE_PATTERN)


def parse_duration(text: str) -> float:
    """Return the seconds of `300ms`, `5s`, `2m`, `1h`, `21d`. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found:
        return float(found[1]) * UNITS[found[2]]
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise ValueError(say("a duration needs its unit: write {text}s, if seconds are meant", text=text))
    raise ValueError(say("{text} is no duration: write 300ms, 5s, 2m, 1h or 21d", text=shown(text)))


def show_duration(seconds: float) -> str:
    """Write seconds as a duration that ``parse_duration`` reads back, in the largest unit that divides them."""
    for unit in ("d", "h", "m", "s"):
        count = seconds / UNITS[unit]
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    return f"{seconds:g}s" if seconds >= 1 or not seconds else f"{seconds * 1000:g}ms"


def parse_percentage(text: str) -> float:
    """Return the ratio of `10%`. Raises ValueError."""
    found = _PERCENTAGE.fullmatch(text)
    if not found:
        raise ValueError(say("{text} is no percentage: write 10%", text=shown(text)))
    return float(found[1]) / 100


def parse_size(text: str) -> int:
    """Return the bytes of `64KiB`, `256MiB`, `1GiB`. Raises ValueError."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError(say("{text} is no size: write 256MiB, or another number of KiB, MiB or GiB", text=shown(text)))
    return int(found[1]) * SIZES[found[2]]


def show_size(size: int) -> str:
    """Write bytes as a size that ``parse_size`` reads back, in the largest unit that divides them."""
    unit = next((unit for unit in ("GiB", "MiB") if size and not size % SIZES[unit]), "KiB")
    return f"{size // SIZES[unit]}{unit}"


def parse_web_url(text: str) -> str:
    """Return an http:// or https:// URL as it stands. Raises ValueError; what it holds is never repeated."""
    try:
        parts = urllib.parse.urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not text.isascii() or any(character.isspace() for character in text):
        raise ValueError(say("this is no URL: write https://host/path"))
    return text


def parse_endpoint(text: str) -> Endpoint:
    """Return the endpoint of `host`, `host:port`, `https://host`, `[v6]:port`. Raises ValueError."""
    scheme, separator, rest = text.rpartition("://")
    if separator and scheme.lower() == "http":
        raise ValueError(
            say(
                "the API is called by HTTPS only, since a call carries its usersig: write the host alone, or https://host"
            )
        )
    if separator and scheme.lower() != "https":
        raise ValueError(say("the API is called by HTTPS only: write the host alone, or https://host"))
    rest = rest.removesuffix("/") if separator else rest
    if "@" in rest:
        raise ValueError(say("an endpoint has no user name in it: write the host alone, or host:port"))
    if re.search(r"[/?#]", rest):
        raise ValueError(say("an endpoint is a host without a path: write host or host:port"))
    host, port = _split(rest)
    return Endpoint(_host(host), port)


def _split(text: str) -> tuple[str, int]:
    """Split the port off. A bare IPv6 address has colons and no port."""
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        if not closing or (rest and not rest.startswith(":")) or not _is_v6(host):
            raise ValueError(say("{text} is no IPv6 address with a port: write [2001:db8::1]:443", text=shown(text)))
        return host, _port(rest[1:]) if rest else HTTPS_PORT
    if _is_v6(text):
        return text, HTTPS_PORT
    host, colon, port = text.partition(":")
    return host, _port(port) if colon else HTTPS_PORT


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= HIGHEST_PORT:
        raise ValueError(
            say("{text} is no port: write a number from 1 to 65535, or leave it out for 443", text=shown(text))
        )
    return int(text)


def _is_v6(text: str) -> bool:
    try:
        return "%" not in text and isinstance(ipaddress.ip_address(text), ipaddress.IPv6Address)
    except ValueError:
        return False


def _host(text: str) -> str:
    """Return a host name in lower case, without a final dot, or an address. Raises ValueError."""
    name = text.removesuffix(".").lower()
    if not name:
        raise ValueError(say("the host is missing: write a name such as console.tim.qq.com"))
    if _is_v6(name):
        return str(ipaddress.ip_address(name))
    if not name.isascii():
        raise ValueError(
            say("{text} is not ASCII: write the name as DNS has it{name}", text=shown(text), name=_punycode(name))
        )
    labels = name.split(".")
    if labels[-1].isdecimal():
        return _v4(name)
    if len(name) > LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(
            say("{text} is no host name: write a name such as console.tim.qq.com, or an IP address", text=shown(text))
        )
    return name


def _v4(name: str) -> str:
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        raise ValueError(
            say("{name} is no IP address: write four numbers from 0 to 255, or a name", name=shown(name))
        ) from None


def _punycode(name: str) -> str:
    try:
        return f", {name.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""


def parse_proxy(text: str) -> str:
    """Return `env`, `none` or an http:// URL as it stands. Raises ValueError; a password is never repeated."""
    if text in {"env", "none"}:
        return text
    try:
        parts = urllib.parse.urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError(say("this is no proxy's URL: write env, none or http://proxy.example:3128")) from None
    if parts.scheme in {"https", "socks4", "socks5", "socks5h"}:
        raise ValueError(
            say(
                "a proxy of the kind {scheme} is not supported: write env, none or http://proxy.example:3128",
                scheme=parts.scheme,
            )
        )
    if parts.scheme != "http" or not host or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(say("this is no proxy's URL: write env, none or http://proxy.example:3128"))
    _host(host)
    return text
