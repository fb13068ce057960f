"""Watches over this program's own time: a wall clock that was set, and an event loop that was late. Both are told, never asked."""

STEP = 1.0
"""Seconds by which the wall clock may part from the monotonic one between two looks: more is a step."""
SLEW = 0.0005
"""Seconds a second by which the kernel may slew a clock without stepping it (adjtimex(2): 500 parts in a million)."""
LATE = 0.5
"""Seconds beyond its time from which on a tick is late enough to be told."""
QUIET = 60.0
"""Seconds between two tellings."""


class ClockWatch:
    """Notices a wall clock that was stepped. CLOCK_MONOTONIC stands still while a machine sleeps: waking up is a step too."""

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None

    def look(self, monotonic: float, wall: float) -> float | None:
        """Return by how many seconds the wall clock was set since the last look, positive for forward; None for no step."""
        before, self._before = self._before, (monotonic, wall)
        if before is None:
            return None
        passed = monotonic - before[0]
        step = (wall - before[1]) - passed
        return step if abs(step) > STEP + SLEW * passed else None


class TickWatch:
    """Notices ticks that came late. The first is told at once, then the worst of each minute."""

    def __init__(self) -> None:
        self._worst = 0.0
        self._told: float | None = None

    def look(self, expected: float, real: float) -> float | None:
        """Return by how many seconds the program was late at the worst since this was last told; None where it is not told now."""
        self._worst = max(self._worst, real - expected)
        if self._worst < LATE or (self._told is not None and real - self._told < QUIET):
            return None
        worst, self._worst, self._told = self._worst, 0.0, real
        return worst
