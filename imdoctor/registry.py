"""From entry points to checks: the group `imdoctor.checks` holds tuples of checks, the built-in ones among them."""

from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata

import msgspec

from imdoctor.check import Check

GROUP = "imdoctor.checks"
OURS = "builtin"
"""The entry point of the built-in checks, which come first."""


class Installed(msgspec.Struct, frozen=True):
    """A check and the entry point that it comes by."""

    check: Check
    entry: metadata.EntryPoint

    @property
    def origin(self) -> str:
        """The distribution that it comes from, such as "imdoctor 0.1.0". Reading that takes a while, so it is read when asked for."""
        return _origin(self.entry)


class Broken(msgspec.Struct, frozen=True):
    """An entry point that could not be loaded, and why; the checks of others go on without it."""

    entry: str
    origin: str
    error: str


class Registry(msgspec.Struct, frozen=True):
    """The installed checks, the built-in ones first, and what could not be loaded."""

    installed: tuple[Installed, ...]
    broken: tuple[Broken, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks alone."""
        return tuple(item.check for item in self.installed)

    def options(self) -> dict[str, type[msgspec.Struct]]:
        """Return the type of each check's options, for those that declare one."""
        declared = ((check.name, getattr(check, "options", None)) for check in self.checks)
        return {name: kind for name, kind in declared if kind is not None}


def load(entries: Iterable[metadata.EntryPoint] | None = None) -> Registry:
    """Load every check from its entry point. Two checks of one name: the first stays, the other is broken."""
    found = metadata.entry_points(group=GROUP) if entries is None else entries
    ordered = sorted(found, key=lambda entry: (entry.name != OURS, entry.value))
    return _without_doubles([item for entry in ordered for item in _load(entry)])


def _load(entry: metadata.EntryPoint) -> Iterator[Installed | Broken]:
    try:
        checks: Sequence[Check] = entry.load()
        yield from [Installed(check, entry) for check in checks if _complete(check)]
    except Exception as error:  # noqa: BLE001 - a stranger's module may raise anything; it must not stop the other checks
        yield Broken(entry.value, _origin(entry), f"{type(error).__name__}: {error}")


def _complete(check: Check) -> bool:
    missing = [
        part for part in ("name", "title", "step", "findings", "observe", "judge", "plan") if not hasattr(check, part)
    ]
    if missing:
        raise TypeError(f"{check!r} is no check: it lacks {', '.join(missing)}")
    strange = [code for code in check.findings if not code.startswith(f"{check.name}.")]
    if strange:
        raise TypeError(f"the codes of check {check.name!r} begin with its name: {', '.join(strange)}")
    return True


def _without_doubles(items: list[Installed | Broken]) -> Registry:
    kept: dict[str, Installed] = {}
    broken: list[Broken] = []
    for item in items:
        if isinstance(item, Broken):
            broken.append(item)
        elif item.check.name in kept:
            other = kept[item.check.name].origin
            broken.append(Broken(item.check.name, item.origin, f"{other} has a check of this name already"))
        else:
            kept[item.check.name] = item
    return Registry(tuple(kept.values()), tuple(broken))


def _origin(entry: metadata.EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
