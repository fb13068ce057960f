"""The agent for Prometheus: what its targets' last runs found out, what those runs amount to, and how the agent is itself."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace
from prometheus_client.metrics_core import Metric

from imdoctor.agent.now import AgentNow, TargetNow
from imdoctor.model import HostReport
from imdoctor.render.figures import Family, Figures, Form, exposed, taken
from imdoctor.render.prometheus import FAMILIES, TARGET, VERDICTS, build, examined

START = Family(name="imdoctor_agent_start_timestamp_seconds", help="When the agent was started.")
ALIVE = Family(name="imdoctor_agent_alive", help="1 while rounds begin and end in their time, as /healthz says.")
READY = Family(name="imdoctor_agent_ready", help="1 from when every target was examined once, as /-/ready says.")
LOOP_LAG = Family(
    name="imdoctor_agent_loop_lag_seconds", help="By how much the last tick of the agent's event loop was late."
)
CLOCK_STEPS = Family(
    name="imdoctor_agent_clock_steps", kind="counter", help="How often this host's clock was seen to be stepped."
)
RUNS = Family(name="imdoctor_runs", kind="counter", help="Rounds of the target that were made.", labels=("target",))
MISSED = Family(
    name="imdoctor_missed_slots", kind="counter", help="Rounds of the target that were left out.", labels=("target",)
)
CONFIRMED = Family(
    name="imdoctor_target_confirmed_status",
    help="1 for the status that enough runs in a row agreed on (schedule: confirm), 0 for the others.",
    labels=("target", "status"),
)
FLAPPING = Family(
    name="imdoctor_target_flapping", help="1 while the target's status comes and goes.", labels=("target",)
)
INCIDENT = Family(
    name="imdoctor_incident_start_timestamp_seconds",
    help="When the target's open incident began; there is none without one.",
    labels=("target",),
)
AGENT_FAMILIES = (
    START,
    ALIVE,
    READY,
    LOOP_LAG,
    CLOCK_STEPS,
    RUNS,
    MISSED,
    CONFIRMED,
    FLAPPING,
    INCIDENT,
)
"""What an agent has beside what every report has."""

PER_WATCHED = 2 + len(VERDICTS) + 2
"""The most series of a target that are the agent's own."""


def names_taken() -> dict[str, Family]:
    """Return the names that are imdoctor's own."""
    return taken((*FAMILIES, *AGENT_FAMILIES))


def agent_figures(now: AgentNow, release: str, host: HostReport) -> Figures:
    """Return the figures of the agent itself."""
    figures = Figures()
    build(figures, release, host)
    figures.add(START, now.started_at)
    figures.add(ALIVE, now.alive)
    figures.add(READY, now.ready)
    figures.add(LOOP_LAG, now.loop_lag)
    figures.add(CLOCK_STEPS, now.clock_steps)
    return figures


def target_figures(target: TargetNow, owners: dict[str, Family]) -> Figures:
    """Return the figures of a target, whose report holds no secret any more; ``owners`` is shared by those of all targets."""
    figures, name, state, report = Figures(owners), target.name, target.state, target.report
    figures.add(TARGET, 1, target=name, endpoint=target.endpoint)
    figures.add(RUNS, target.runs, target=name)
    figures.add(MISSED, target.missed, target=name)
    if state.status is not None:
        figures.one_hot(CONFIRMED, VERDICTS, state.status, target=name)
        figures.add(FLAPPING, state.flapping, target=name)
    figures.add(INCIDENT, state.incident.began if state.incident else None, target=name)
    if report is not None:
        at = datetime.fromisoformat(report.started_at).timestamp()
        for item in report.targets:
            examined(figures, item, at=at, seconds=report.duration_seconds)
    return figures


Blocks = dict[str, tuple[str, str]]
"""Families as text: the lines that describe each, and those of its samples."""


@dataclass
class Exposition:
    """The agent's metrics as text. What a target's last run gave is rendered once: that takes a millisecond for each target."""

    release: str
    host: HostReport
    _owners: dict[str, Family] = field(default_factory=names_taken)
    _known: dict[tuple[str, Form], tuple[TargetNow, Blocks]] = field(default_factory=dict)

    async def text(self, now: AgentNow, form: Form) -> str:
        """Return the metrics in a format. Between two targets others have their turn."""
        parts = [blocks(agent_figures(now, self.release, self.host), form)]
        for target in now.targets:
            parts.append(self._target(target, form))
            await asyncio.sleep(0)
        names = {target.name for target in now.targets}
        self._known = {key: known for key, known in self._known.items() if key[0] in names}
        return _together(parts) + ("# EOF\n" if form == "openmetrics" else "")

    def _target(self, target: TargetNow, form: Form) -> Blocks:
        known = self._known.get((target.name, form))
        if known is None or not _same(known[0], target):
            known = self._known[target.name, form] = target, blocks(target_figures(target, self._owners), form)
        return known[1]


def _same(one: TargetNow, other: TargetNow) -> bool:
    """Tell whether two say the same of a target. Its report is a new one after each round, and is not looked into."""
    return one.report is other.report and replace(one, report=None) == replace(other, report=None)


def blocks(figures: Figures, form: Form) -> Blocks:
    """Return families as text, each for itself."""
    made = {}
    for name, metric in figures.families.items():
        text = exposed([metric], form).removesuffix("# EOF\n")
        described = re.match(r"(?:# .*\n)*", text)
        end = described.end() if described else 0
        made[name] = text[:end], text[end:]
    return made


def _together(parts: Sequence[Blocks]) -> str:
    """Return the text of several: the format wants a family's samples in one place."""
    heads: dict[str, str] = {}
    lines: dict[str, list[str]] = {}
    for part in parts:
        for name, (head, body) in part.items():
            heads.setdefault(name, head)
            lines.setdefault(name, []).append(body)
    return "".join(heads[name] + "".join(lines[name]) for name in heads)


def joined(several: Iterable[Figures]) -> list[Metric]:
    """Return families with the samples of several."""
    found: dict[str, Metric] = {}
    for figures in several:
        for name, metric in figures.families.items():
            if name not in found:
                found[name] = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            found[name].samples += metric.samples
    return list(found.values())
