"""`imdoctor systemd alert`: new incidents, each told once, however often a unit fails over them."""

import contextlib
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from imdoctor.agent.events import Event, of_change
from imdoctor.agent.folder import state_folder
from imdoctor.agent.history import History, HistoryError, Remembered
from imdoctor.agent.recollection import kept_language
from imdoctor.agent.state import Change
from imdoctor.cli.options import lang_option, state_option
from imdoctor.cli.session import OutputError, Session
from imdoctor.config.model import History as Limits
from imdoctor.speech import Language, say

PATIENCE = 30.0
"""Seconds that a command may take for one message."""


@click.command()
@click.argument("unit")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@state_option
@lang_option
@click.pass_obj
def alert(session: Session, unit: str, command: tuple[str, ...], state: Path | None) -> int:
    """Tell of the incidents that are confirmed and that nobody was told of yet; without any, say nothing.

    UNIT is the one that failed. Each incident is one line of the log, and goes to COMMAND (behind `--`; never a shell) on its
    standard input. When COMMAND fails, the incident is told again the next time.
    """
    folder = state_folder(session.environ) if state is None else session.cwd / state
    try:
        _tell(folder, unit, command, session)
    except HistoryError as error:
        raise OutputError(str(error)) from None
    return 0


def _tell(folder: Path, unit: str, command: Sequence[str], session: Session) -> None:
    """Tell what is new in a folder's history, one incident after the other. Raises HistoryError, OutputError."""
    untold = _untold(folder)
    if not untold:  # a folder without a history stays as it is: its name may be a mistake
        return
    limits = Limits()
    history = History.open(folder, keep=limits.keep, size=limits.size, wall=time.time)
    with contextlib.closing(history):
        for one in untold:
            event = _event(one, unit, kept_language(history, one.target))
            session.tell(event)
            if command:
                _hand_over(event.message, command)
            history.tell(one.id)


def _untold(folder: Path) -> list[Remembered]:
    history = History.reading(folder)
    if history is None:
        return []
    with contextlib.closing(history):
        return history.untold()


def _event(one: Remembered, unit: str, language: Language | None) -> Event:
    """Return the event of an incident, in its target's language; one that is over by now is told as a recovery."""
    over = one.incident.ended is not None
    change = Change(
        kind="recovered" if over else "opened",
        target=one.target,
        at=time.time(),
        before=None,
        status="ok" if over else one.incident.status,
        incident=one.incident,
    )
    event = of_change(change, platform.node(), language)
    return msgspec.structs.replace(event, fields={**event.fields, "unit": unit})


def _hand_over(message: str, command: Sequence[str]) -> None:
    """Give a message to a command on its standard input. Raises OutputError."""
    again = say("the incident is told again with the next failure")
    try:
        done = subprocess.run(command, input=f"{message}\n", text=True, check=False, timeout=PATIENCE)  # noqa: S603 - the administrator's own command
    except OSError as error:
        raise OutputError(
            say("{command} could not be started: {why}: {again}", command=command[0], why=error.strerror, again=again)
        ) from None
    except subprocess.TimeoutExpired:
        raise OutputError(
            say("{command} did not end within {limit:g} s: {again}", command=command[0], limit=PATIENCE, again=again)
        ) from None
    if done.returncode:
        raise OutputError(
            say("{command} ended with {code}: {again}", command=command[0], code=done.returncode, again=again)
        )
