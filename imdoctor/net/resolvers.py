"""Which resolvers a host uses: resolv.conf(5), nsswitch.conf(5), hosts(5)."""

import functools
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from imdoctor.net.machine import Machine, errno_name

MAXNS = 3
"""Nameservers that the C library asks (resolv.conf(5))."""
CAPS = {"ndots": 15, "timeout": 30, "attempts": 5}
"""The C library's caps on options (resolv.conf(5))."""
LARGEST = 1 << 20
"""Bytes of a file that are read: blocklists make hosts files long, but not longer than they can be of use."""
BY_DEFAULT = ("dns", "files")
"""The C library's order for hosts (nsswitch.conf(5))."""
RESOLVED = {"127.0.0.53", "127.0.0.54"}
"""systemd-resolved's stub (systemd-resolved.service(8))."""

Kind = Literal["public", "cloud-internal", "private", "stub", "unknown"]


class ResolvConf(msgspec.Struct, frozen=True, kw_only=True):
    """resolv.conf as read; ``error`` is an errno's name when it could not be."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2
    error: str | None = None


class ResolverKind(msgspec.Struct, frozen=True):
    """Whose resolver an address is."""

    kind: Kind
    owner: str | None = None


def _table() -> dict[str, ResolverKind]:
    """Return the resolvers known by their address. It comes before any rule: some that are private look public."""
    public = {
        "DNSPod": "119.29.29.29 182.254.116.116 2402:4e00::",
        "AliDNS": "223.5.5.5 223.6.6.6 2400:3200::1 2400:3200:baba::1",
        "114DNS": "114.114.114.114 114.114.115.115",
        "Baidu": "180.76.76.76 2400:da00::6666",
        "CNNIC": "1.2.4.8 210.2.4.8",
        "OneDNS": "117.50.11.11 117.50.22.22 117.50.10.10 52.80.52.52",
        "Google": "8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844",
        "Cloudflare": "1.1.1.1 1.0.0.1 2606:4700:4700::1111 2606:4700:4700::1001",
        "Quad9": "9.9.9.9 149.112.112.112 2620:fe::fe 2620:fe::9",
        "OpenDNS": "208.67.222.222 208.67.220.220 2620:119:35::35 2620:119:53::53",
    }
    internal = {
        "Tencent Cloud": "183.60.83.19 183.60.82.98",
        "Alibaba Cloud": "100.100.2.136 100.100.2.138",
        "AWS": "169.254.169.253 fd00:ec2::253",
        "Azure": "168.63.129.16",
        "Google Cloud": "169.254.169.254",
    }
    stubs = {
        "systemd-resolved": " ".join(sorted(RESOLVED)),
        "Docker": "127.0.0.11",
        "NodeLocal DNSCache": "169.254.20.10",
    }
    kinds: tuple[tuple[Kind, dict[str, str]], ...] = (
        ("public", public),
        ("cloud-internal", internal),
        ("stub", stubs),
    )
    return {
        address: ResolverKind(kind, owner)
        for kind, owners in kinds
        for owner, text in owners.items()
        for address in text.split()
    }


KNOWN = _table()
SHARED = ipaddress.ip_network("100.64.0.0/10")
"""Shared address space of carriers and clouds (RFC 6598); `is_private` is False for it."""


@functools.lru_cache(maxsize=256)
def classify(address: str) -> ResolverKind:
    """Tell whose resolver an address is: by the table first, then by the address itself."""
    if address in KNOWN:
        return KNOWN[address]
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ResolverKind("unknown")
    if known.is_loopback:
        return ResolverKind("stub")
    if known.is_private or known.is_link_local or (isinstance(known, ipaddress.IPv4Address) and known in SHARED):
        return ResolverKind("private")
    return ResolverKind("unknown")


def read_resolv_conf(machine: Machine) -> ResolvConf:
    """Read resolv.conf as the C library does, RES_OPTIONS and LOCALDOMAIN of the environment included. Rubbish is passed over."""
    path, given = machine.resolv_conf, tuple(machine.environ.get(name, "") for name in ("LOCALDOMAIN", "RES_OPTIONS"))
    try:
        return machine.kept.get_now(("resolv.conf", path, given), (path,), lambda: _resolv_conf(path, *given))
    except OSError as error:
        return ResolvConf(error=errno_name(error))


def _resolv_conf(path: Path, localdomain: str, res_options: str) -> ResolvConf:
    """Return a file's settings, and those of the environment. Raises OSError."""
    rows = list(words_of(path, comments="#;"))
    servers = [words[1] for words in rows if words[0] == "nameserver" and len(words) > 1 and _is_address(words[1])]
    search: tuple[str, ...] = ()
    for words in rows:  # the last of "search" and "domain" wins
        if words[0] in {"search", "domain"}:
            search = tuple(words[1:])
    options = [option for words in rows if words[0] == "options" for option in words[1:]]
    numbers = {"ndots": 1, "timeout": 5, "attempts": 2, **_numbers(options + res_options.split())}
    return ResolvConf(
        nameservers=tuple(servers[:MAXNS]),
        search=tuple(localdomain.split()) or search,
        ndots=numbers["ndots"],
        timeout=numbers["timeout"],
        attempts=numbers["attempts"],
    )


def _numbers(options: list[str]) -> dict[str, int]:
    found = (re.fullmatch(r"(ndots|timeout|attempts):(\d{1,9})", option) for option in options)
    return {match[1]: min(int(match[2]), CAPS[match[1]]) for match in found if match}


def nameservers(machine: Machine) -> tuple[str, ...]:
    """Return the nameservers that the C library asks, in its order; without any it asks this machine (resolv.conf(5))."""
    return read_resolv_conf(machine).nameservers or ("127.0.0.1",)


def hosts_order(machine: Machine) -> tuple[str, ...]:
    """Return the sources of nsswitch.conf's hosts line in their order, actions in brackets left out."""
    path = machine.nsswitch
    try:
        return machine.kept.get_now(("nsswitch", path), (path,), lambda: _hosts_order(path))
    except OSError:
        return BY_DEFAULT


def _hosts_order(path: Path) -> tuple[str, ...]:
    for words in words_of(path, comments="#"):
        if words[0].startswith("hosts:"):
            line = " ".join([words[0].removeprefix("hosts:"), *words[1:]])
            return tuple(re.sub(r"\[[^\]]*\]", " ", line).split())
    return BY_DEFAULT


def hosts_entry(machine: Machine, name: str) -> tuple[str, ...]:
    """Return the addresses that the hosts file gives for a name, whatever its case."""
    wanted = name.rstrip(".").lower()
    try:
        return machine.kept.get_now(
            ("hosts", machine.hosts, wanted), (machine.hosts,), lambda: _pinned(machine, wanted)
        )
    except OSError:
        return ()


def _pinned(machine: Machine, wanted: str) -> tuple[str, ...]:
    rows = words_of(machine.hosts, comments="#")
    found = (words[0] for words in rows if wanted in (alias.lower() for alias in words[1:]) and _is_address(words[0]))
    return tuple(dict.fromkeys(found))


def words_of(path: Path, *, comments: str) -> Iterator[list[str]]:
    """Yield a file's lines as words, without comments. Raises OSError."""
    with path.open("rb") as file:
        text = file.read(LARGEST).decode("utf-8", "replace")
    for line in text.splitlines():
        words = re.split(f"[{comments}]", line, maxsplit=1)[0].split()
        if words:
            yield words


def text_of(path: Path) -> str | None:
    """Return a file's text, as much of it as is read; None for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return None


def named_in(path: Path) -> tuple[str, ...]:
    """Return the nameservers in a file of resolv.conf's form, however many; none where it cannot be read."""
    try:
        rows = list(words_of(path, comments="#;"))
    except OSError:
        return ()
    return tuple(words[1] for words in rows if words[0] == "nameserver" and len(words) > 1 and _is_address(words[1]))


def bare_address(text: str) -> str | None:
    """Return an address without a port behind it; None for anything else."""
    bare = re.sub(r"^\[(.*)\](:\d+)?$", r"\1", text)
    return next((one for one in (bare, bare.rpartition(":")[0]) if _is_address(one)), None)


def is_loopback(address: str) -> bool:
    """Tell whether an address is this machine's own."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


@functools.lru_cache(maxsize=256)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
