"""What stands behind a dnsmasq on this machine, by its command line and its files (dnsmasq(8))."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from imdoctor.net.machine import Machine
from imdoctor.net.resolvers import bare_address, named_in, text_of
from imdoctor.speech import mark

MOST_FILES = 50
CONFIGURATION, LINE, NOTHING = "/etc/dnsmasq.conf", mark("its command line"), Path("/dev/null")
PORT = "53"
SHORT = {
    "C": "conf-file",
    "7": "conf-dir",
    "r": "resolv-file",
    "R": "no-resolv",
    "S": "server",
    "a": "listen-address",
    "i": "interface",
    "I": "except-interface",
    "p": "port",
}
WITH_VALUE = frozenset("aABcCFgGHiIjJlmMOpPQrSstTuUVWxXY0234678")
"""The letters that a value follows, by `dnsmasq --help`."""
INCLUDES = {"conf-file", "conf-dir", "servers-file"}
LOOPBACK = ("lo", "lo0")


class Option(msgspec.Struct, frozen=True):
    """One option: its long name, its value, and where it stands."""

    key: str
    value: str
    where: str


class Upstream(msgspec.Struct, frozen=True):
    """A nameserver that a dnsmasq hands questions to, and where that stands."""

    address: str
    where: str


def upstreams(machine: Machine, address: str) -> tuple[Upstream, ...] | None:
    """Return what is behind the dnsmasq that listens on a loopback address; None where none does.

    Nothing is behind one whose files cannot be read, as far as can be known.
    """
    found = None
    for arguments in command_lines(machine, "dnsmasq"):
        options = list(_options(machine, arguments))
        if listens(options, address):
            legible = all(option.key != "" for option in options)
            found = (*(found or ()), *(_upstreams(machine, options, address) if legible else ()))
    return found


def command_lines(machine: Machine, program: str) -> Iterator[list[str]]:
    """Yield the arguments of the running processes of a program, as far as /proc shows them (proc(5))."""
    try:
        folders = [folder for folder in (machine.root / "proc").iterdir() if folder.name.isdigit()]
    except OSError:
        return
    for folder in folders:
        if (text_of(folder / "comm") or "").strip() == program:
            yield (text_of(folder / "cmdline") or "").rstrip("\0").split("\0")[1:]


def read_arguments(arguments: Iterable[str]) -> Iterator[Option]:
    """Yield a command line's options as getopt_long(3) reads them: --key=value, --key value, -Kvalue, -K value, several letters in one."""
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            key, equals, value = word[2:].partition("=")
            follows = not equals and words and not words[0].startswith("-")  # dnsmasq takes nothing but options
            yield Option(key, words.pop(0) if follows else value, LINE)
        elif word.startswith("-"):
            letter = next((place for place, letter in enumerate(word) if letter in WITH_VALUE), None)
            for flag in word[1:letter]:
                yield Option(SHORT.get(flag, flag), "", LINE)
            if letter is not None:
                value = word[letter + 1 :] or (words.pop(0) if words else "")
                yield Option(SHORT.get(word[letter], word[letter]), value, LINE)


def _options(machine: Machine, arguments: Iterable[str]) -> Iterator[Option]:
    """Yield the options of a command line and of the files that it names; one without a key for a file that cannot be read."""
    given, read = list(read_arguments(arguments)), set[Path]()
    usual = Option("conf-file", CONFIGURATION, LINE)
    default = all(option.key != "conf-file" for option in given) and (machine.root / CONFIGURATION[1:]).exists()
    yield from given
    for option in (usual, *given) if default else given:
        yield from _included(machine, option, read)


def _included(machine: Machine, option: Option, read: set[Path]) -> Iterator[Option]:
    """Yield the options of the files that an option names, of each file once."""
    if option.key not in INCLUDES or not option.value:
        return
    name, *endings = option.value.split(",")
    if option.key != "conf-dir":
        yield from _file(machine, Path(name), read)
        return
    try:
        folder = (machine.root / name.lstrip("/")).iterdir()
        files = sorted(file.name for file in folder if not file.is_dir() and _taken(file.name, endings))
    except OSError:
        yield Option("", "", name)
        return
    for file in files:
        yield from _file(machine, Path(name, file), read)


def _taken(name: str, endings: Iterable[str]) -> bool:
    """Tell whether a folder's file is read: `*.conf` are the only endings that are, others are those that are not."""
    only = [ending[1:] for ending in endings if ending.startswith("*")]
    never = ("~", *(ending for ending in endings if ending and not ending.startswith("*")))
    edited = name.startswith("#") and name.endswith("#")
    return not (edited or name.startswith(".") or name.endswith(never)) and (not only or name.endswith(tuple(only)))


def _file(machine: Machine, path: Path, read: set[Path]) -> Iterator[Option]:
    """Yield a file's options. A comment begins with a # at the start of a word: another one stands before a port."""
    if path == NOTHING or path in read or len(read) >= MOST_FILES:
        return
    read.add(path)
    text = text_of(machine.root / str(path).lstrip("/"))
    if text is None:
        yield Option("", "", str(path))
        return
    for line in text.replace("\0", " ").splitlines():
        key, _, value = (part.strip() for part in re.split(r"(?:^|\s)#", line)[0].partition("="))
        if key:
            option = Option(key, value, str(path))
            yield option
            yield from _included(machine, option, read)


def listens(options: Iterable[Option], address: str) -> bool:
    """Tell whether a dnsmasq with these options answers on a loopback address.

    It does unless addresses alone are named and this is none of them; a named interface brings loopback along. What is
    excepted is so whatever else is named.
    """
    said: dict[str, list[str]] = {}
    for option in options:
        said.setdefault(option.key, []).extend(option.value.split(","))
    if said.get("port", [PORT])[-1] != PORT:
        return False
    if any(fnmatchcase(name, pattern) for pattern in said.get("except-interface", ()) for name in LOOPBACK):
        return False
    return address in said.get("listen-address", [address]) or "interface" in said


def _upstreams(machine: Machine, options: Iterable[Option], address: str) -> Iterator[Upstream]:
    """Yield `server=` (not those of single domains) and, unless `no-resolv`, the nameservers of `resolv-file=`."""
    options = list(options)
    for option in options:
        if option.key == "server" and (known := bare_address(re.split("[#@]", option.value)[0])):
            yield Upstream(known, option.where)
    if any(option.key == "no-resolv" for option in options):
        return
    files = [machine.root / option.value.lstrip("/") for option in options if option.key == "resolv-file"]
    for file in files or [machine.resolv_conf]:
        shown = f"/{file.relative_to(machine.root)}" if file.is_relative_to(machine.root) else str(file)
        yield from (Upstream(one, shown) for one in named_in(file) if one not in {address, "127.0.0.1", "::1"})
