"""The status page: every target's last report, and what the history knows of the time before."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from imdoctor.agent.history import History, HistoryError
from imdoctor.agent.now import AgentNow
from imdoctor.agent.past import past_of
from imdoctor.agent.shown import latest
from imdoctor.config.secrets import Mask
from imdoctor.model import HostReport, Report
from imdoctor.render.html import page
from imdoctor.render.past import Past

RUNS = 3000
"""Runs that a page draws, of all targets together: some 100 ms of work, in a thread beside the checks."""
LEAST = 60
"""Runs of each target that it draws at the least: an hour of minutes."""
REFRESH = 60
"""Seconds after which a browser loads it anew."""


def _as_it_is(report: Report) -> Report:
    return report


@dataclass(frozen=True, kw_only=True)
class StatusPage:
    """Makes the page. ``every()`` is the period of the targets in seconds, ``mask()`` that over every secret loaded so far.

    It blocks: it is for a thread. A history that cannot be read leaves the past out.
    """

    folder: Path
    host: HostReport
    every: Callable[[], float]
    mask: Callable[[], Mask]
    told: Callable[[Report], Report] = _as_it_is
    """Tells a report in the language of the page."""

    def __call__(self, now: AgentNow) -> bytes:
        """Return the page of the agent as it may be shown, HTML in UTF-8."""
        past = self._past(now)
        refresh = max(REFRESH, round(self.every()))
        return self.mask()(page(self.told(latest(now, self.host)), past, refresh=refresh)).encode("utf-8", "replace")

    def _past(self, now: AgentNow) -> Mapping[str, Past]:
        try:
            history = History.reading(self.folder)
        except HistoryError:
            return {}
        if history is None:
            return {}
        drawn = max(LEAST, RUNS // max(1, len(now.targets)))
        since = time.time() - drawn * self.every()
        try:
            return {
                target.name: past_of(
                    target.state,
                    history.runs(target.name, since=since),
                    [one.incident for one in history.incidents(target.name, since=since)],
                )
                for target in now.targets
            }
        except HistoryError:
            return {}
        finally:
            history.close()
