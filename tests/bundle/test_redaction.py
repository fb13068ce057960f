"""Host names and private addresses are replaced by the same words throughout, and nothing else is."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imdoctor.bundle.contents import assembled, redaction_of
from imdoctor.bundle.redaction import (
    LEFT_OUT,
    Redaction,
    names_of_hosts,
    names_of_proxies,
    names_of_report,
    names_of_resolv_conf,
    vocabulary,
)
from imdoctor.bundle.system import Item
from imdoctor.lab.authority import Authority
from tests.render.reports import FAILED, HEALTHY, HOST, check, report, target

NAMES = frozenset({"web-1", "corp.example", "proxy.example.net"})

TEXTS: dict[str, tuple[str, str]] = {
    "a name": ("on web-1 now", "on host-1 now"),
    "the same name twice": ("web-1, WEB-1", "host-1, host-1"),
    "a name within a domain": ("web-1.corp.example.", "host-1."),
    "two hosts of a domain": ("a.corp.example b.corp.example", "host-1 host-2"),
    "a domain alone": ("search corp.example", "search host-1"),
    "a part of a word": ("web-10 aweb-1 web-1x web-1-2", "web-10 aweb-1 web-1x web-1-2"),
    "a name in an unknown domain": ("web-1.other.example", "host-1.other.example"),
    "a name in a URL": ("http://proxy.example.net:3128/", "http://host-1:3128/"),
    "a private suffix": ("printer.office.lan", "host-1"),
    "the service's own name": ("console.tim.qq.com", "console.tim.qq.com"),
    "a third party's name": ("TXT whoami.ds.akahelp.net", "TXT whoami.ds.akahelp.net"),
    "a finding's code": ("tcp.local-exhausted, dns.private-resolver", "tcp.local-exhausted, dns.private-resolver"),
    "this machine's own": ("127.0.0.1 localhost ::1 ip6-localhost", "127.0.0.1 localhost ::1 ip6-localhost"),
    "a private address": ("from 10.0.0.2.", "from addr-1."),
    "each private network": (
        "10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 169.254.1.1",
        "addr-1 addr-2 addr-3 addr-4 addr-5 addr-6",
    ),
    "what lies beside them": (
        "11.0.0.0 172.15.255.255 172.32.0.0 192.169.0.0 100.128.0.0 203.0.113.7 43.141.10.1",
        "11.0.0.0 172.15.255.255 172.32.0.0 192.169.0.0 100.128.0.0 203.0.113.7 43.141.10.1",
    ),
    "an address with a port and a prefix": ("10.0.0.2:443 10.0.0.0/24", "addr-1:443 addr-2/24"),
    "an address after a letter": ("src=n10.0.0.2", "src=naddr-1"),
    "a version": ("OpenSSL 1.10.0.0.2, 10.0.0.2.5", "OpenSSL 1.10.0.0.2, 10.0.0.2.5"),
    "no address": ("10.0.0.256", "10.0.0.256"),
    "a private IPv6 address": ("fd00::1 and fe80::1%eth0", "addr-1 and addr-2%eth0"),
    "IPv6 before a colon": ("inet6 addr:fe80::1: up", "inet6 addr:addr-1: up"),
    "IPv6 in brackets": ("[fd00::2]:443", "[addr-1]:443"),
    "IPv6 in two spellings": ("FD00:0:0::1 fd00::1", "addr-1 addr-1"),
    "IPv4 within IPv6": ("::ffff:10.0.0.2", "addr-1"),
    "a public IPv6 address": ("2402:4e00::1", "2402:4e00::1"),
    "a time": ("10:53:52 and a::b", "10:53:52 and a::b"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    """Each name and address becomes its pseudonym, and what only looks like one stays."""
    text, wanted = TEXTS[name]
    assert Redaction(NAMES)(text) == wanted


words = st.sampled_from(
    [
        "web-1",
        "a.corp.example",
        "corp.example",
        "proxy.example.net",
        "10.0.0.2",
        "fd00::1",
        "192.168.0.9",
        "x",
        "127.0.0.1",
        "1.5",
    ]
)


@given(
    st.lists(
        st.lists(st.tuples(words, st.sampled_from([" ", ", ", "\n", '"', "/", ";", "="])), max_size=12), max_size=4
    )
)
def test_redaction_is_consistent(files: list[list[tuple[str, str]]]) -> None:
    """Whatever the files: no name is left, one word stands for one thing throughout, and two things never share one."""
    redact = Redaction(NAMES)
    for words_of in files:
        text = "".join(word + mark for word, mark in words_of)
        told = redact(text)
        wanted = "".join(redact.pseudonyms.get(word, word) + mark for word, mark in words_of)
        assert told == wanted
        assert not any(
            word in told for word in ("web-1", "corp.example", "example.net", "10.0.0.2", "fd00::1", "192.168")
        )
    assert len(set(redact.pseudonyms.values())) == len(redact.pseudonyms)


@given(st.text())
def test_redaction_never_raises_and_is_done_at_once(text: str) -> None:
    """Any text is redacted, and there is nothing left to do then."""
    redact = Redaction(NAMES)
    once = redact(text)
    assert redact(once) == once


CERTIFICATES = {
    "a public name": ("console.tim.qq.com", True),
    "a replaced name": ("proxy.corp.example", False),
    "a private suffix": ("box.local", False),
    "a private address": ("10.0.0.2", False),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_certificates(name: str) -> None:
    """A certificate that holds what is replaced is left out: its signature covers every byte, so nothing can be replaced in it."""
    subject, kept = CERTIFICATES[name]
    pem = Authority("Lab Root").leaf(subject).pem().decode()
    assert Redaction(NAMES)(f"before\n{pem}after") == (f"before\n{pem}after" if kept else f"before\n{LEFT_OUT}after")


def test_a_broken_certificate_is_left_out() -> None:
    """What cannot be read could hold anything."""
    text = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"
    assert Redaction(NAMES)(text) == LEFT_OUT


def test_names_are_found() -> None:
    """Names are read from each file by its own format, and those that everybody knows are left out."""
    hosts = "127.0.0.1 localhost\n10.0.0.2 Web-1.corp.example web-1 # web-2\n::1 ip6-loopback\n"
    assert list(names_of_hosts(hosts)) == ["web-1.corp.example", "web-1"]
    assert list(names_of_resolv_conf("nameserver 10.0.0.1\nsearch a.example b\ndomain c.\n")) == ["a.example", "b", "c"]
    proxies = "https_proxy=http://u:***@proxy.example.net:3128\nno_proxy=.corp.example,10.0.0.1,localhost,*.x.example\n"
    assert list(names_of_proxies(proxies)) == ["proxy.example.net", "corp.example", "x.example"]


OBSERVATION = {
    "cnames": ["lb.corp.example"],
    "chain": [{"subject": "CN=mitm.inner.example,O=Corp"}],
    "url": "https://portal.inner.example/login",
    "answers": {"10.0.0.1": "console.tim.qq.com"},
    "program": "dnsmasq",
    "summary": "tcp.timeout, by the way",
}
SEEN = report(
    replace(
        target("prod", "ok", (check("dns", observation=OBSERVATION),)),
        endpoint="gw.inner.example:443",
        settings={"proxy": "env"},
    )
)


def test_names_of_a_report() -> None:
    """The machine's name, the endpoint, and every value of an observation that is a host's name."""
    wanted = {"web-1", "gw.inner.example", "lb.corp.example", "mitm.inner.example", "portal.inner.example"}
    assert set(names_of_report(SEEN)) == wanted
    assert {"web-1", "web-1.corp.example"} <= set(
        names_of_report(replace(SEEN, host=replace(HOST, name="web-1.corp.example")))
    )


def test_a_host_named_like_a_word_of_the_report_keeps_its_name() -> None:
    """A host that is called dns, or ok, would take the report's words away."""
    for name in ("dns", "ok", "checks", "certain"):
        named = replace(SEEN, host=replace(HOST, name=name))
        assert name in vocabulary(named)
        (shown,) = [item for item in assembled(named, (), (), redaction_of(named, ())) if item.name == "report.json"]
        assert shown.text
        assert msgspec.json.decode(shown.text)["targets"][0]["checks"][0]["name"] == "dns"


def test_all_files_speak_the_same_words() -> None:
    """A name has the same pseudonym in the report, in the rendering and in the host's files; no file has the name."""
    files = (
        Item(name="system/hosts", what="/etc/hosts", text="10.0.0.1 lb.corp.example\n10.0.0.7 web-1\n"),
        Item(name="system/resolv.conf", what="/etc/resolv.conf", text="nameserver 10.0.0.1\nsearch corp.example\n"),
        Item(name="system", what="the report is of web-1", text=None),
    )
    redaction = redaction_of(SEEN, files)
    items = assembled(SEEN, files, ("click 8",), redaction)
    texts = {item.name: item.text for item in items if item.text is not None}
    whole = "".join(texts.values()) + "".join(item.what for item in items)
    assert not any(name in whole for name in ("web-1", "corp.example", "inner.example", "10.0.0."))
    given = redaction.pseudonyms
    assert (
        texts["system/hosts"]
        == f"{given['10.0.0.1']} {given['lb.corp.example']}\n{given['10.0.0.7']} {given['web-1']}\n"
    )
    shown = msgspec.json.decode(texts["report.json"])
    assert shown["host"]["name"] == given["web-1"]
    assert shown["targets"][0]["checks"][0]["observation"]["answers"] == {given["10.0.0.1"]: "console.tim.qq.com"}
    assert texts["contents.txt"].startswith("Host names and private addresses are replaced")


def test_without_redaction_nothing_is_replaced() -> None:
    """A bundle that is not redacted holds the report as it is, and lists what is missing."""
    missing = Item(name="system/hosts", what="/etc/hosts does not exist", text=None)
    texts = {item.name: item.text for item in assembled(report(HEALTHY, FAILED), (missing,), (), None)}
    assert "web-1" in str(texts["report.json"])
    assert "system/hosts  missing: /etc/hosts does not exist" in str(texts["contents.txt"])
