"""The commands that texts ask people to paste: between backticks, of programs that are known here with their packages."""

import re
from collections.abc import Mapping

ANYWHERE = frozenset(
    (
        "awk",
        "cat",
        "date",
        "echo",
        "env",
        "grep",
        "head",
        "ls",
        "printf",
        "sed",
        "seq",
        "sleep",
        "sort",
        "tail",
        "tr",
        "wc",
    )
)
"""Programs and words of the shell that every system has."""

PACKAGES: Mapping[str, str] = {
    "chronyc": "chrony",
    "curl": "curl",
    "dig": "bind9-dnsutils",
    "getent": "libc-bin",
    "ip": "iproute2",
    "iptables": "iptables",
    "mtr": "mtr-tiny",
    "namei": "util-linux",
    "nc": "netcat-openbsd",
    "nft": "nftables",
    "nstat": "iproute2",
    "openssl": "openssl",
    "ping": "iputils-ping",
    "python3": "python3",
    "resolvectl": "systemd-resolved",
    "ss": "iproute2",
    "systemctl": "systemd",
    "tcpdump": "tcpdump",
    "timedatectl": "systemd",
    "tracepath": "iputils-tracepath",
    "traceroute": "traceroute",
}
"""The Debian package of each other program; imdoctor itself is left out."""


def commands(sentence: str) -> list[str]:
    """Return the commands of a sentence."""
    return re.findall(r"`([^`]+)`", sentence)


def programs(command: str) -> set[str]:
    """Return the programs that a command calls, without `sudo` and the words of a loop."""
    bare = re.sub(r"'[^']*'", "", command)
    heads = re.findall(r"(?:^|[|;(])\s*(?:(?:do|sudo|time) )?([a-z]\w*)", bare)
    return {*heads} - {"done", "for"}


def shell_words(text: str) -> str:
    """Return a page's text as the words that a shell sees: continued lines put together, a blank between two words, no backticks."""
    return " ".join(text.replace(" \\\n", " ").replace("`", " ").split())


def unset(text: str) -> str:
    """Return a text without blanks, backticks and points: a command on a line of its own has none around it."""
    return re.sub(r"[\s`.,;:]", "", text.replace(" \\\n", " "))
