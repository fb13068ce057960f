"""What a shell may complete: each function is handed to click, which calls it with what is typed so far.

A list that cannot be had is empty: while somebody types is no time for errors. Nothing heavy is imported before it is needed.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdoctor.speech import translated

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Items = list[CompletionItem[str]]

LARGEST = 1024 * 1024
"""Bytes of a configuration that is looked into for names."""


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> "Items":
    """Have the shell complete the name of a file."""
    from click.shell_completion import CompletionItem

    del ctx, param
    return [CompletionItem(incomplete, type="file")]


def variables(ctx: click.Context, param: click.Parameter, incomplete: str) -> "Items":
    """Complete the name of an environment variable."""
    del ctx, param
    return _matching(((name, None) for name in sorted(os.environ)), incomplete)


def domains(ctx: click.Context, param: click.Parameter, incomplete: str) -> "Items":
    """Complete a site's domain."""
    from imdoctor.im.sites import SITES

    del ctx, param
    return _matching(((domain, site.name) for site in SITES for domain in site.domains), incomplete)


def targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> "Items":
    """Complete the name of a target in the configuration that the command would use."""
    del param
    return _matching(((name, None) for name in _names(_used(ctx))), incomplete)


def checks(ctx: click.Context, param: click.Parameter, incomplete: str) -> "Items":
    """Complete the name of an installed check."""
    from imdoctor import registry

    del ctx, param
    return _matching(((check.name, check.title) for check in registry.load().checks), incomplete)


def codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> "Items":
    """Complete a finding code or an error code of the IM API."""
    from imdoctor.im import errorcodes

    del ctx, param
    errors = [(str(item.code), item.meaning) for item in errorcodes.all_codes()]
    if incomplete[:1].isdigit():
        return _matching(errors, incomplete)
    from imdoctor import registry
    from imdoctor.im.lint_rules import background

    found = [(code, spec.title) for check in registry.load().checks for code, spec in check.findings.items()]
    rules = [(code, behind.title) for code, behind in background().items()]
    return _matching([*found, *rules, *errors], incomplete)


def scenarios(ctx: click.Context, param: click.Parameter, incomplete: str) -> "Items":
    """Complete the name of a scenario."""
    from imdoctor.lab.scenarios import HEALTHY, SCENARIOS

    del ctx, param
    return _matching(((item.name, item.title) for item in (HEALTHY, *SCENARIOS)), incomplete)


def _matching(known: Iterable[tuple[str, str | None]], incomplete: str) -> "Items":
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=told and translated(told)) for name, told in known if name.startswith(incomplete)]


def _used(ctx: click.Context) -> Path | None:
    """Return the configuration that the command would use: `watch` takes none from the working directory unasked."""
    from imdoctor.config.load import find

    named = ctx.params.get("config")
    return Path(named) if named else find(os.environ, None if ctx.info_name == "watch" else Path.cwd())


def _names(path: Path | None) -> list[str]:
    """Return the names of the targets in a file, which need not be in order otherwise."""
    if path is None:
        return []
    from imdoctor.config.files import UnreadableError, read_file
    from imdoctor.config.problems import ConfigError

    with suppress(ConfigError, UnreadableError, UnicodeDecodeError):
        return list(dict.fromkeys(_targets(read_file(path, LARGEST).data.decode("utf-8-sig"))))
    return []


def _targets(text: str) -> Iterator[str]:
    """Yield the targets' names in a configuration's text. Raises ConfigError."""
    from yaml import ScalarNode, SequenceNode

    from imdoctor.config.yamlnodes import compose, pairs

    listed = [value for key, value in pairs(compose(text, ""), [], "") if key.value == "targets"]
    for target in listed[0].value if listed and isinstance(listed[0], SequenceNode) else ():
        named = {key.value: value for key, value in pairs(target, [], "")}
        name = named.get("name")
        yield name.value if isinstance(name, ScalarNode) else "default"
