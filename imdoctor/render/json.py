"""The report as one JSON object, and its JSON Schema."""

import json
from typing import Any

import msgspec

from imdoctor.model import Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def render(report: Report) -> str:
    """Return the report as JSON, indented, with a line end."""
    try:
        return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"
    except UnicodeEncodeError:  # half a character in what a server said: JSON can hold it in escaped form only
        return json.dumps(msgspec.to_builtins(report), indent=2) + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a report."""
    described = {
        "$schema": DIALECT,
        "title": "imdoctor's report, version 1",
        "description": "What `imdoctor run --format json` writes: one object. A duration that was not measured is null.",
    }
    return {**msgspec.json.schema(Report), **described}
