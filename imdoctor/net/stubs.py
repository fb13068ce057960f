"""What stands behind a resolver on this machine: systemd-resolved, dnsmasq, Docker's, NodeLocal DNSCache; as their files tell."""

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from imdoctor.net.machine import Machine
from imdoctor.net.resolvers import RESOLVED, classify, nameservers, words_of

DEEPEST = 4
"""Stubs behind stubs that are followed."""
MOST_FILES = 50
LARGEST = 1 << 18
"""Bytes of a configuration that are read."""
CTL_LIMIT = 1.0
"""Seconds that resolvectl gets."""
DOCKER = re.compile(r"^#\s*ExtServers:\s*\[([^\]]*)\]", re.MULTILINE)
FORWARD = re.compile(r"^\s*forward\s+\.\s+([^{\n]+)", re.MULTILINE)
"""CoreDNS' plugin of that name (https://coredns.io/plugins/forward/)."""


class Stub(msgspec.Struct, frozen=True, kw_only=True):
    """A resolver on this machine, and the nameservers that it hands questions to; ``told_by`` is where that stands. None: not known."""

    address: str
    program: str | None = None
    upstreams: tuple[str, ...] = ()
    told_by: str | None = None


async def stubs(machine: Machine, servers: Iterable[str] | None = None) -> tuple[Stub, ...]:
    """Return what is behind each nameserver on this machine, and behind a stub behind a stub."""
    found: dict[str, Stub] = {}
    waiting = list(nameservers(machine) if servers is None else servers)
    for _ in range(DEEPEST):
        new = [one for one in dict.fromkeys(waiting) if one not in found and classify(one).kind == "stub"]
        for address in new:
            found[address] = await _behind(machine, address)
        waiting = [upstream for address in new for upstream in found[address].upstreams]
    return tuple(found.values())


async def _behind(machine: Machine, address: str) -> Stub:
    owner = classify(address).owner
    if address in RESOLVED:
        return await _resolved(machine, address)
    if owner == "Docker":
        return _docker(machine, address)
    if owner == "NodeLocal DNSCache":
        return _node_local(machine, address)
    return _dnsmasq(machine, address) or Stub(address=address)


async def _resolved(machine: Machine, address: str) -> Stub:
    """Read the file that systemd-resolved keeps for this purpose (systemd-resolved.service(8)), or ask resolvectl."""
    seen = Stub(address=address, program="systemd-resolved")
    try:
        named = [words[1] for words in words_of(machine.resolved_conf, comments="#;") if _names_server(words)]
    except OSError:
        told = await machine.resolvectl(CTL_LIMIT)
        named, path = list(read_resolvectl(told)) if told else [], "resolvectl"
    else:
        path = str(machine.resolved_conf)
    upstreams = tuple(dict.fromkeys(one for one in named if one not in RESOLVED))
    return msgspec.structs.replace(seen, upstreams=upstreams, told_by=path) if upstreams else seen


def _names_server(words: list[str]) -> bool:
    return words[0] == "nameserver" and len(words) > 1 and _address(words[1]) is not None


def read_resolvectl(text: str) -> Iterator[str]:
    """Yield the nameservers in what `resolvectl dns` says: JSON of the releases that write it, else its plain lines."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        words = (word for line in text.splitlines() for word in line.partition(":")[2].split())
        yield from (known for word in words if (known := _address(word.partition("#")[0])))
        return
    yield from _addresses_in(found, depth=0)


def _addresses_in(thing: object, depth: int) -> Iterator[str]:
    """Yield every `addressString` (or a plain text that is an address) below a key that speaks of servers, however deep."""
    if depth > 8:  # noqa: PLR2004 - deeper than any release nests
        return
    if isinstance(thing, list):
        for item in thing:
            yield from _addresses_in(item, depth + 1)
    elif isinstance(thing, dict):
        if isinstance(thing.get("addressString"), str) and (known := _address(thing["addressString"])):
            yield known
        for key, item in thing.items():
            if isinstance(item, list | dict) and "fallback" not in key.lower():
                yield from _addresses_in(item, depth + 1)


def _docker(machine: Machine, address: str) -> Stub:
    """Read what Docker notes in a container's resolv.conf: `# ExtServers: [10.0.0.2 host(127.0.0.53)]`."""
    found = DOCKER.search(_text(machine.resolv_conf))
    seen = Stub(address=address, program="Docker")
    words = re.sub(r"host\(([^)]*)\)", r"\1", found[1]).split() if found else []
    named = tuple(known for word in words if (known := _address(word)))
    return msgspec.structs.replace(seen, upstreams=named, told_by=str(machine.resolv_conf)) if named else seen


def _node_local(machine: Machine, address: str) -> Stub:
    """Read NodeLocal DNSCache's Corefile where it can be read: on the node, that is."""
    seen = Stub(address=address, program="NodeLocal DNSCache")
    for name in ("etc/coredns/Corefile", "etc/Corefile", "etc/coredns/Corefile.base"):
        found = FORWARD.findall(_text(machine.root / name))
        named = tuple(dict.fromkeys(known for line in found for word in line.split() if (known := _address(word))))
        if named:
            return msgspec.structs.replace(seen, upstreams=named, told_by=f"/{name}")
    return seen


def _dnsmasq(machine: Machine, address: str) -> Stub | None:
    """Read the command lines and the configuration of a dnsmasq that runs (dnsmasq(8)); None where none does."""
    upstreams: list[str] = []
    told_by = None
    runs = False
    for arguments in _command_lines(machine, "dnsmasq"):
        options = [word.removeprefix("--").partition("=")[::2] for word in arguments if word.startswith("--")]
        listens = [value for key, value in options if key == "listen-address"]
        if listens and address not in {one for text in listens for one in text.split(",")}:
            continue
        runs = True
        config = next((value for key, value in options if key == "conf-file"), "/etc/dnsmasq.conf")
        every = [*options, *_dnsmasq_file(machine, Path(config))]
        upstreams += _dnsmasq_upstreams(machine, every, address)
        told_by = "its command line" if any(key == "server" for key, _ in options) else config
    if not runs:
        return None
    return Stub(
        address=address,
        program="dnsmasq",
        upstreams=tuple(dict.fromkeys(upstreams)),
        told_by=told_by if upstreams else None,
    )


def _dnsmasq_upstreams(machine: Machine, options: list[tuple[str, str]], address: str) -> Iterator[str]:
    """Yield `server=` (not those of single domains) and, unless `no-resolv`, the nameservers of `resolv-file=`."""
    for key, value in options:
        if key == "server" and (known := _address(re.split("[#@]", value)[0])):
            yield known
    keys = {key for key, _ in options}
    if "no-resolv" in keys:
        return
    files = [machine.root / value.lstrip("/") for key, value in options if key == "resolv-file"]
    for file in files or [machine.resolv_conf]:
        try:
            named = [words[1] for words in words_of(file, comments="#;") if _names_server(words)]
        except OSError:
            continue
        yield from (one for one in named if one != address)


def _dnsmasq_file(machine: Machine, path: Path, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the options of a configuration file, of the files and folders that it names included."""
    for line in _text(machine.root / str(path).lstrip("/")).splitlines():
        key, _, value = (part.strip() for part in line.partition("#")[0].partition("="))
        if not key:
            continue
        if key == "server":
            value = line.partition("=")[2].strip()  # a port stands behind a #
        yield key, value
        if depth < DEEPEST and key in {"conf-file", "conf-dir"}:
            named = Path(value.partition(",")[0])
            folder = machine.root / str(named).lstrip("/")
            names = sorted(folder.glob("*"))[:MOST_FILES] if key == "conf-dir" and folder.is_dir() else [folder]
            for name in names:
                yield from _dnsmasq_file(machine, Path("/") / name.relative_to(machine.root), depth + 1)


def _command_lines(machine: Machine, program: str) -> Iterator[list[str]]:
    """Yield the arguments of the running processes of a program, as far as /proc shows them (proc(5))."""
    try:
        folders = [folder for folder in (machine.root / "proc").iterdir() if folder.name.isdigit()]
    except OSError:
        return
    for folder in folders:
        if _text(folder / "comm").strip() == program:
            yield _text(folder / "cmdline").split("\0")[1:]


def _text(path: Path) -> str:
    """Return a file's text; "" for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def _address(text: str) -> str | None:
    """Return an address without a port behind it; None for anything else."""
    bare = re.sub(r"^\[(.*)\](:\d+)?$", r"\1", text)
    for candidate in (bare, bare.rpartition(":")[0]):
        try:
            ipaddress.ip_address(candidate.partition("%")[0])
        except ValueError:
            continue
        return candidate
    return None
