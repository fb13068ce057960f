"""`imdoctor config`: write a configuration file, check one, and its JSON Schema."""

import click

from imdoctor.cli.lazy import LazyGroup

COMMANDS = {
    "check": ("imdoctor.cli.config_check:check", "Check configuration files, their secrets included."),
    "init": ("imdoctor.cli.config_init:init", "Print a commented configuration, or write it to a file."),
    "schema": ("imdoctor.cli.config_schema:schema", "Print the configuration's JSON Schema, or the report's."),
}


@click.command(cls=LazyGroup, commands_by_name=COMMANDS)
def config() -> None:
    """Write a configuration file, check one, or print its JSON Schema."""
