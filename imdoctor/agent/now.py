"""What an agent knows at this moment: for its metrics, its status page and its health."""

import msgspec

from imdoctor.agent.state import State
from imdoctor.model import Report


class TargetNow(msgspec.Struct, frozen=True, kw_only=True):
    """One target: the report of its last run (it alone in it), when that began (Unix seconds), and what its runs amount to."""

    name: str
    endpoint: str
    report: Report | None = None
    at: float | None = None
    state: State = State()
    runs: int = 0
    """Rounds that were made since the start."""
    missed: int = 0
    """Slots that were left out since the start."""


class AgentNow(msgspec.Struct, frozen=True, kw_only=True):
    """The agent: its targets in the configuration's order, and how it is itself."""

    targets: tuple[TargetNow, ...]
    started_at: float
    """Unix seconds."""
    ready: bool = False
    """Every target was examined once."""
    alive: bool = True
    """Rounds end and begin in their time."""
    loop_lag: float = 0.0
    """Seconds by which the last tick of the event loop was late."""
    clock_steps: int = 0
    """How often this machine's clock was seen to be stepped."""
