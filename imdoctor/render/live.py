"""What runs, live, on a terminal's standard error: one line for each check."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from imdoctor.model import CheckReport
from imdoctor.render.text import WORDS, duration
from imdoctor.render.wrap import clean
from imdoctor.runner import Progress

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
    rows: dict[tuple[str, str], float | CheckReport] = field(default_factory=dict)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    def started(self, target: str, check: str) -> None:
        """Add a check's line."""
        self.rows[target, check] = time.monotonic()

    def finished(self, target: str, report: CheckReport) -> None:
        """Show what a check says."""
        self.rows[target, report.name] = report

    def __rich__(self) -> RenderableType:
        """Draw the board as it is now."""
        table = Table.grid(padding=(0, 2))
        for (target, check), state in self.rows.items():
            name = f"{clean(target)} {check}" if self.several else check
            if isinstance(state, CheckReport):
                word = Text(WORDS[state.status], STYLES[state.status])
                table.add_row(word, Text(name), duration(state.duration_seconds))
            else:
                table.add_row(self.spinner, Text(name), f"{time.monotonic() - state:.1f} s")
        return table


@contextmanager
def live(stream: TextIO, *, several: bool, colour: bool = True) -> Iterator[Board]:
    """Show a board while the run lasts, and take it away at its end. ``several`` tells that there are more targets than one."""
    board = Board(several=several)
    console = Console(file=stream, highlight=False, no_color=not colour)
    with Live(board, console=console, transient=True, refresh_per_second=10):
        yield board
