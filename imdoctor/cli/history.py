"""`imdoctor history`: what is remembered of the runs of `watch` and `run --state`."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdoctor.agent.folder import state_folder
from imdoctor.cli.options import lang_option, option, state_option
from imdoctor.cli.output import style
from imdoctor.cli.session import Session
from imdoctor.config.problems import ConfigError, Problem, suggestion
from imdoctor.config.values import parse_duration
from imdoctor.speech import retold, say

if TYPE_CHECKING:
    from imdoctor.cli.history_shown import TargetShown


class SinceType(click.ParamType[float]):
    """A length of time up to now (`36h`, `7d`), or a date with or without a time: Unix seconds."""

    name = "DURATION|DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's own signature
        """Return the Unix seconds. A date without a zone is UTC, as the times that are shown are."""
        if isinstance(value, float):
            return value
        text = str(value)
        if not text[:4].isdecimal() or "-" not in text:
            try:
                return time.time() - parse_duration(text)
            except ValueError as error:
                self.fail(say("{error}, or a date such as 2026-03-01 or 2026-03-01T12:30Z", error=error), param, ctx)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                say("{text!r} is no date: write 2026-03-01 or 2026-03-01T12:30Z, or a duration such as 7d", text=text),
                param,
                ctx,
            )
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@click.command()
@option("--target", multiple=True, metavar="NAME", help="Only this target. Repeatable.")
@option("--check", multiple=True, metavar="NAME", help="Every measurement of this check, and no other's. Repeatable.")
@option("--since", type=SinceType(), default="1d", help="How far back, or since when (UTC).", show_default=True)
@state_option
@option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@lang_option
@click.pass_obj
def history(
    session: Session,
    *,
    target: tuple[str, ...],
    check: tuple[str, ...],
    since: float,
    state: Path | None,
    form: str,
) -> int:
    """Show what is remembered: each target's state, its incidents and changes, and the course of its times.

    Times are UTC. Reading takes no right to write. Where nothing is remembered, that is said, and the exit code is 0.
    """
    from imdoctor.agent.history import HistoryError
    from imdoctor.cli.history_shown import as_json
    from imdoctor.cli.history_text import as_text

    folder = state_folder(session.environ) if state is None else session.cwd / state
    try:
        found = _read(folder, target, since, check)
    except HistoryError as error:
        # No output is at fault (74), and the command was typed well (64): the file that was named, or found, cannot be used.
        raise ConfigError(Problem(retold(str(error)))) from None
    _known(check, found)
    if form == "json":
        session.say(as_json(str(folder), since, found), form)
    elif found:
        session.say(as_text(found, every=bool(check), style=style(session)))
    else:
        session.say(say("no runs are remembered in {folder}", folder=folder) + "\n")
    return 0


def _read(folder: Path, wanted: Sequence[str], since: float, checks: Sequence[str]) -> "list[TargetShown]":
    """Read the targets that are wanted, else all. Raises HistoryError, and click.UsageError for an unknown one."""
    from imdoctor.agent.history import History
    from imdoctor.cli.history_shown import shown

    memory = History.reading(folder)
    if memory is None:
        return []
    try:
        known = memory.targets()
        for name in wanted:
            if name not in known:
                raise click.UsageError(
                    say(
                        "no target {name!r} is remembered in {folder}: {near}",
                        name=name,
                        folder=folder,
                        near=suggestion(name, known),
                    )
                )
        return [shown(memory, name, since, checks) for name in known if not wanted or name in wanted]
    finally:
        memory.close()


def _known(checks: Sequence[str], found: "Sequence[TargetShown]") -> None:
    """Refuse the name of a check that no run had. Raises click.UsageError."""
    from imdoctor.cli.history_shown import names

    known = names(found)
    for name in checks:
        if known and name not in known:
            raise click.UsageError(say("no run had a check {name!r}: {near}", name=name, near=suggestion(name, known)))
