"""The forms in which values are written."""

from contextlib import suppress

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from imdoctor.config.model import Endpoint
from imdoctor.config.problems import looks_secret, redacted, shown, suggestion
from imdoctor.config.values import (
    parse_duration,
    parse_endpoint,
    parse_percentage,
    parse_proxy,
    parse_size,
    show_duration,
    show_size,
)

DURATIONS = {"300ms": 0.3, "5s": 5.0, "2m": 120.0, "1h": 3600.0, "21d": 21 * 86400.0, "0s": 0.0, "1.5s": 1.5}


@pytest.mark.parametrize("text", DURATIONS)
def test_durations(text: str) -> None:
    """A duration is a number and its unit."""
    assert parse_duration(text) == pytest.approx(DURATIONS[text])


@pytest.mark.parametrize(
    "text", ["", "5", "s", "-1s", "5 s", "5S", "1h30m", "1e3s", ".5s", "\uff15s", "5s\n", "9" * 10 + "s", "inf", "nan"]
)
def test_no_durations(text: str) -> None:
    """What is no duration is refused with what to write."""
    with pytest.raises(ValueError, match=r"write"):
        parse_duration(text)


@given(st.integers(0, 10**9), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_durations_are_written_as_they_are_read(number: int, unit: str) -> None:
    """A duration that is written out is read back as the same seconds."""
    seconds = parse_duration(f"{number % 10**6}{unit}")
    assert parse_duration(show_duration(seconds)) == pytest.approx(seconds)


@given(st.text())
def test_durations_never_raise_anything_else(text: str) -> None:
    """Any text is a duration or a ValueError."""
    with suppress(ValueError):
        assert parse_duration(text) >= 0


@pytest.mark.parametrize(("text", "ratio"), [("10%", 0.1), ("0%", 0.0), ("100%", 1.0), ("2.5%", 0.025)])
def test_percentages(text: str, ratio: float) -> None:
    """A percentage is a number and its sign."""
    assert parse_percentage(text) == pytest.approx(ratio)


@pytest.mark.parametrize("text", ["10", "0.1", "%", "-1%", "1000%"])
def test_no_percentages(text: str) -> None:
    """What is no percentage is refused."""
    with pytest.raises(ValueError, match="write 10%"):
        parse_percentage(text)


@pytest.mark.parametrize(("text", "size"), [("1KiB", 1024), ("256MiB", 268435456), ("1GiB", 1073741824), ("0KiB", 0)])
def test_sizes(text: str, size: int) -> None:
    """A size is a number and its unit."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "1", "1MB", "1 MiB", "-1MiB", "1.5GiB", "1mib"])
def test_no_sizes(text: str) -> None:
    """What is no size is refused with what to write."""
    with pytest.raises(ValueError, match="write 256MiB"):
        parse_size(text)


@given(st.integers(0, 10**6 - 1), st.sampled_from(["KiB", "MiB", "GiB"]))
def test_sizes_are_written_as_they_are_read(number: int, unit: str) -> None:
    """A size that is written out is read back as the same number of bytes."""
    size = parse_size(f"{number}{unit}")
    assert parse_size(show_size(size)) == size


ENDPOINTS = {
    "console.tim.qq.com": Endpoint("console.tim.qq.com", 443),
    "Console.Tim.QQ.com.": Endpoint("console.tim.qq.com", 443),
    "console.tim.qq.com:8443": Endpoint("console.tim.qq.com", 8443),
    "https://console.tim.qq.com": Endpoint("console.tim.qq.com", 443),
    "HTTPS://console.tim.qq.com:1/": Endpoint("console.tim.qq.com", 1),
    "localhost:65535": Endpoint("localhost", 65535),
    "192.0.2.1": Endpoint("192.0.2.1", 443),
    "192.0.2.1:80": Endpoint("192.0.2.1", 80),
    "2001:DB8::1": Endpoint("2001:db8::1", 443),
    "[2001:db8::1]": Endpoint("2001:db8::1", 443),
    "https://[2001:db8::1]:8443": Endpoint("2001:db8::1", 8443),
    "xn--fiqs8s.example": Endpoint("xn--fiqs8s.example", 443),
    "_im._tcp.example": Endpoint("_im._tcp.example", 443),
    f"{'a' * 63}.example": Endpoint(f"{'a' * 63}.example", 443),
}


@pytest.mark.parametrize("text", ENDPOINTS)
def test_endpoints(text: str) -> None:
    """An endpoint is a host, with or without https:// and a port."""
    assert parse_endpoint(text) == ENDPOINTS[text]


NO_ENDPOINTS = {
    "": "the host is missing",
    ":443": "the host is missing",
    ".": "the host is missing",
    "http://console.tim.qq.com": "HTTPS only, since a call carries its usersig",
    "ftp://console.tim.qq.com": "HTTPS only",
    "console.tim.qq.com/v4": "without a path",
    "console.tim.qq.com?a": "without a path",
    "https://me:word@console.tim.qq.com": "no user name",
    "console.tim.qq.com:": "is no port",
    "console.tim.qq.com:0": "is no port",
    "console.tim.qq.com:65536": "is no port",
    "console.tim.qq.com:https": "is no port",
    "console.tim.qq.com:443:1": "is no port",
    "[2001:db8::1": "is no IPv6 address",
    "[2001:db8::1]443": "is no IPv6 address",
    "[console.tim.qq.com]": "is no IPv6 address",
    "[fe80::1%eth0]:443": "is no IPv6 address",
    "256.1.1.1": "is no IP address",
    "1.2.3": "is no IP address",
    "12": "is no IP address",
    "-a.example": "is no host name",
    "a-.example": "is no host name",
    "a..example": "is no host name",
    "a b.example": "is no host name",
    " a.example": "is no host name",
    "a.example\n": "is no host name",
    f"{'a' * 64}.example": "is no host name",
    f"{'a.' * 127}example": "is no host name",
    "中国.example": "write the name as DNS has it, xn--fiqs8s.example",
    "\ud800.example": "write the name as DNS has it",
}


@pytest.mark.parametrize("text", NO_ENDPOINTS)
def test_no_endpoints(text: str) -> None:
    """What is no endpoint is refused with what to write."""
    with pytest.raises(ValueError, match="write") as caught:
        parse_endpoint(text)
    assert NO_ENDPOINTS[text] in str(caught.value)
    assert "word" not in str(caught.value)


@given(st.text() | st.from_regex(r"(https?://)?[a-z0-9.:\[\]%@-]{0,20}"))
def test_endpoints_never_raise_anything_else(text: str) -> None:
    """Any text is an endpoint that reads back as itself, or a ValueError."""
    with suppress(ValueError):
        endpoint = parse_endpoint(text)
        event("an endpoint")
        assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    "text", ["env", "none", "http://proxy.example:3128", "http://a:b@[2001:db8::1]:1", "http://p/"]
)
def test_proxies(text: str) -> None:
    """A proxy is env, none or an http:// URL, kept as it stands."""
    assert parse_proxy(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy.example:3128",
        "https://p:word@p",
        "socks5://p",
        "http://",
        "http://p:x",
        "http://p:0",
        "http://p/path",
        "http://[::1",
        "http://a b",
    ],
)
def test_no_proxies(text: str) -> None:
    """What is no proxy is refused with what to write, and no password is repeated."""
    with pytest.raises(ValueError, match="write") as caught:
        parse_proxy(text)
    assert "word" not in str(caught.value)


SECRETS = {
    "hexadecimal": "0123456789abcdef" * 4,
    "a usersig": "eJw" + "aB3*" * 9,
    "PEM": "-----BEGIN EC PRIVATE KEY-----\nx",
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_not_shown(name: str) -> None:
    """What looks like a secret is repeated by no message."""
    assert looks_secret(SECRETS[name])
    assert SECRETS[name] not in shown(SECRETS[name])
    assert redacted(f"'{SECRETS[name]}'").startswith("'***")


@pytest.mark.parametrize("text", ["", "administrator", "/etc/imdoctor/usersig", "0123456789abcdef" * 2 + "!"][:3])
def test_ordinary_texts_are_shown(text: str) -> None:
    """What does not look like a secret is repeated, quoted."""
    assert shown(text) == repr(text)


SUGGESTIONS = {
    ("usersgi", ("usersig", "dns")): "did you mean usersig?",
    ("tls.cert", ("tls.cert-expired", "tls.cert-weak", "tls.reset")): "did you mean tls.cert-expired or tls.cert-weak?",
    ("zzz", ("b", "a")): "known here: a, b",
    ("zzz", tuple(f"name{n}" for n in range(30))): "nothing of a similar name is known",
    ("", ("a",)): "known here: a",
    ("zzz", ()): "nothing of a similar name is known",
}


@pytest.mark.parametrize("case", SUGGESTIONS, ids=str)
def test_suggestions(case: tuple[str, tuple[str, ...]]) -> None:
    """A word of a similar name, or one that goes on like it, is suggested; else a short list is shown."""
    assert suggestion(*case) == SUGGESTIONS[case]
