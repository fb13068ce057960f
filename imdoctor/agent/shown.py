"""What may be shown of an agent: the latest of every target without a secret, and all of it as one report."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec.structs import replace

from imdoctor import __version__
from imdoctor.agent.now import AgentNow, TargetNow
from imdoctor.config.secrets import Mask
from imdoctor.judgement import make_report
from imdoctor.model import HostReport, Report
from imdoctor.render.masking import masked


@dataclass
class Shown:
    """The agent without secrets, each report masked once. ``mask`` is that over every secret loaded so far."""

    now: Callable[[], AgentNow]
    mask: Callable[[], Mask]
    _known: dict[str, tuple[Report, Report]] = field(default_factory=dict)

    async def all(self) -> AgentNow:
        """Return the agent as it is now. Masking a report takes a millisecond: between two of them others have their turn."""
        now, targets = self.now(), list[TargetNow]()
        for target in now.targets:
            targets.append(replace(target, report=self._report(target)))
            await asyncio.sleep(0)
        names = {target.name for target in now.targets}
        self._known = {name: known for name, known in self._known.items() if name in names}
        return replace(now, targets=tuple(targets))

    def _report(self, target: TargetNow) -> Report | None:
        if target.report is None:
            return None
        known = self._known.get(target.name)
        if known is None or known[0] is not target.report:
            known = self._known[target.name] = target.report, masked(target.report, self.mask())
        return known[1]


def latest(now: AgentNow, host: HostReport) -> Report:
    """Return the last runs of all targets as one report: from the start of the oldest to the end of the newest."""
    reports = [target.report for target in now.targets if target.report is not None]
    began = [datetime.fromisoformat(report.started_at).timestamp() for report in reports]
    ended = [start + report.duration_seconds for start, report in zip(began, reports, strict=True)]
    start = min(began, default=now.started_at)
    return make_report(
        [item for report in reports for item in report.targets],
        release=__version__,
        started_at=datetime.fromtimestamp(start, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        seconds=max(0.0, max(ended, default=start) - start),
        host=host,
        fail_on_warn=False,
    )
