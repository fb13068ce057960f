"""The configuration's JSON Schema, for editors: with the options of every installed check, plugins' included."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from imdoctor.config.keys import meaning
from imdoctor.config.model import (
    DURATION_PATTERN,
    PERCENTAGE_PATTERN,
    SIZE_PATTERN,
    Endpoint,
    Events,
    History,
    Otlp,
    Schedule,
    Target,
)
from imdoctor.config.values import show_duration, show_size

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENDPOINT = {"type": "string", "description": "host, host:port, https://host or [IPv6]:port"}
SECTIONS = {
    "version": "The format's version.",
    "defaults": "What all targets share: the keys of a target but its name. A target's own word counts, whole values at a time; "
    "a credential of its own takes the place of the one that stands here.",
    "targets": "The IM apps, as this host calls them. Left out: one target, of the defaults alone.",
    "checks": "The checks' own options.",
    "schedule": "",
    "history": "",
    "events": "",
    "otlp": "",
}
"""The keys of a configuration with their meanings, where the docstring of what stands under them has none."""


def schema(options: Mapping[str, type[msgspec.Struct] | None]) -> dict[str, Any]:
    """Return the schema; ``options`` holds the type of each check's options. Each key is described, by its struct's docstring."""
    own = {"target": Target, "schedule": Schedule, "history": History, "events": Events, "otlp": Otlp}
    checks = {name: kind for name, kind in options.items() if kind is not None}
    refs, components = msgspec.json.schema_components((*own.values(), *checks.values()), ref_template="#/$defs/{name}")
    named = dict(zip((*own, *checks), refs, strict=True))
    structs = _structs((*own.values(), *checks.values()))
    defined = {name: _described(_as_written(it), structs.get(name)) for name, it in components.items()}
    target = defined[Target.__name__]
    shared = {key: it for key, it in target["properties"].items() if key != "name"}
    sections = {
        "version": {"const": 1},
        "defaults": _closed(shared),
        "targets": {"type": "array", "minItems": 1, "items": named["target"]},
        "checks": _closed({name: named[name] for name in checks}),
        **{key: named[key] for key in own if key != "target"},
    }
    return {
        "$schema": DIALECT,
        "title": "imdoctor's configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: it | _described_by(SECTIONS[key]) for key, it in sections.items()},
        "$defs": {**defined, Endpoint.__name__: ENDPOINT},
    }


def _structs(kinds: Iterable[type]) -> dict[str, type[msgspec.Struct]]:
    """Return structs and those within them by the names that msgspec gives them in a schema."""
    waiting, found = [msgspec.inspect.type_info(kind) for kind in kinds], dict[str, type[msgspec.Struct]]()
    while waiting:
        it = waiting.pop()
        if isinstance(it, msgspec.inspect.StructType) and it.cls.__name__ not in found:
            found[it.cls.__name__] = it.cls
            waiting += [item.type for item in it.fields]
        waiting += getattr(it, "types", ())
    return found


def _described(component: dict[str, Any], kind: type[msgspec.Struct] | None) -> dict[str, Any]:
    """Return a component with what its struct's docstring says of it and of its keys."""
    if kind is None:
        return component
    whole, keys = meaning(kind)
    properties = {key: it | _described_by(keys.get(key)) for key, it in component["properties"].items()}
    return {**component, **_described_by(whole), "properties": properties}


def _described_by(text: str | None) -> dict[str, str]:
    return {"description": text} if text else {}


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def _as_written(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a part of a schema with defaults as a file writes them; those that a file does not write are left out."""
    if isinstance(node, list):
        return [_as_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    told = {key: _as_written(value) for key, value in node.items() if key not in {"default", "minimum", "maximum"}}
    pattern = node.get("pattern")
    if pattern in {DURATION_PATTERN, PERCENTAGE_PATTERN, SIZE_PATTERN}:
        told["type"] = "string"
    else:
        told |= {key: node[key] for key in ("minimum", "maximum") if key in node}
    default = node.get("default")
    if pattern == DURATION_PATTERN and isinstance(default, int | float):
        told["default"] = show_duration(default)
    elif pattern == PERCENTAGE_PATTERN and isinstance(default, int | float):
        told["default"] = f"{default * 100:g}%"
    elif pattern == SIZE_PATTERN and isinstance(default, int):
        told["default"] = show_size(default)
    elif "default" in node and not isinstance(default, dict):
        told["default"] = default
    return told
