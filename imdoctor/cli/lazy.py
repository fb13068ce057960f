"""A group of commands that are imported when they are used: help costs nothing."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from imdoctor.config.problems import suggestion
from imdoctor.speech import ENGLISH, LANGUAGES, say, spoken, translated

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


LANG: Mapping[str, Any] = MappingProxyType(
    {
        "type": click.Choice(LANGUAGES),
        "expose_value": False,
        "help": "Of texts for people [default: the locale's].",
    }
)
"""The settings of --lang, which every command has, and a group before it. It was heard before anything else (`imdoctor.cli`)."""


def in_language(command: click.Command) -> click.Command:
    """Return a command whose help is in the language spoken; the command itself where that is English."""
    if spoken() == ENGLISH:
        return command
    from imdoctor.cli import help as told

    return told.in_language(command)


class LazyGroup(click.Group):
    """A group whose commands stand in a table: name → ("module:attribute", short help)."""

    def __init__(self, *, commands_by_name: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(**settings)
        self.commands_by_name = commands_by_name
        self.params.append(click.Option(["--lang"], **LANG))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the table's order."""
        del ctx
        return list(self.commands_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in self.commands_by_name:
            return None
        module, _, attribute = self.commands_by_name[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        return in_language(command) if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is a usage error with a suggestion."""
        if args and args[0] not in self.commands_by_name and not args[0].startswith("-"):
            ctx.fail(
                say("no such command {name!r}: {near}", name=args[0], near=suggestion(args[0], self.commands_by_name))
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Complete a command's name from the table, without importing any; or an option."""
        from click.shell_completion import CompletionItem

        known = self.commands_by_name.items()
        named = [
            CompletionItem(name, help=translated(short)) for name, (_, short) in known if name.startswith(incomplete)
        ]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table into the help, without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, translated(short)) for name, (_, short) in self.commands_by_name.items()])
