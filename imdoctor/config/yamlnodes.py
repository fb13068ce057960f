"""YAML to nodes with their places: bounded, and of the plain kinds only."""

from collections.abc import Iterator
from typing import Any

import yaml

from imdoctor.config.problems import ConfigError, Problem, shown
from imdoctor.speech import say

MOST_NODES = 20_000
"""Nodes of a file, those that aliases repeat counted each time: far more than a fleet needs, far less than a bomb."""
DEEPEST = 40

CORE = "tag:yaml.org,2002:"
SCALARS = {f"{CORE}{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "value")}
MERGE = f"{CORE}merge"
MAPPING = f"{CORE}map"
SEQUENCE = f"{CORE}seq"

Pairs = list[tuple[yaml.ScalarNode, yaml.Node]]


class _Loader(yaml.SafeLoader):
    """The composer, with a limit to the depth: nothing is constructed."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            where = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave it out
            raise yaml.composer.ComposerError(None, None, say("this is nested too deeply"), where)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def compose(text: str, file: str) -> yaml.Node:
    """Return the file's root node. Raises ConfigError with everything that is wrong with the YAML itself."""
    try:
        loader = _Loader(text)
        root: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_syntax(error, file)) from None
    except yaml.reader.ReaderError as error:
        raise ConfigError(_character(error, text, file)) from None
    if root is None:
        raise ConfigError(Problem(say("this file is empty: write at least `version: 1`"), file))
    problems = tuple(dict.fromkeys(_strange(root, file)))
    if problems:
        raise ConfigError(*problems)
    return root


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    what = error.problem or say("this is no YAML")
    if what.startswith("found undefined alias"):  # it goes on with what stands there, which may be anything
        what = say("no anchor of this name stands before it")
    return place(
        mark, say("not valid YAML: {what}: check the indentation, the colons and the quotes here", what=what), file
    )


def _character(error: yaml.reader.ReaderError, text: str, file: str) -> Problem:
    before = text[: error.position]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return Problem(
        say("a control character stands here: remove it, or write it as an escape in double quotes"), file, line, column
    )


def place(mark: Any, text: str, file: str) -> Problem:  # noqa: ANN401 - a Mark, which the stubs do not export
    """Return a problem at a mark."""
    return Problem(text, file, mark.line + 1, mark.column + 1) if mark else Problem(text, file)


def _strange(root: yaml.Node, file: str) -> Iterator[Problem]:
    """Walk every node as often as aliases repeat it: a cycle or a bomb ends at the limits."""
    waiting, count = [(root, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if count > MOST_NODES or depth > DEEPEST:
            yield place(node.start_mark, say("aliases make this too large: write fewer of them"), file)
            return
        if not _plain(node):
            yield place(
                node.start_mark,
                say("the tag {tag} is not allowed: write the value without a tag", tag=shown(node.tag)),
                file,
            )
        waiting += [(child, depth + 1) for child in _children(node)]


def _plain(node: yaml.Node) -> bool:
    if isinstance(node, yaml.MappingNode):
        return bool(node.tag == MAPPING)
    if isinstance(node, yaml.SequenceNode):
        return bool(node.tag == SEQUENCE)
    return node.tag in SCALARS or node.tag == MERGE


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def pairs(node: yaml.Node, problems: list[Problem], file: str) -> Pairs:
    """Return a mapping's keys and values, what `<<` merges in included; none for what is no mapping.

    Doubled keys and keys that are no words are problems.
    """
    own: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
    merged: list[tuple[yaml.ScalarNode, yaml.Node]] = []
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.tag == MERGE:
            merged += _merged(value, problems, file)
        elif not isinstance(key, yaml.ScalarNode):
            problems.append(place(key.start_mark, say("a key is a plain word: write `name: value`"), file))
        elif key.value in own:
            first = own[key.value][0].start_mark.line + 1
            problems.append(
                place(
                    key.start_mark,
                    say(
                        "{value} stands on line {first} already: keep one of them", value=shown(key.value), first=first
                    ),
                    file,
                )
            )
        else:
            own[key.value] = (key, value)
    for key, value in merged:
        own.setdefault(key.value, (key, value))
    return list(own.values())


def _merged(node: yaml.Node, problems: list[Problem], file: str) -> Pairs:
    parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not all(isinstance(part, yaml.MappingNode) for part in parts):
        problems.append(place(node.start_mark, say("<< merges a mapping in: name an anchor of one"), file))
        return []
    return [pair for part in parts for pair in pairs(part, problems, file)]


def plain(node: yaml.Node, problems: list[Problem], file: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a node as JSON's values: what is neither a number, a truth value nor null is a text."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: plain(value, problems, file) for key, value in pairs(node, problems, file)}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item, problems, file) for item in node.value]
    if not isinstance(node, yaml.ScalarNode):
        raise TypeError(f"{type(node).__name__} is no kind of node that YAML composes")
    try:
        return _scalar(node)
    except (ValueError, OverflowError):
        problems.append(
            place(node.start_mark, say("JSON has no such value: write a number of 64 bits, or put it in quotes"), file)
        )
        return None


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """Return a scalar's value as YAML 1.1 reads it. Raises ValueError or OverflowError for what JSON cannot hold."""
    build = yaml.constructor.SafeConstructor()
    kind = node.tag.removeprefix(CORE)
    if kind == "null":
        return None
    if kind == "bool":
        return bool(build.construct_yaml_bool(node))
    if kind == "int":
        number = int(build.construct_yaml_int(node))
        number.to_bytes(8, signed=True)
        return number
    if kind == "float":
        ratio = float(build.construct_yaml_float(node))
        if ratio - ratio != 0:
            raise ValueError("not a finite number")
        return ratio
    text = str(node.value)
    text.encode()
    return text
