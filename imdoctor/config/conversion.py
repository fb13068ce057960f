"""From YAML nodes to typed values, leaf by leaf, so that every error has its place and none hides another."""

import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from imdoctor.config.model import Endpoint
from imdoctor.config.problems import Problem, looks_secret, shown, suggestion
from imdoctor.config.values import parse_duration, parse_endpoint, parse_percentage, parse_size
from imdoctor.config.yamlnodes import CORE, pairs, place, plain
from imdoctor.speech import mark, say, translated

SECRET_WORDS = ("secret", "password", "passwd", "token", "usersig", "sig", "key")
A_SECRET = mark("a secret is a path or a variable's name")

FORMS: Mapping[str, Callable[[str], float]] = {
    "duration": parse_duration,
    "percentage": parse_percentage,
    "size": parse_size,
}

EXPECTED: Mapping[type, tuple[str, str]] = {
    str: (mark("a text"), mark("put it in quotes")),
    int: (mark("a whole number"), mark("write its digits, without quotes")),
    float: (mark("a number"), mark("write its digits, without quotes")),
    bool: (mark("true or false"), mark("write one of them, without quotes")),
}

WORDS = {
    "null": mark("nothing"),
    "array": mark("a list"),
    "object": mark("a mapping"),
    **{it.__name__: EXPECTED[it][0] for it in EXPECTED},
}
"""msgspec's words for types, in this program's."""


@dataclass
class Conversion:
    """One file's conversion: the problems found so far. A value that has a problem comes out as UNSET."""

    file: str
    folder: Path
    problems: list[Problem] = field(default_factory=list)

    def problem(self, node: yaml.Node, text: str) -> None:
        """Note what is wrong at a node."""
        self.problems.append(place(node.start_mark, text, self.file))

    def value(self, node: yaml.Node, kind: Any, name: str) -> Any:  # noqa: ANN401 - any annotation, any value
        """Return a node as the annotation's type; ``name`` is the key that it stands under."""
        base, extra = _peel(kind)
        form = next((FORMS[key] for key in FORMS if extra.get(key)), None)
        if form or base is Endpoint:
            return self._form(node, form or parse_endpoint, kind, name)
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            return self.struct(node, base, name)
        shape = SHAPES.get(typing.get_origin(base))
        if shape is not None:
            return shape(self, node, base, name)
        value = self._leaf(node, base, kind, name)
        return str((self.folder / value).absolute()) if extra.get("path") and isinstance(value, str) else value

    def struct(self, node: yaml.Node, kind: type[msgspec.Struct], name: str) -> Any:  # noqa: ANN401 - a struct of that type
        """Return a mapping as a struct: unknown and missing keys are problems."""
        fields = {item.encode_name: item for item in msgspec.structs.fields(kind)}
        nodes = dict(self.entries(node, fields, name))
        found = {key: self.value(item, fields[key].type, key) for key, item in nodes.items()}
        missing = [key for key, item in fields.items() if item.required and key not in found]
        for key in missing if isinstance(node, yaml.MappingNode) else ():
            self.problem(node, say("{name}: {key} is missing: add `{key}: …`", name=name, key=key))
        good = {fields[key].name: value for key, value in found.items() if value is not msgspec.UNSET}
        if any(item.required and item.name not in good for item in fields.values()):
            return msgspec.UNSET
        why = _refusal(kind, good)
        if why is None:
            return kind(**good)
        alone = _refused_alone(kind, good)
        for key, text in alone.items():
            own = next(item.encode_name for item in fields.values() if item.name == key)
            self.problem(nodes[own], f"{own}: {text.removeprefix(f'{own}: ')}")
        if not alone:
            self.problem(node, f"{name}: {why}")
        return msgspec.UNSET

    def entries(self, node: yaml.Node, known: Mapping[str, object], name: str) -> list[tuple[str, yaml.Node]]:
        """Return a mapping's known keys with their nodes; the others are problems with a suggestion."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(
                node,
                say(
                    "{name}: a mapping is expected: write keys and values, such as `{key}: …`",
                    name=name,
                    key=next(iter(known), "key"),
                ),
            )
            return []
        self.unknown(node, known)
        found = pairs(node, self.problems, self.file)
        return [(key.value, item) for key, item in found if key.value in known]

    def unknown(self, node: yaml.Node, known: Mapping[str, object]) -> None:
        """Note a mapping's unknown keys, each with a suggestion."""
        for key, _ in pairs(node, [], self.file):
            if key.value not in known:
                self.problem(key, _unknown(key.value, known))

    def union(self, node: yaml.Node, base: Any, name: str) -> Any:  # noqa: ANN401 - as value
        """Return a value of one of several types, such as None and another."""
        kinds = [kind for kind in typing.get_args(base) if kind is not types.NoneType]
        if _is_null(node) and len(kinds) < len(typing.get_args(base)):
            return None
        return self.value(node, kinds[0], name) if len(kinds) == 1 else self._other(node, base, name)

    def _form(self, node: yaml.Node, parse: Callable[[str], Any], kind: Any, name: str) -> Any:  # noqa: ANN401 - as value
        """Return a text in a form of its own, such as a duration."""
        if not isinstance(node, yaml.ScalarNode) or _is_null(node):
            self.problem(node, say("{name}: one value is expected here", name=name))
            return msgspec.UNSET
        if _peel(kind)[0] is Endpoint and _fits(node, bool):  # YAML's own words, such as yes, would make host names
            return self._leaf(node, str, str, name)
        try:
            return msgspec.convert(parse(node.value), kind)
        except msgspec.ValidationError as error:
            self.problem(node, f"{name}: {_reworded(error, kind)}")
        except ValueError as error:
            self.problem(node, f"{name}: {error}")
        return msgspec.UNSET

    def sequence(self, node: yaml.Node, base: Any, name: str) -> Any:  # noqa: ANN401 - as value
        """Return a list of values."""
        inner = typing.get_args(base)
        if typing.get_origin(base) is tuple and (len(inner) != 2 or inner[1] is not ...):  # noqa: PLR2004 - tuple[T, ...]
            return self._other(node, base, name)
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node, say("{name}: a list is expected: write `[a, b]`, or a line `- a` for each", name=name))
            return msgspec.UNSET
        return typing.get_origin(base)(self.value(item, inner[0], name) for item in node.value)

    def mapping(self, node: yaml.Node, base: Any, name: str) -> Any:  # noqa: ANN401 - as value
        """Return a mapping whose keys are free."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, say("{name}: a mapping is expected: write keys and values", name=name))
            return msgspec.UNSET
        found = pairs(node, self.problems, self.file)
        return {key.value: self.value(item, typing.get_args(base)[1], key.value) for key, item in found}

    def _leaf(self, node: yaml.Node, base: Any, kind: Any, name: str) -> Any:  # noqa: ANN401 - as value
        if base not in EXPECTED:
            return self._other(node, kind, name)
        if not isinstance(node, yaml.ScalarNode) or not _fits(node, base):
            what, instead = EXPECTED[base]
            self.problem(node, say("{name}: {what} is expected: {instead}", name=name, what=what, instead=instead))
            return msgspec.UNSET
        return self._other(node, kind, name)

    def _other(self, node: yaml.Node, kind: Any, name: str) -> Any:  # noqa: ANN401 - as value
        """Return what msgspec makes of a node: the word on ranges, choices and shapes is its own."""
        before = len(self.problems)
        value = plain(node, self.problems, self.file)
        if len(self.problems) > before:
            return msgspec.UNSET
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self.problem(node, f"{name}: {_with_choice(_reworded(error, kind), value, kind)}")
            return msgspec.UNSET


SHAPES: Mapping[Any, Callable[[Conversion, yaml.Node, Any, str], Any]] = {
    typing.Union: Conversion.union,
    types.UnionType: Conversion.union,
    tuple: Conversion.sequence,
    list: Conversion.sequence,
    dict: Conversion.mapping,
}


def _peel(kind: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401 - any annotation
    """Return an annotation without Annotated, and the ``extra`` of its Meta."""
    if typing.get_origin(kind) is not typing.Annotated:
        return kind, {}
    base, *metas = typing.get_args(kind)
    extra = {key: item for meta in metas if isinstance(meta, msgspec.Meta) for key, item in (meta.extra or {}).items()}
    return base, extra


def files(options: msgspec.Struct, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the paths that are set in options, each with the keys that it stands under."""
    for item in msgspec.structs.fields(options):
        value, where = getattr(options, item.name), (*keys, item.encode_name)
        if isinstance(value, msgspec.Struct):
            yield from files(value, where)
        elif isinstance(value, str) and any(
            _peel(kind)[1].get("path") for kind in (item.type, *typing.get_args(item.type))
        ):
            yield where, value


def _refusal(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> str | None:
    """Return what a struct's own __post_init__ says against values; None where it takes them."""
    try:
        kind(**values)
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _refused_alone(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that a struct refuses whatever stands beside them, each with its reason; none where that cannot be told."""
    needed = {item.name: values[item.name] for item in msgspec.structs.fields(kind) if item.required}
    if (why := _refusal(kind, needed)) is not None:
        return dict.fromkeys(needed, why) if len(needed) == 1 else {}
    tried = {key: _refusal(kind, {**needed, key: value}) for key, value in values.items()}
    return {key: why for key, why in tried.items() if why is not None}


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == f"{CORE}null")


def _fits(node: yaml.Node, base: type) -> bool:
    """Tell whether YAML reads a scalar as the type; dates are texts, and whole numbers are numbers."""
    kind = node.tag.removeprefix(CORE)
    wanted = {str: {"str", "timestamp", "value"}, int: {"int"}, float: {"int", "float"}, bool: {"bool"}}
    return kind in wanted[base]


def _unknown(key: str, known: Mapping[str, object]) -> str:
    """Return the sentence for an unknown key: where a secret seems to be meant, how a secret is given."""
    homes = sorted(name for name in known if name.endswith(("_file", "_env")))
    parts = key.lower().replace("-", "_").split("_")
    if (
        key not in known
        and homes
        and (looks_secret(key) or any(word in part for part in parts for word in SECRET_WORDS))
    ):
        stem = "usersig" if "sig" in key.lower() else "secret_key"
        if f"{stem}_file" in known and not key.lower().endswith(("_file", "_env")):
            return say(
                "unknown key {key}: {a_secret}: use {stem}_file or {stem}_env",
                key=shown(key),
                a_secret=A_SECRET,
                stem=stem,
            )
    return say("unknown key {key}: {near}", key=shown(key), near=suggestion(key, known))


def _reworded(error: msgspec.ValidationError, kind: Any) -> str:  # noqa: ANN401 - any annotation
    """Return msgspec's sentence in this program's words, without the value."""
    base = _peel(kind)[0]
    if typing.get_origin(base) is typing.Literal:
        return say("one of {names} is expected", names=", ".join(map(str, typing.get_args(base))))
    text = str(error).removeprefix("Expected ").split(", got")[0].split(" - at")[0]
    text = re.sub(r"`([^`]*)`", lambda found: say(" or ").join(map(_worded, found[1].split(" | "))), text)
    return text if text.startswith("Invalid") else say("{text} is expected", text=text)


def _worded(kind: str) -> str:
    return translated(WORDS.get(kind, kind))


def _with_choice(text: str, value: object, kind: Any) -> str:  # noqa: ANN401 - any annotation
    """Return a sentence on what is no choice with the choice that it begins with, if it does: zh_CN is meant as zh."""
    base = _peel(kind)[0]
    choices = typing.get_args(base) if typing.get_origin(base) is typing.Literal else ()
    near = [it for it in choices if isinstance(value, str) and value.lower().startswith(str(it))]
    return say("{who}: {told}", who=text, told=suggestion(str(near[0]), map(str, choices))) if near else text
