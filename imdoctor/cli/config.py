"""`imdoctor config`: check a configuration file, and its JSON Schema."""

import click

from imdoctor.cli.lazy import LazyGroup

COMMANDS = {
    "check": ("imdoctor.cli.config_commands:check", "Check a configuration file, its secrets included."),
    "schema": ("imdoctor.cli.config_commands:schema", "Print the configuration's JSON Schema, or the report's."),
}


@click.command(cls=LazyGroup, commands_by_name=COMMANDS)
def config() -> None:
    """Check a configuration file, or print its JSON Schema."""
