"""The checks' options as they travel in a report: a configuration's, and the defaults of all the others."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from imdoctor.config.model import Config
from imdoctor.config.problems import ConfigError, Problem

Kinds = Mapping[str, type[msgspec.Struct] | None]
"""Every installed check by name, with the type of its options; None for a check that has none."""


def options_of(config: Config, kinds: Kinds) -> dict[str, Any]:
    """Return every check's options, defaults included. Raises ConfigError for a check that needs some and has none."""
    needy = list(unconfigured(config, kinds))
    if needy:
        raise ConfigError(*needy)
    given = {name: config.checks.get(name) or kind() for name, kind in kinds.items() if kind is not None}
    return {name: msgspec.to_builtins(options) for name, options in given.items()}


def unconfigured(config: Config, kinds: Kinds) -> Iterator[Problem]:
    """Say which checks need options and have none."""
    for name, kind in kinds.items():
        missing = [item.encode_name for item in msgspec.structs.fields(kind) if item.required] if kind else []
        if missing and name not in config.checks:
            yield Problem(
                f"the check {name} needs {', '.join(missing)}: write it under `checks: {name}:`, or --skip {name}"
            )


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
                yield Problem(f"{named}: there is no file {path}", at=("checks", check, *keys))
