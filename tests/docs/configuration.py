"""Writes docs/configuration.md, from the schema that `imdoctor config schema` prints: `python -m tests.docs.configuration`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from imdoctor import registry
from imdoctor.cli.jobs import option_types
from imdoctor.config.model import DURATION_PATTERN, PERCENTAGE_PATTERN, SIZE_PATTERN
from imdoctor.config.schema import ENDPOINT, schema

PAGE = Path(__file__).parents[2] / "docs/configuration.md"
FORMS = {DURATION_PATTERN: "duration", PERCENTAGE_PATTERN: "percentage", SIZE_PATTERN: "size"}
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "null": "null",
}
HEAD = """# Configuration

A file in YAML, for every command that calls the API: `--config FILE`, else `$IMDOCTOR_CONFIG`, `./imdoctor.yaml` (not for `watch`),
`$XDG_CONFIG_HOME/imdoctor/imdoctor.yaml`, `/etc/imdoctor/imdoctor.yaml`, the first that exists. With HOST, or `--sdkappid` in its place,
no file is read. This page is written by `python -m tests.docs.configuration`.

```sh
imdoctor config init imdoctor.yaml --sdkappid 1400000000 --identifier administrator --secret-key-env IM_SECRET_KEY
imdoctor config check imdoctor.yaml
imdoctor config schema > imdoctor.schema.json
```

`init` writes a file with the values given and every option as a comment; it asks nothing. `check` takes several files, tells all
that is wrong with them in one pass, each as `file:line:column`, and reads the secrets that they name; what is odd and no error is a
warning. By `schema`, an editor that heeds the file's first line (`# yaml-language-server: $schema=imdoctor.schema.json`) shows what each
key means.

A file is strict: an unknown key is an error with a suggestion. A secret is a path or a variable's name, and its value never stands here.
Anchors (`&base`, `*base`, `<<`) work as YAML has them.

```yaml
version: 1
defaults:
  identifier: administrator
  secret_key_env: IM_SECRET_KEY
  client: {timeout: 5s, keepalive: true, pool: 10}
targets:
  - {name: china, sdkappid: 1400000000}
  - {name: singapore, sdkappid: 20000000}
  - {name: backup, sdkappid: 1400000000, endpoint: adminapi.my-imcloud.com, timeout: 8s}
```

**Where no endpoint is given**, the SDKAppID's number chooses the site, and reports and `imdoctor plan` say so. The ranges of the numbers
stand in no document: the console shows the app's data centre.

| form | written |
|---|---|
| duration | `300ms`, `5s`, `2m`, `1h`, `21d` |
| percentage | `10%` |
| size | `64KiB`, `256MiB`, `1GiB` |
| endpoint | `console.tim.qq.com`, `console.tim.qq.com:443`, `https://console.tim.qq.com`, `[2001:db8::1]:443` |
"""


def document() -> str:
    """Return the page."""
    told = schema(option_types(registry.load().checks))
    sections, known = told["properties"], told["$defs"]
    lines = [HEAD]
    for key, node in sections.items():
        if key not in {"version", "checks"}:
            lines += _section(f"`{key}`", node.get("items", node), node, known)
    lines += ["## `checks`\n", "The options of each check, under its name; those that are not here have none.\n"]
    for check, node in sections["checks"]["properties"].items():
        lines += _section(f"`{check}`", node, node, known, level=3)
    return "\n".join(lines).rstrip() + "\n"


def _section(title: str, node: Any, told: Any, known: Mapping[str, Any], level: int = 2) -> Iterator[str]:  # noqa: ANN401 - parts of a schema
    """Yield a mapping's part: what it is, and a row for each key. The defaults' keys are the targets'."""
    whole = _resolved(node, known)
    yield f"{'#' * level} {title}\n"
    yield f"{_sentence(told.get('description') or whole.get('description', ''))}\n"
    if title == "`defaults`":
        return
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    yield from _rows(whole, known, "")
    yield ""


def _rows(whole: Mapping[str, Any], known: Mapping[str, Any], before: str) -> Iterator[str]:
    """Yield a row for each key, and for those within it."""
    for key, node in whole["properties"].items():
        default = f"`{_written(node['default'])}`" if "default" in node else ""
        needed = "needed" if key in whole.get("required", ()) else default
        yield f"| `{before}{key}` | {_type(node, known)} | {needed} | {_cell(node.get('description', ''))} |"
        for inner in (node, *node.get("anyOf", ())):
            if "properties" in _resolved(inner, known):
                yield from _rows(_resolved(inner, known), known, f"{before}{key}: ")


def _resolved(node: Any, known: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a part of a schema
    return dict(known[node["$ref"].rpartition("/")[2]]) if "$ref" in node else dict(node)


def _type(node: Any, known: Mapping[str, Any]) -> str:  # noqa: ANN401 - a part of a schema
    """Return a type in words."""
    whole = _resolved(node, known)
    if "anyOf" in whole:
        return " or ".join(_type(one, known) for one in whole["anyOf"])
    if "enum" in whole:
        return " or ".join(f"`{choice}`" for choice in whole["enum"])
    if whole["type"] == "array":
        return f"list of {_type(whole['items'], known)}s"
    if isinstance(whole.get("additionalProperties"), dict):
        return f"mapping to {_type(whole['additionalProperties'], known)}s"
    form = "endpoint" if whole == ENDPOINT else FORMS.get(whole.get("pattern", ""))
    return form or TYPES[whole["type"]] + _range(whole)


def _range(whole: Mapping[str, Any]) -> str:
    low, high = whole.get("minimum"), whole.get("maximum")
    if high is not None:
        return f" ({low} to {high})"
    return f" ({low} or more)" if low is not None else ""


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(document(), "utf-8")
