"""`imdoctor usersig`: decode a usersig, verify one, make one."""

import click

from imdoctor.cli.lazy import LazyGroup

COMMANDS = {
    "show": ("imdoctor.cli.usersig_commands:show", "Decode a usersig, without its signature."),
    "verify": ("imdoctor.cli.usersig_commands:verify", "Say whether a usersig is valid, with every reason."),
    "new": ("imdoctor.cli.usersig_new:new", "Make a usersig from a secret key."),
}


@click.command(cls=LazyGroup, commands_by_name=COMMANDS)
def usersig() -> None:
    """Decode a usersig, verify one, or make one. Nothing is sent."""
