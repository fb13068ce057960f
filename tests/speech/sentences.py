"""Every sentence that may be said to people, by the file that it stands in: what a catalogue must translate."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from imdoctor import registry
from imdoctor.cli import cli
from imdoctor.cli.lazy import LazyGroup
from imdoctor.im import errorcodes
from imdoctor.im.lint_rules import RULES, background
from imdoctor.lab.scenarios import HEALTHY, SCENARIOS

ROOT = Path(__file__).parents[2]
FOLDERS = ("checks", "imdoctor")
SAYING = {"say": (0,), "mark": (0,), "count": (1, 2)}
"""The functions of imdoctor.speech that are given sentences, and where among their arguments."""
COMMAND = re.compile(r"`([^`]*)`")


def sentences() -> Mapping[str, str]:
    """Return every sentence with its file, in the order in which they stand there; the first file counts."""
    found: dict[str, str] = {}
    for sentence, place in (*_specs(), *_codes(), *_rules(), *_scenarios(), *_help(cli), *_said()):
        if sentence:
            found.setdefault(sentence, place)
    return found


def _specs() -> Iterator[tuple[str, str]]:
    for check in registry.load().checks:
        place = f"check {check.name}"
        yield check.title, place
        yield from ((fact.show, place) for fact in getattr(check, "facts", ()) if fact.show != "{}")
        for spec in check.findings.values():
            texts = (spec.title, spec.message, spec.why, *spec.remedy, *spec.causes, *spec.confirm)
            yield from ((text, place) for text in texts)


def _codes() -> Iterator[tuple[str, str]]:
    for code in errorcodes.all_codes():
        texts = (code.meaning, code.seed_meaning or "", *code.remedy, *code.causes, *code.confirm)
        yield from ((text, "imdoctor/im/errorcodes.json") for text in texts)


def _rules() -> Iterator[tuple[str, str]]:
    for rule in RULES.values():
        yield from ((text, "imdoctor/im/lint_rules.py") for text in (rule.says, rule.source, rule.instead))
    for behind in background().values():
        texts = (behind.title, *behind.causes, *behind.confirm)
        yield from ((text, "imdoctor/im/lint_rules.json") for text in texts)


def _scenarios() -> Iterator[tuple[str, str]]:
    yield from ((scenario.title, "imdoctor/lab/scenarios.py") for scenario in (HEALTHY, *SCENARIOS))


def _help(command: click.Command) -> Iterator[tuple[str, str]]:
    place = "imdoctor/cli: help"
    yield inspect.cleandoc(command.help or ""), place
    yield from ((param.help or "", place) for param in command.params if isinstance(param, click.Option))
    if isinstance(command, LazyGroup):
        for name, (_, short) in command.commands_by_name.items():
            yield short, place
            yield from _help(command.get_command(click.Context(command), name) or click.Command(None))


def _said() -> Iterator[tuple[str, str]]:
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        place = str(path.relative_to(ROOT))
        yield from ((sentence, place) for sentence in said_in(path.read_text("utf-8"), place))


def said_in(source: str, place: str) -> Iterator[str]:
    """Yield what a file says, by the calls of `say` and `mark` in it. Raises TypeError for one whose sentence is no literal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for sentence in (node.args[index] for index in SAYING.get(node.func.id, ())):
                if not isinstance(sentence, ast.Constant) or not isinstance(sentence.value, str):
                    raise TypeError(f"{place}:{node.lineno}: {node.func.id}() takes the sentence itself")
                yield sentence.value
