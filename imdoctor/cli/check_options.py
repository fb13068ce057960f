"""The checks' options as they travel in a report: a configuration's, and the defaults of all the others."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from imdoctor.config.model import Config
from imdoctor.config.problems import Problem
from imdoctor.speech import say

Kinds = Mapping[str, type[msgspec.Struct] | None]
"""Every installed check by name, with the type of its options; None for a check that has none."""


def options_of(config: Config, kinds: Kinds) -> dict[str, Any]:
    """Return every check's options, defaults included; without those of a check that needs some and has none."""
    bare = {name: kind() for name, kind in kinds.items() if kind and name not in config.checks and not _needed(kind)}
    chosen = {**bare, **config.checks}
    return {name: msgspec.to_builtins(chosen[name]) for name in kinds if name in chosen}


def unconfigured(config: Config, kinds: Kinds) -> Iterator[Problem]:
    """Say which checks need options and have none."""
    for name, kind in kinds.items():
        missing = _needed(kind) if kind else []
        if missing and name not in config.checks:
            yield Problem(
                say(
                    "the check {name} needs {missing}: write it under `checks: {name}:`",
                    name=name,
                    missing=", ".join(missing),
                ),
                at=("checks", name),
            )


def _needed(kind: type[msgspec.Struct]) -> list[str]:
    return [item.encode_name for item in msgspec.structs.fields(kind) if item.required]


def absent(config: Config) -> Iterator[Problem]:
    """Say which files the checks' options name that are not there."""
    if not config.checks:
        return
    # The import is heavy, and done already where a file was read.
    from imdoctor.config.conversion import files

    for check, options in config.checks.items():
        for keys, path in files(options):
            if not Path(path).is_file():
                named = ": ".join(("checks", check, *keys))
                yield Problem(
                    say("{named}: there is no file {path}", named=named, path=path), at=("checks", check, *keys)
                )
