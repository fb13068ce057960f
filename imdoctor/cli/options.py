"""The options that several commands have. Each also reads its IMDOCTOR_ variable."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from imdoctor.cli import candidates
from imdoctor.cli.lazy import LANG
from imdoctor.cli.output import OutputType
from imdoctor.config.values import parse_duration
from imdoctor.render import FORMATS
from imdoctor.speech import say

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

PATH = click.Path(path_type=Path)
HIGHEST_SDKAPPID = 4294967295
COMPLETED = {
    "target": candidates.targets,
    "check": candidates.checks,
    "skip": candidates.checks,
    "file": candidates.files,
    "env": candidates.variables,
}
"""What completes an option, by the last word of its name."""


class SecondsType(click.ParamType[float]):
    """A number of seconds above zero; `2m` and the like are understood as well."""

    name = "SECONDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's own signature
        """Return the seconds."""
        try:
            seconds = float(value)
        except ValueError:
            try:
                seconds = parse_duration(str(value))
            except ValueError as error:
                self.fail(str(error), param, ctx)
        if not math.isfinite(seconds) or seconds <= 0:
            self.fail(say("{value} is no time to run in: write seconds, such as 30", value=value), param, ctx)
        return seconds


def option(*names: str, **settings: Any) -> "Decorator[Any]":
    """Return an option that also reads IMDOCTOR_ and its long name from the environment; what it takes is completed by that name."""
    name = next(name for name in names if name.startswith("--")).removeprefix("--").split("/")[0]
    ending = name.rpartition("-")[2]
    if ending in COMPLETED:
        settings.setdefault("shell_complete", COMPLETED[ending])
    return click.option(*names, envvar=f"IMDOCTOR_{name.replace('-', '_').upper()}", **settings)


def together(options: "Sequence[Decorator[Any]]") -> "Decorator[Any]":
    """Return the decorator that adds options in the order of the help."""

    def add(command: F) -> F:
        for decorate in reversed(options):
            command = decorate(command)
        return command

    return add


config_option = option(
    "--config", type=PATH, metavar="FILE", help="The configuration [default: the first that exists]."
)

app_options = together(
    (
        config_option,
        option("--target", multiple=True, metavar="NAME", help="Only this target of the configuration. Repeatable."),
        option("--check", multiple=True, metavar="NAME", help="Only this check. Repeatable."),
        option("--skip", multiple=True, metavar="NAME", help="Not this check. Repeatable."),
        option("--sdkappid", type=click.IntRange(1, HIGHEST_SDKAPPID), help="With HOST, or in its place: the app."),
        option("--identifier", metavar="NAME", help="With these: the app's admin account."),
        option("--usersig-file", metavar="FILE", help="With these: a file that holds the usersig."),
        option("--usersig-env", metavar="NAME", help="With these: a variable that holds the usersig."),
        option("--secret-key-file", metavar="FILE", help="With these: a file that holds the secret key."),
        option("--secret-key-env", metavar="NAME", help="With these: a variable that holds the secret key."),
        option("--no-third-party", is_flag=True, help="Ask nobody but the target and the configured resolvers."),
        option("--sandbox", is_flag=True, help="Examine the embedded lab: no account, no network."),
    )
)

target_options = together((click.argument("host", required=False, shell_complete=candidates.domains), app_options))

state_option = option(
    "--state",
    type=PATH,
    metavar="DIR",
    help="Where runs are remembered [watch: $STATE_DIRECTORY, else the user's own].",
)

lang_option = click.option("--lang", **LANG)

report_options = together(
    (
        option(
            "--format",
            "form",
            type=click.Choice(list(FORMATS)),
            default="text",
            help="Of standard output.",
            show_default=True,
        ),
        option(
            "--output",
            type=OutputType(),
            multiple=True,
            metavar="FORMAT=FILE",
            help="Write a file as well. Repeatable.",
        ),
        option(
            "--fail-on",
            type=click.Choice(["fail", "warn"]),
            default="fail",
            help="What makes the exit code.",
            show_default=True,
        ),
        lang_option,
        option("-v", "--verbose", is_flag=True, help="Show findings, measurements and observations."),
        option("-q", "--quiet", is_flag=True, help="Show one line for each target."),
        option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="auto: on a terminal, unless NO_COLOR is set.",
            show_default=True,
        ),
    )
)
