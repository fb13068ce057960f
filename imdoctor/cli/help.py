"""Help in the language that is spoken. English is click's own; another takes its words from the catalogue, laid out in columns."""

import copy
import inspect
import re
from collections.abc import Iterable

import click

from imdoctor.render.wrap import columns, pad, wrap
from imdoctor.speech import mark, retold, say, translated

CLICKS_OWN = (
    mark("Options"),
    mark("Commands"),
    mark("Show this message and exit."),
    mark("Show the version and exit."),
)
"""What click says itself in a page of help."""
CLICKS_ERRORS = (
    mark("Got unexpected extra argument ({words})"),
    mark("Got unexpected extra arguments ({words})"),
    mark("Invalid value for {name}: {told}"),
    mark("Missing argument {name}."),
    mark("Missing argument {name}. Choose from:{choices}"),
    mark("Missing option {name}."),
    mark("No such option {name}."),
    mark("No such option {name}. Did you mean {other}?"),
    mark("No such option {name}. (Did you mean one of: {others}?)"),
    mark("Option {name} does not take a value."),
    mark("Option {name} requires an argument."),
    mark("Path {name} is not readable."),
    mark("{value} is not a valid integer range."),
    mark("{value} is not in the range {range}."),
    mark("{value} is not one of {choices}."),
)
"""What click says itself of what is typed amiss."""
DEFAULT = mark("default: {value}")
EXTRA = re.compile(r"(?:\A|(?<=  ))\[([^\[\]]*)\]$")
"""What click adds to an option's help: its default, that it is required."""


def in_language(command: click.Command) -> click.Command:
    """Return a command whose help is in the language spoken, which is not English."""
    told = copy.copy(command)
    told.context_class = _Context
    told.help = translated(inspect.cleandoc(command.help or ""))
    told.params = [_told(param) for param in command.params]
    return told


def error_in_language(text: str) -> str:
    """Return a usage error as click writes it, with its own words in the language spoken."""
    text = re.sub(r"Try '(.*)' for help\.", lambda found: say("Try '{command}' for help.", command=found[1]), text)
    head, error, told = text.partition("Error: ")
    return f"{head}{say('Error: ')}{retold(told.rstrip())}\n" if error else text


def _told(param: click.Parameter) -> click.Parameter:
    """Return a parameter with its help translated."""
    if not isinstance(param, click.Option) or param.help is None:
        return param
    told = copy.copy(param)
    told.help = translated(param.help)
    return told


class Formatter(click.HelpFormatter):
    """Writes help whose characters may be wide, and whose lines may be broken between any two of them."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how the command is called."""
        super().write_usage(prog, args, say("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """Write the title of a section."""
        self.write(f"{' ' * self.current_indent}{say('{title}:', title=heading)}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        told = ("\n".join(wrap(part, self.width, indent)) for part in re.split(r"\n\s*\n", text))
        self.write("\n\n".join(told) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names with what each means beside it, or below a long one."""
        rows = tuple(rows)
        room = min(max((columns(name) for name, _ in rows), default=0), col_max)
        indent, rest = " " * self.current_indent, " " * (self.current_indent + room + col_spacing)
        for name, meaning in rows:
            head = f"{indent}{pad(name, room)}{' ' * col_spacing}"
            if columns(name) > room:
                self.write(f"{indent}{name}\n")
                head = rest
            self.write("\n".join(wrap(_with_extra(translated(meaning)), self.width, head, rest)) + "\n")


def _with_extra(meaning: str) -> str:
    """Return an option's help with what click adds to it."""
    return EXTRA.sub(lambda found: f"[{'; '.join(map(_extra, found[1].split('; ')))}]", meaning)


def _extra(text: str) -> str:
    name, colon, value = text.partition(": ")
    if colon and name == "default":
        return translated(DEFAULT).format(value=value)  # as it is typed, so that is not translated
    return say("required") if text == "required" else text


class _Context(click.Context):
    formatter_class = Formatter
