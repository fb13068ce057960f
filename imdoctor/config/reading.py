"""From a file's YAML to a Config, section by section: what is good of it, and every problem at its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from imdoctor.config.conversion import Conversion
from imdoctor.config.model import Config, Events, History, Otlp, Schedule, Target
from imdoctor.config.problems import Problem
from imdoctor.config.receivers import wrong_events, wrong_otlp
from imdoctor.config.targets import CREDENTIALS, wrong_company, wrong_credential, wrong_names, wrong_values
from imdoctor.config.yamlnodes import SEQUENCE, compose, pairs

Options = Mapping[str, type[msgspec.Struct] | None]
"""Every installed check by name, with the type of its options; None for a check that has none."""

SECTIONS = ("version", "defaults", "targets", "checks", "schedule", "history", "events", "otlp")
"""The keys of a configuration."""
SHORTEST_ROUND = 1.0
SMALLEST_HISTORY = 1024**2
"""Bytes: less would hold next to nothing."""


@dataclass(frozen=True)
class Found:
    """What is good of a configuration, and what is wrong with the rest, in the file's order."""

    config: Config
    problems: tuple[Problem, ...]


def read(text: str, options: Options, *, file: str, folder: Path) -> Found:
    """Return what a text says. Raises ConfigError for what is no YAML."""
    root = compose(text, file)
    conversion = Conversion(file, folder)
    config = _config(conversion, root, options)
    return Found(
        config, tuple(sorted(set(conversion.problems), key=lambda it: (it.line or 0, it.column or 0, it.text)))
    )


def locate(root: yaml.Node, at: tuple[str, ...]) -> yaml.Node:
    """Return the value that stands under keys, a target's name among them; or what it would stand in."""
    node = root
    for depth, key in enumerate(at):
        children = _named(node) if node.tag == SEQUENCE else values(node)
        if key not in children:
            shared = values(values(root).get("defaults", root))
            return shared.get(key, node) if at[0] == "targets" and depth else node
        node = children[key]
    return node


def values(node: yaml.Node) -> dict[str, yaml.Node]:
    """Return a mapping's values by their keys; none for what is no mapping."""
    return {key.value: value for key, value in pairs(node, [], "")}


def _named(node: yaml.Node) -> dict[str, yaml.Node]:
    """Return the targets of a list by their names."""
    return {_name(values(item)): item for item in node.value}


def _config(conversion: Conversion, root: yaml.Node, options: Options) -> Config:
    nodes = dict(conversion.entries(root, dict.fromkeys(SECTIONS), "configuration"))
    if "version" in nodes:
        _version(conversion, nodes["version"])
    found: dict[str, Any] = {"targets": _targets(conversion, nodes)}
    if "checks" in nodes:
        found["checks"] = _checks(conversion, nodes["checks"], options)
    if "schedule" in nodes:
        found["schedule"] = _schedule(conversion, nodes["schedule"], options)
    for key, read_section in (("history", _history), ("events", _events), ("otlp", _otlp)):
        if key in nodes:
            found[key] = read_section(conversion, nodes[key])
    return Config(**{key: value for key, value in found.items() if value is not msgspec.UNSET})


def _version(conversion: Conversion, node: yaml.Node) -> None:
    if node.value != "1":
        conversion.problem(node, "version: this release reads version 1: write `version: 1`")


def _checks(conversion: Conversion, node: yaml.Node, options: Options) -> dict[str, Any]:
    """Return each check's options as the type that it declares."""
    found = {}
    for name, item in conversion.entries(node, options, "checks"):
        kind = options[name]
        if kind is None:
            conversion.problem(item, f"{name}: this check has no options: remove them")
        else:
            found[name] = conversion.value(item, kind, name)
    return {name: value for name, value in found.items() if value is not msgspec.UNSET}


def _schedule(conversion: Conversion, node: yaml.Node, options: Options) -> Any:  # noqa: ANN401 - a Schedule, or UNSET where it has a problem
    schedule = conversion.value(node, Schedule, "schedule")
    places = values(node)
    if isinstance(schedule, Schedule) and schedule.every < SHORTEST_ROUND:
        conversion.problem(places["every"], "every: a round takes a second at least: write 1s or more, such as 60s")
    if "checks" in places:
        conversion.unknown(places["checks"], options)
        rounds = values(places["checks"])
        periods: Mapping[str, object] = schedule.checks if isinstance(schedule, Schedule) else {}
        short = (name for name, period in periods.items() if isinstance(period, float) and period < SHORTEST_ROUND)
        for name in short:
            conversion.problem(rounds[name], f"{name}: a round takes a second at least: write 1s or more, such as 1h")
    return schedule


def _events(conversion: Conversion, node: yaml.Node) -> Any:  # noqa: ANN401 - Events, or UNSET where it has a problem
    events = conversion.value(node, Events, "events")
    places = values(node)
    for key, text in wrong_events(events) if isinstance(events, Events) else ():
        conversion.problem(places.get(key, node), f"{key}: {text}")
    return events


def _otlp(conversion: Conversion, node: yaml.Node) -> Any:  # noqa: ANN401 - an Otlp, or UNSET where it has a problem
    otlp = conversion.value(node, Otlp, "otlp")
    places = values(node)
    for key, text in wrong_otlp(otlp) if isinstance(otlp, Otlp) else ():
        conversion.problem(places[key], f"{key}: {text}")
    return otlp


def _history(conversion: Conversion, node: yaml.Node) -> Any:  # noqa: ANN401 - a History, or UNSET where it has a problem
    history = conversion.value(node, History, "history")
    places = values(node)
    if isinstance(history, History) and history.size < SMALLEST_HISTORY:
        conversion.problem(
            places["size"], "size: a history takes a megabyte at least: write 1MiB or more, such as 256MiB"
        )
    return history


def _targets(conversion: Conversion, nodes: Mapping[str, yaml.Node]) -> tuple[Target, ...]:
    """Return the targets that are good, each with what the defaults say where it says nothing itself."""
    shared = _defaults(conversion, nodes["defaults"]) if "defaults" in nodes else {}
    if "targets" not in nodes:
        target = Target(**_good(shared))
        for key, text in wrong_company(target):
            conversion.problem(nodes["defaults"], f"{key}: {text}")
        return (target,)
    node = nodes["targets"]
    if node.tag != SEQUENCE or not node.value:
        conversion.problem(node, "targets: a list of at least one target is expected: write `- name: …` for each")
        return ()
    _each_its_own(conversion, node)
    return tuple(_target(conversion, item, shared) for item in node.value)


def _each_its_own(conversion: Conversion, node: yaml.Node) -> None:
    """Note the names that two targets have."""
    names: dict[str, int] = {}
    for item in node.value:
        places = values(item)
        name, line = _name(places), item.start_mark.line + 1
        if name in names:
            conversion.problem(
                places.get("name", item),
                f"name: {name!r} is the target on line {names[name]} already: give each its own",
            )
        names.setdefault(name, line)


def _name(places: Mapping[str, yaml.Node]) -> str:
    return str(places["name"].value) if "name" in places else Target().name


def _keys(conversion: Conversion, node: yaml.Node, name: str) -> dict[str, Any]:
    """Return the values that a mapping has for keys of a target; one with a problem comes out as UNSET."""
    kinds = {item.name: item.type for item in msgspec.structs.fields(Target)}
    return {key: conversion.value(item, kinds[key], key) for key, item in conversion.entries(node, kinds, name)}


def _defaults(conversion: Conversion, node: yaml.Node) -> dict[str, Any]:
    """Return what all targets share."""
    found, places = _keys(conversion, node, "defaults"), values(node)
    if "name" in places:
        conversion.problem(places["name"], "name: each target has its own: write it there, and not in defaults")
    target = Target(**{**_good(found), "name": Target().name})
    for key, text in (*wrong_values(target), *wrong_names(target)):
        conversion.problem(places[key], f"{key}: {text}")
    return {key: value for key, value in found.items() if key != "name"}


def _target(conversion: Conversion, node: yaml.Node, shared: Mapping[str, Any]) -> Target:
    """Return what is good of a target. A credential of its own takes the place of the one that is shared."""
    own, places = _keys(conversion, node, "target"), values(node)
    inherited = shared if not own.keys() & set(CREDENTIALS) else _without_credential(shared)
    merged = {**inherited, **own}
    alone, target = Target(**_good(own)), Target(**_good(merged))
    lonely = wrong_company(target) if msgspec.UNSET not in merged.values() else ()
    for key, text in (*wrong_values(alone), *wrong_names(alone), *lonely):
        conversion.problem(places.get(key, node), f"{key}: {text}")
    return msgspec.structs.replace(target, **dict.fromkeys(CREDENTIALS)) if any(wrong_credential(target)) else target


def _good(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not msgspec.UNSET}


def _without_credential(shared: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shared.items() if key not in CREDENTIALS}
