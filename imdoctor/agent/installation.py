"""Which files `imdoctor systemd install` writes, and with which text: the units with the right paths, and their drop-ins.

Nothing here writes a file, or reads one but the units that come with the package.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Literal

import msgspec

Way = Literal["timer", "watch"]

FOLDER = "etc/systemd/system"
"""Where an administrator's units stand, below the root (systemd.unit(5))."""
UNITS: dict[Way, tuple[str, ...]] = {
    "timer": ("imdoctor.service", "imdoctor.timer", "imdoctor-alert@.service"),
    "watch": ("imdoctor-watch.service",),
}
RUNS: dict[Way, str] = {"timer": "imdoctor.service", "watch": "imdoctor-watch.service"}
"""The unit that runs the checks, and so reads the secrets."""
STARTED: dict[Way, str] = {"timer": "imdoctor.timer", "watch": "imdoctor-watch.service"}
"""The unit that is enabled and started."""
DROP_INS = ("10-schedule.conf", "20-credentials.conf", "30-type.conf")

PROGRAM, CONFIG = "/usr/bin/env imdoctor", "/etc/imdoctor/imdoctor.yaml"
"""What stands in the units as they are shipped."""
NOTIFY_RELOAD_SINCE = 253
"""The release of systemd that knows Type=notify-reload (systemd.service(5))."""

_SEAL = re.compile(r"# Written by `imdoctor systemd install` \(([0-9a-f]{16})\)\.\n")
_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_CALENDAR = ((1, 60, "*:*:0/{}"), (60, 60, "*:0/{}"), (3600, 24, "0/{}:00"))


class Loaded(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A secret's file that systemd hands to the unit, and under which name (systemd.exec(5), LoadCredential=)."""

    id: str
    path: str


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed. ``every`` is the period in seconds, None as long as there is no configuration.

    ``program`` is the command as its words; ``systemd`` is the release of systemd, None where it is not known.
    """

    way: Way
    program: tuple[str, ...]
    config: str = CONFIG
    every: float | None = None
    jitter: float = 0.0
    credentials: tuple[Loaded, ...] = ()
    systemd: int | None = None


def files(wanted: Installation) -> dict[str, str]:
    """Return the files' texts by their paths below /etc/systemd/system. Raises ValueError for a path that no unit can hold."""
    return {name: sealed(text) for name, text in _files(wanted)}


def _files(wanted: Installation) -> Iterator[tuple[str, str]]:
    for name in UNITS[wanted.way]:
        yield name, _unit(name, wanted)
    schedule, credentials, kind = DROP_INS
    if wanted.way == "timer" and wanted.every is not None:
        yield f"{STARTED['timer']}.d/{schedule}", _section("Timer", _schedule(wanted.every, wanted.jitter))
    if wanted.credentials:
        lines = [f"LoadCredential={_specified(it.id)}:{_specified(it.path)}" for it in wanted.credentials]
        yield f"{RUNS[wanted.way]}.d/{credentials}", _section("Service", lines)
    if wanted.way == "watch" and (wanted.systemd or 0) >= NOTIFY_RELOAD_SINCE:
        yield f"{RUNS['watch']}.d/{kind}", _section("Service", ("Type=notify-reload", "ExecReload="))


def possible(way: Way) -> tuple[str, ...]:
    """Return the path of every file that an installation of this way may hold."""
    return (*UNITS[way], *(f"{unit}.d/{name}" for unit in UNITS[way] for name in DROP_INS))


def _unit(name: str, wanted: Installation) -> str:
    """Return a shipped unit with this installation's program and configuration."""
    text = resources.files("imdoctor.agent").joinpath("units", name).read_text("utf-8")
    program = " ".join(_word(word) for word in wanted.program)
    return text.replace(PROGRAM, program).replace(CONFIG, _word(wanted.config))


def _word(text: str) -> str:
    """Return a word of a command line (systemd.service(5), "Command lines"). Raises ValueError."""
    word = _specified(text)
    return word if _BARE.fullmatch(word) else f'"{word}"'


def _specified(text: str) -> str:
    """Return a path with its per cent signs doubled (systemd.unit(5), "Specifiers"). Raises ValueError."""
    if not text.isprintable() or set(text) & set("\"'\\$"):
        raise ValueError(f"{text!r} holds a quotation mark, a backslash, a $ or a control character: rename or move it")
    return text.replace("%", "%%")


def _section(name: str, lines: Sequence[str]) -> str:
    return "\n".join((f"[{name}]", *lines, ""))


def _schedule(every: float, jitter: float) -> Sequence[str]:
    """Return the timer's lines for a period in seconds; the first one takes back the shipped period (systemd.timer(5))."""
    repeated = calendar(every)
    if repeated is not None:
        # As long a delay as the period: each machine of a fleet has a moment of its own in it.
        return ("OnCalendar=", f"OnCalendar={repeated}", f"RandomizedDelaySec={every:g}s")
    # No calendar repeats it evenly. Counted from the last start, a delay makes the period longer: it is the jitter alone.
    delay = ("FixedRandomDelay=no", f"RandomizedDelaySec={every * jitter:g}s")
    return ("OnCalendar=", "OnActiveSec=0", f"OnUnitActiveSec={every:g}s", *delay)


def calendar(every: float) -> str | None:
    """Return a period in seconds as a calendar event (systemd.time(7)); None where it does not divide a minute, hour or day."""
    for unit, most, shape in _CALENDAR:
        count, rest = divmod(every, unit)
        if not rest and 1 <= count < most and most % count == 0:
            return shape.format(int(count))
    return None


def sealed(text: str) -> str:
    """Return a text under a line that tells later whether somebody has changed it."""
    return f"# Written by `imdoctor systemd install` ({_seal(text)}).\n{text}"


def is_ours(text: str) -> bool:
    """Tell whether a file's text is what an installation wrote, to the letter."""
    found = _SEAL.match(text)
    return found is not None and found[1] == _seal(text[found.end() :])


def _seal(text: str) -> str:
    """Return 16 digits of a text's SHA-256: against forgotten edits, not against an attacker."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
