"""The page on watching names every event that there is."""

import inspect
import re
from pathlib import Path
from typing import get_args

from imdoctor.agent import events, own_events
from imdoctor.agent.state import Kind

PAGE = Path(__file__).parents[2] / "docs/watch.md"


def test_every_event_is_on_the_page() -> None:
    """What may appear in the log as IMDOCTOR_EVENT stands in the page's table, and nothing else does."""
    sources = inspect.getsource(own_events) + inspect.getsource(events)
    made = {
        *re.findall(r'name="([a-z-]+)"', sources),
        *re.findall(r'_delivery\(\s*"([a-z-]+)"', sources),
        *get_args(Kind),
    }
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    assert told == made
