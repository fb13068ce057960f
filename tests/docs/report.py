"""Writes docs/report.md, from the model's own words: `python -m tests.docs.report`."""

import ast
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from imdoctor import model
from imdoctor.model import Attempt, Cause, CheckReport, HostReport, Measurement, Report, ReportedFinding, TargetReport

PAGE = Path(__file__).parents[2] / "docs/report.md"
HEAD = """# The report

`imdoctor run --format json` writes exactly one object, version 1; its JSON Schema: `imdoctor config schema --report`. Texts in it are
English, whatever the language of other formats. A duration that was not measured is null, never 0. No secret, in any encoding, stands
in it. This page is written by `python -m tests.docs.report`.

`status` is `ok`, `warn`, `fail`, `unknown`, `blocked` (it could not be asked, because of `blocked_by`) or `skipped` (it does not apply). A
target's is the worst of its checks, in the order ok, warn, unknown, fail; `blocked` and `skipped` never decide it, but a target whose
probe was wanted and got no answer is never ok or warn: without a fail it is unknown. The exit code follows from it
([how it works](how-it-works.md#exit-codes)).
"""
PARTS = (Report, HostReport, TargetReport, Cause, CheckReport, ReportedFinding, Measurement, Attempt)


def document() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(line for part in PARTS for line in _section(part))])


def _section(part: type[msgspec.Struct]) -> Iterator[str]:
    yield f"## {part.__name__}\n"
    yield f"{inspect.cleandoc(part.__doc__ or '').splitlines()[0]}\n"
    yield "| field | type | meaning |"
    yield "| --- | --- | --- |"
    told = _meanings(part)
    for field in msgspec.structs.fields(part):
        kind = _kind(typing.get_type_hints(part)[field.name])
        yield f"| `{field.encode_name}` | {kind} | {told[field.name]} |"
    yield ""


def _meanings(part: type[msgspec.Struct]) -> dict[str, str]:
    """Return the sentence that stands below each field in the code."""
    body = ast.parse(inspect.getsource(part)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for one, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(one, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[ast.unparse(one.target)] = " ".join(str(after.value.value).split()).replace("``", "`")
    return found


WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "float | None": "number or null",
    "str | None": "text or null",
    "int | None": "whole number or null",
    "Any": "object",
}
SHAPES: Mapping[object, Callable[[tuple[Any, ...]], str]] = {
    typing.Literal: lambda inner: " ".join(f"`{word}`" for word in inner),
    list: lambda inner: f"list of {_kind(inner[0])}",
    dict: lambda _: "object",
    tuple: lambda _: "[least, most]",
}


def _kind(hint: Any) -> str:  # noqa: ANN401 - any annotation
    """Return a type as JSON has it."""
    inner = typing.get_args(hint)
    if (text := WORDS.get(_named(hint))) is not None:
        return text
    if (shape := SHAPES.get(typing.get_origin(hint))) is not None:
        return shape(inner)
    if msgspec.UnsetType in inner:
        return f"{_kind(next(one for one in inner if one is not msgspec.UnsetType))}, or left out"
    return f"[{hint.__name__}](#{hint.__name__.lower()})"


def _named(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else re.sub(r"^typing\.", "", str(hint))


if __name__ == "__main__":
    assert all(getattr(model, part.__name__) is part for part in PARTS)
    PAGE.write_text(document(), "utf-8")
