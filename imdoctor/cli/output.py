"""Writing a report: masked, rendered, and each file whole or not at all."""

import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec

from imdoctor.cli.session import OutputError, Session, forget
from imdoctor.config.problems import suggestion
from imdoctor.config.secrets import Mask
from imdoctor.model import Report
from imdoctor.render import FOR_PROGRAMS, FORMATS, Style
from imdoctor.render.masking import masked
from imdoctor.speech import ENGLISH, say, speaking, spoken

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from imdoctor.check import Check


@dataclass(frozen=True)
class Output:
    """A format, and the file that it goes to."""

    format: str
    path: Path


class OutputType(click.ParamType[Output]):
    """`FORMAT=FILE`, as --output takes it."""

    name = "FORMAT=FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Output:  # noqa: ANN401 - click's own signature
        """Return the output; an unknown format is a usage error with a suggestion."""
        if isinstance(value, Output):
            return value
        form, equals, path = str(value).partition("=")
        if not equals or not path:
            self.fail(
                say("{value!r} is no output: write FORMAT=FILE, such as json=report.json", value=value), param, ctx
            )
        if form not in FORMATS:
            self.fail(say("no format {form!r}: {near}", form=form, near=suggestion(form, FORMATS)), param, ctx)
        return Output(form, Path(path))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem[str]]":
        """Complete the format, then the file."""
        from click.shell_completion import CompletionItem

        del ctx, param
        _, equals, path = incomplete.partition("=")
        if equals:
            return [CompletionItem(path, type="file")]
        return [CompletionItem(f"{form}=") for form in FORMATS if form.startswith(incomplete)]


Colour = Literal["auto", "always", "never"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """How the report is to look for people, by -v, -q and --color."""

    verbose: bool = False
    quiet: bool = False
    colour: Colour = "auto"


PLAIN = Look()


def speaking_for(form: str) -> AbstractContextManager[None]:
    """Speak English for a while, where a format is for programs; else the language that is spoken already."""
    return speaking(ENGLISH if form in FOR_PROGRAMS else spoken())


def looking(*, verbose: bool, quiet: bool, colour: Colour) -> Look:
    """Return how the report is to look. Raises click.UsageError for what contradicts itself."""
    if verbose and quiet:
        raise click.UsageError(say("-q shows one line and -v everything: leave one of them out"))
    return Look(verbose=verbose, quiet=quiet, colour=colour)


def publish(
    report: Report,
    checks: "Sequence[Check]",
    *,
    form: str,
    outputs: Sequence[Output],
    look: Look,
    session: Session,
) -> None:
    """Write a report to standard output and to every file: for people in their language, by the checks that judged it.

    Raises OutputError, when all that can be written has been.
    """
    mask, page = session.mask, style(session, look)
    shown = _in_languages(report, checks, mask)
    errors = []
    for output in outputs:
        plain = FORMATS[output.format](shown[output.format], msgspec.structs.replace(page, colour=False, quiet=False))
        text = session.shown(plain, output.format)  # a later command of the job may print the file
        try:
            write_whole(output.path, text)
        except OSError as error:
            errors.append(say("{path} could not be written: {strerror}", path=output.path, strerror=error.strerror))
    _print(FORMATS[form](shown[form], page), form, session)
    if "github" in {form, *(output.format for output in outputs)}:
        errors += _summarise(shown["markdown"], session)
    if errors:
        raise OutputError("; ".join(errors))


def _in_languages(report: Report, checks: "Sequence[Check]", mask: Mask) -> dict[str, Report]:
    """Return the report, without any secret, as each format wants it: for programs in English, for people as they speak."""
    plain = told = masked(report, mask)
    if spoken() != ENGLISH:
        from imdoctor.judgement import in_words

        told = masked(in_words(report, checks, spoken()), mask)
    return {name: plain if name in FOR_PROGRAMS else told for name in FORMATS}


def _summarise(report: Report, session: Session) -> list[str]:
    """Add the report to the step's summary, where a job of GitHub Actions names a file for it; return what went wrong."""
    if not (name := session.environ.get("GITHUB_STEP_SUMMARY")):
        return []
    from imdoctor.render.github import SUMMARY_LIMIT, fitting

    text = session.mask(FORMATS["markdown"](report, Style()))
    try:
        with (session.cwd / name).open("ab") as summary:  # other commands of the step have their say in it as well
            summary.write(fitting(text, SUMMARY_LIMIT - summary.tell()))
    except OSError as error:
        return [say("the step's summary {name} could not be written: {strerror}", name=name, strerror=error.strerror)]
    return []


def _print(text: str, form: str, session: Session) -> None:
    """Print a report. A reader that went away (`| head`) has what it wanted: the report's exit code stands."""
    try:
        session.say(text, form)
    except BrokenPipeError:
        forget(session.out)


def style(session: Session, look: Look = PLAIN) -> Style:
    """Return how standard output is read. Colours are for a terminal, unless NO_COLOR or --color says otherwise (no-color.org)."""
    wanted = session.out.isatty() and not session.environ.get("NO_COLOR") and session.environ.get("TERM") != "dumb"
    return Style(
        width=shutil.get_terminal_size((80, 24)).columns,
        verbose=look.verbose,
        quiet=look.quiet,
        colour=wanted if look.colour == "auto" else look.colour == "always",
    )


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside its place, then renamed into it. Raises OSError.

    A link keeps leading where it leads. What is no regular file (/dev/stderr, a pipe) is written to as it stands.
    """
    place = Path(os.path.realpath(path))
    data = text.encode("utf-8", "backslashreplace")
    if place.exists() and not stat.S_ISREG(place.stat().st_mode):
        place.write_bytes(data)
        return
    beside = place.with_name(f".{place.name[:200]}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        if place.exists():
            beside.chmod(stat.S_IMODE(place.stat().st_mode))
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)
