"""The host's own files and what its programs say of routes and addresses. No opinions."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from imdoctor.config.files import UnreadableError, read_file
from imdoctor.net.machine import Machine

LARGEST = 1 << 20
"""Bytes of a file: blocklists make hosts files long."""
PATIENCE = 5.0
"""Seconds that a program gets."""
PROXY_VARIABLES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
COMMANDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "system/addresses.txt": (("ip", "-brief", "address"), ("ifconfig", "-a")),
    "system/routes.txt": (("ip", "route"), ("ip", "-6", "route"), ("ip", "rule"), ("netstat", "-rn")),
}
"""What is asked for each file: by ip(8), and elsewhere than on Linux by the others."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a bundle; ``text`` is None where there is none, and ``what`` then says why."""

    name: str
    what: str
    text: str | None


def gathered(machine: Machine, *, programs: bool) -> Iterator[Item]:
    """Yield the resolver's files and the proxy variables; with ``programs`` also what programs say of the network."""
    files = {
        "system/resolv.conf": machine.resolv_conf,
        "system/resolved.conf": machine.resolved_conf,
        "system/nsswitch.conf": machine.nsswitch,
        "system/hosts": machine.hosts,
    }
    yield from (_file(name, path) for name, path in files.items())
    yield Item(name="system/proxy.txt", what="the proxy variables, without passwords", text=_proxies(machine.environ))
    if programs:
        yield from (_said(name, commands) for name, commands in COMMANDS.items())


def _file(name: str, path: Path) -> Item:
    try:
        return Item(name=name, what=str(path), text=read_file(path, LARGEST).data.decode("utf-8", "replace"))
    except UnreadableError as error:
        return Item(name=name, what=f"{path} {error}", text=None)


def _proxies(environ: Mapping[str, str]) -> str:
    lines = [
        f"{name}={without_password(value)}\n" for name, value in environ.items() if name.lower() in PROXY_VARIABLES
    ]
    return "".join(sorted(lines)) or "none is set\n"


def without_password(value: str) -> str:
    """Return a proxy's URL with *** for its password."""
    head, at, host = value.rpartition("@")
    if not at:
        return value
    scheme, separator, user = head.partition("://")
    if not separator:
        scheme, user = "", head
    return f"{scheme}{separator}{user.partition(':')[0]}:***@{host}"


def _said(name: str, commands: Sequence[Sequence[str]]) -> Item:
    """Return what the programs say that are there."""
    said = [f"$ {' '.join(command)}\n{text}" for command in commands if (text := _output(command)) is not None]
    programs = " and ".join(dict.fromkeys(command[0] for command in commands))
    if not said:
        return Item(name=name, what=f"neither {programs} could be run", text=None)
    return Item(name=name, what=f"what {programs} say", text="\n".join(said))


def _output(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - the commands are those above
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
