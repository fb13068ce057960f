"""`imdoctor systemd`: install the units, take them away, and tell of an incident behind a unit's failure."""

import click

from imdoctor.cli.lazy import LazyGroup

COMMANDS = {
    "install": ("imdoctor.cli.systemd_commands:install", "Write the units, with this installation's paths."),
    "uninstall": ("imdoctor.cli.systemd_commands:uninstall", "Take away what install wrote."),
    "alert": ("imdoctor.cli.systemd_alert:alert", "Tell of new incidents; a unit's OnFailure= runs this."),
}


@click.command(cls=LazyGroup, commands_by_name=COMMANDS)
def systemd() -> None:
    """Install the systemd units, take them away, or tell of an incident behind a unit's failure."""
