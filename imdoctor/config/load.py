"""A configuration file to a Config: strict, with every error at once, each at its file:line:column."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from imdoctor.config.files import UnreadableError, read_file
from imdoctor.config.model import Config, Endpoint, Events, History, Otlp, Schedule, Target
from imdoctor.config.problems import ConfigError, Problem, looks_secret
from imdoctor.config.receivers import wrong_events, wrong_otlp
from imdoctor.config.schema import schema
from imdoctor.config.values import parse_duration, parse_endpoint, parse_proxy

if TYPE_CHECKING:
    import yaml

    from imdoctor.config.conversion import Conversion

__all__ = ["ConfigError", "Endpoint", "Problem", "find", "load", "loads", "parse_duration", "parse_endpoint", "schema"]

Options = Mapping[str, type[msgspec.Struct] | None]
"""Every installed check by name, with the type of its options; None for a check that has none."""

LARGEST = 1024 * 1024
"""Bytes of a configuration file."""
IDENTIFIER_BYTES = 32
LONGEST_TARGET_NAME = 64
BACKEND_TIMEOUT = 3.0
"""The IM backend's own timeout in seconds: the caller's must be longer."""
SHORTEST_ROUND = 1.0
SMALLEST_HISTORY = 1024**2
"""Bytes: less would hold next to nothing."""
NAME = "imdoctor.yaml"
CREDENTIALS = ("usersig_file", "usersig_env", "secret_key_file", "secret_key_env")


def find(environ: Mapping[str, str], cwd: Path | None, system: Path = Path("/etc")) -> Path | None:
    """Return the configuration's file, the first that exists; one that $IMDOCTOR_CONFIG names need not: that is an error.

    ``cwd`` is None where the working directory is not looked at.
    """
    if named := environ.get("IMDOCTOR_CONFIG"):
        return Path(named)
    home = Path(environ.get("HOME") or "/nonexistent", ".config")
    folders = [Path(environ.get("XDG_CONFIG_HOME") or home, "imdoctor"), system / "imdoctor"]
    if cwd is not None:
        folders.insert(0, cwd)
    return next((folder / NAME for folder in folders if _is_there(folder / NAME)), None)


def _is_there(path: Path) -> bool:
    """Tell whether something has this name: a link that leads nowhere has it too, and its error is told."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def load(path: Path, options: Options) -> Config:
    """Return a file's configuration; ``options`` holds the type of each check's options. Raises ConfigError."""
    try:
        data = read_file(path, LARGEST).data
    except UnreadableError as error:
        raise ConfigError(Problem(f"the configuration {error}", str(path))) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(Problem("this is no text in UTF-8: write the configuration as YAML", str(path))) from None
    return loads(text, options, file=str(path), folder=path.parent)


def loads(text: str, options: Options, *, file: str, folder: Path) -> Config:
    """Return a text's configuration; ``file`` names it in errors, ``folder`` is what its paths start from. Raises ConfigError."""
    from imdoctor.config.conversion import Conversion
    from imdoctor.config.yamlnodes import compose

    root = compose(text, file)
    conversion = Conversion(file, folder)
    config = _config(conversion, root, options)
    if conversion.problems:
        raise ConfigError(*sorted(set(conversion.problems), key=lambda it: (it.line or 0, it.column or 0, it.text)))
    return config


def _config(conversion: "Conversion", root: "yaml.Node", options: Options) -> Config:
    known = dict.fromkeys(("version", "targets", "checks", "schedule", "history", "events", "otlp"))
    found: dict[str, Any] = {}
    for key, node in conversion.entries(root, known, "configuration"):
        if key == "version":
            _version(conversion, node)
        elif key == "targets":
            found[key] = _targets(conversion, node)
        elif key == "checks":
            found[key] = _checks(conversion, node, options)
        elif key == "schedule":
            found[key] = _schedule(conversion, node, options)
        elif key == "events":
            found[key] = _events(conversion, node)
        elif key == "otlp":
            found[key] = _otlp(conversion, node)
        else:
            found[key] = _history(conversion, node)
    return Config() if conversion.problems else Config(**found)


def _version(conversion: "Conversion", node: "yaml.Node") -> None:
    if node.value != "1":
        conversion.problem(node, "version: this release reads version 1: write `version: 1`")


def _checks(conversion: "Conversion", node: "yaml.Node", options: Options) -> dict[str, Any]:
    """Return each check's options as the type that it declares."""
    found = {}
    for name, item in conversion.entries(node, options, "checks"):
        kind = options[name]
        if kind is None:
            conversion.problem(item, f"{name}: this check has no options: remove them")
        else:
            found[name] = conversion.value(item, kind, name)
    return found


def _schedule(conversion: "Conversion", node: "yaml.Node", options: Options) -> Any:  # noqa: ANN401 - a Schedule, or UNSET where it has a problem
    schedule = conversion.value(node, Schedule, "schedule")
    places = _places(node)
    if isinstance(schedule, Schedule) and schedule.every < SHORTEST_ROUND:
        conversion.problem(places["every"], "every: a round takes a second at least: write 1s or more, such as 60s")
    if "checks" in places:
        conversion.unknown(places["checks"], options)
        rounds = _places(places["checks"])
        periods: Mapping[str, object] = schedule.checks if isinstance(schedule, Schedule) else {}
        short = (name for name, period in periods.items() if isinstance(period, float) and period < SHORTEST_ROUND)
        for name in short:
            conversion.problem(rounds[name], f"{name}: a round takes a second at least: write 1s or more, such as 1h")
    return schedule


def _events(conversion: "Conversion", node: "yaml.Node") -> Any:  # noqa: ANN401 - Events, or UNSET where it has a problem
    events = conversion.value(node, Events, "events")
    places = _places(node)
    for key, text in wrong_events(events) if isinstance(events, Events) else ():
        conversion.problem(places.get(key, node), f"{key}: {text}")
    return events


def _otlp(conversion: "Conversion", node: "yaml.Node") -> Any:  # noqa: ANN401 - an Otlp, or UNSET where it has a problem
    otlp = conversion.value(node, Otlp, "otlp")
    places = _places(node)
    for key, text in wrong_otlp(otlp) if isinstance(otlp, Otlp) else ():
        conversion.problem(places[key], f"{key}: {text}")
    return otlp


def _history(conversion: "Conversion", node: "yaml.Node") -> Any:  # noqa: ANN401 - a History, or UNSET where it has a problem
    history = conversion.value(node, History, "history")
    places = _places(node)
    if isinstance(history, History) and history.size < SMALLEST_HISTORY:
        conversion.problem(
            places["size"], "size: a history takes a megabyte at least: write 1MiB or more, such as 256MiB"
        )
    return history


def _targets(conversion: "Conversion", node: "yaml.Node") -> tuple[Target, ...]:
    from imdoctor.config.yamlnodes import SEQUENCE

    if node.tag != SEQUENCE or not node.value:
        conversion.problem(node, "targets: a list of at least one target is expected: write `- name: …` for each")
        return ()
    names: dict[str, int] = {}
    targets = []
    for item in node.value:
        places = _places(item)
        target = conversion.value(item, Target, "target")
        for key, text in wrong(target) if isinstance(target, Target) else ():
            conversion.problem(places.get(key, item), f"{key}: {text}")
        name, line = _name(places), item.start_mark.line + 1
        if name in names:
            conversion.problem(
                places.get("name", item),
                f"name: {name!r} is the target on line {names[name]} already: give each its own",
            )
        names.setdefault(name, line)
        targets.append(target)
    return tuple(targets)


def _places(node: "yaml.Node") -> "dict[str, yaml.Node]":
    """Return the nodes of a target's values, for the errors that concern more than one of them."""
    from imdoctor.config.yamlnodes import pairs

    return {key.value: value for key, value in pairs(node, [], "")}


def _name(places: "dict[str, yaml.Node]") -> str:
    return str(places["name"].value) if "name" in places else Target().name


def wrong(target: Target) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a target beyond its values' types: the key, and a sentence."""
    if not target.name.isprintable() or not 1 <= len(target.name) <= LONGEST_TARGET_NAME:
        yield "name", f"a name has 1 to {LONGEST_TARGET_NAME} characters that can be printed"
    if len((target.identifier or "").encode()) > IDENTIFIER_BYTES:
        yield "identifier", f"an identifier has at most {IDENTIFIER_BYTES} bytes: write the admin account's own"
    if target.identifier == "":
        yield "identifier", "an identifier is not empty: write the admin account's, or leave the key out"
    if target.timeout <= BACKEND_TIMEOUT:
        yield "timeout", "the IM backend's own timeout is 3 s: write more than 3s, such as 5s"
    try:
        parse_proxy(target.proxy)
    except ValueError as error:
        yield "proxy", str(error)
    yield from wrong_credential(target)


def wrong_credential(target: Target) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how a target's credential is given: the key, and a sentence."""
    given = [key for key in CREDENTIALS if getattr(target, key) is not None]
    for key in given:
        if looks_secret(getattr(target, key)):
            kind = "a file's path" if key.endswith("_file") else "an environment variable's name"
            yield key, f"what stands here looks like a secret itself and is not shown: write {kind}"
        elif not getattr(target, key):
            yield key, "nothing stands here: name it, or leave the key out"
    for key in given[1:]:
        yield key, f"{given[0]} names a credential already: keep one of them"
    if given and given[0].startswith("secret_key") and (target.sdkappid is None or not target.identifier):
        yield given[0], "a usersig is made for an identifier of an SDKAppID: write sdkappid and identifier beside it"
