"""The configuration's JSON Schema, for editors: with the options of every installed check, plugins' included."""

from collections.abc import Mapping
from typing import Any

import msgspec

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


def schema(options: Mapping[str, type[msgspec.Struct] | None]) -> dict[str, Any]:
    """Return the schema; ``options`` holds the type of each check's options."""
    kinds = [Target, Schedule, History, Events, Otlp, *(kind for kind in options.values() if kind is not None)]
    (target, schedule, history, events, otlp, *checks), components = msgspec.json.schema_components(
        kinds, ref_template="#/$defs/{name}"
    )
    names = [name for name, kind in options.items() if kind is not None]
    components[Endpoint.__name__] = ENDPOINT
    return {
        "$schema": DIALECT,
        "title": "imdoctor's configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "version": {"const": 1},
            "targets": {"type": "array", "minItems": 1, "items": target},
            "checks": _closed(dict(zip(names, checks, strict=True))),
            "schedule": schedule,
            "history": history,
            "events": events,
            "otlp": otlp,
        },
        "$defs": {name: _as_written(component) for name, component in components.items()},
    }


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
