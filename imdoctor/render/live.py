"""What runs, live, on a terminal's standard error: one line for each check."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from imdoctor.model import CheckReport
from imdoctor.render.text import WORDS, duration
from imdoctor.render.wrap import clean
from imdoctor.runner import Progress
from imdoctor.speech import Language, say, speaking, spoken

STYLES = {
    "ok": "green",
    "warn": "yellow",
    "fail": "bold red",
    "unknown": "magenta",
    "blocked": "cyan",
    "skipped": "dim",
}


@dataclass
class Board(Progress):
    """The checks that were begun, and what became of each."""

    several: bool
    language: Language = field(default_factory=spoken)
    rows: dict[tuple[str, str], float | CheckReport] = field(default_factory=dict)
    waits: dict[str, float] = field(default_factory=dict)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    def started(self, target: str, check: str) -> None:
        """Add a check's line."""
        self.waits.pop(target, None)
        self.rows[target, check] = time.monotonic()

    def finished(self, target: str, report: CheckReport) -> None:
        """Show what a check says."""
        self.rows[target, report.name] = report

    def again(self, target: str, seconds: float) -> None:
        """Count down to the next try."""
        self.waits[target] = time.monotonic() + seconds

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the board as it is now: where it is higher than the terminal, what is done is a number alone."""
        del options
        with speaking(self.language):  # it is drawn by a thread of its own, which knows of no language
            parts = list(self._parts(console.height))
        yield from parts

    def _parts(self, height: int) -> Iterator[RenderableType]:
        room = max(height - len(self.waits) - 2, 1)
        rows = list(self.rows.items())
        if len(rows) > room:
            running = [row for row in rows if not isinstance(row[1], CheckReport)]
            yield Text(say("{done} of {all} checks are done", done=len(rows) - len(running), all=len(rows)))
            rows = running[:room]
        table = Table.grid(padding=(0, 2))
        for (target, check), state in rows:
            table.add_row(*self._row(f"{clean(target)} {check}" if self.several else check, state))
        for target, until in self.waits.items():
            left = max(until - time.monotonic(), 0.0)
            table.add_row(
                self.spinner,
                Text(say("{target} failed, once more", target=clean(target)) if self.several else say("once more")),
                say("in {left:.1f} s", left=left),
            )
        yield table

    def _row(self, name: str, state: float | CheckReport) -> tuple[RenderableType, Text, str]:
        if isinstance(state, CheckReport):
            return Text(WORDS[state.status], STYLES[state.status]), Text(name), duration(state.duration_seconds)
        return self.spinner, Text(name), f"{time.monotonic() - state:.1f} s"


@contextmanager
def live(stream: TextIO, *, several: bool, colour: bool = True) -> Iterator[Board]:
    """Show a board while the run lasts, and take it away at its end. ``several`` tells that there are more targets than one."""
    board = Board(several=several)
    console = Console(file=stream, highlight=False, no_color=not colour)
    with Live(board, console=console, transient=True, refresh_per_second=10):
        yield board
