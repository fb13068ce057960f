"""`imdoctor config check`: everything that is wrong with configurations, in one pass."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec.structs import replace

from imdoctor.cli.check_options import unconfigured
from imdoctor.cli.jobs import checks_installed, jobs_of, option_types
from imdoctor.cli.listening import check_collector
from imdoctor.cli.options import PATH, config_option, lang_option
from imdoctor.cli.session import Session
from imdoctor.config import load
from imdoctor.config.model import Config
from imdoctor.config.problems import ConfigError, Problem
from imdoctor.speech import count, say

if TYPE_CHECKING:
    from imdoctor.check import Check


@click.command()
@click.argument("files", nargs=-1, type=PATH, metavar="[FILE]...")
@config_option
@lang_option
@click.pass_obj
def check(session: Session, files: tuple[Path, ...], config: Path | None) -> int:
    """Check configuration files (default: the one that `run` would read), and read the secrets that they name.

    Everything that is wrong is told at once, each as file:line:column, and the exit code is 78. What is odd and no error is a warning.
    """
    installed = checks_installed(session)
    problems: list[Problem] = []
    for path in files or (_default(config, session),):
        looked = _looked(path, installed, session)
        problems += looked.problems
        for doubt in _doubts(looked.config, session):
            session.warn(doubt, file=str(path))
        if not looked.problems:
            names = ", ".join(target.name for target in looked.config.targets)
            targets = count(len(looked.config.targets), "1 target", "{number} targets")
            session.say(say("{path}: good: {targets} ({names})", path=path, targets=targets, names=names) + "\n")
    if problems:
        raise ConfigError(*dict.fromkeys(problems))
    return 0


@dataclass(frozen=True)
class Looked:
    """What is good of a file, and what is wrong with the rest."""

    config: Config
    problems: tuple[Problem, ...]


def _default(config: Path | None, session: Session) -> Path:
    path = config or load.find(session.environ, session.cwd)
    if path is None:
        places = "./imdoctor.yaml, $XDG_CONFIG_HOME/imdoctor/imdoctor.yaml, /etc/imdoctor/imdoctor.yaml"
        raise ConfigError(Problem(say("there is no configuration ({places}): name one", places=places)))
    return path


def _looked(path: Path, installed: "Sequence[Check]", session: Session) -> Looked:
    """Look at a file; whatever is good of it is tried as a run would, so that no error hides another."""
    try:
        found = load.examine(path, option_types(installed))
    except ConfigError as error:
        return Looked(Config(targets=()), error.problems)
    tried = tuple(_tried(found.config, path, _ready(found.config, installed, found.problems), session))
    problems = {*found.problems, *load.located(tried, str(path))}
    return Looked(found.config, tuple(sorted(problems, key=lambda it: (it.line or 0, it.column or 0, it.text))))


def _ready(config: Config, installed: "Sequence[Check]", problems: Sequence[Problem]) -> "list[Check]":
    """Return the checks to try. One whose options are wrong lacks them, and only that: it is not told twice."""
    lacking = {problem.at[-1] for problem in unconfigured(config, option_types(installed))} if problems else set[str]()
    return [check for check in installed if check.name not in lacking]


def _tried(config: Config, path: Path, checks: "Sequence[Check]", session: Session) -> Iterator[Problem]:
    """Yield what is wrong with the files and variables that a configuration names."""
    try:
        jobs_of(config, config.targets, checks, path.parent, session, third_party=True)
    except ConfigError as error:
        yield from error.problems
    try:
        check_collector(config.otlp, session)
    except ConfigError as error:
        yield from error.problems


def _doubts(config: Config, session: Session) -> Iterator[str]:
    """Yield what is odd about a configuration, and no error: it may be meant, or be right on another host."""
    program = next(iter(config.events.on_change), None)
    if (
        program
        and shutil.which(session.cwd / program if "/" in program else program, path=session.environ.get("PATH")) is None
    ):
        yield say(
            "events: on_change: there is no program {program} here: install it, or write its whole path",
            program=program,
        )
    seen = dict[bytes, str]()
    for target in config.targets:
        first = seen.setdefault(msgspec.json.encode(replace(target, name="")), target.name)
        if first != target.name:
            yield say(
                "target {name}: it says the same as {target}: take one of them away, unless both are meant",
                name=target.name,
                target=first,
            )
