"""What `imdoctor history` shows of a target: read from the memory, and as JSON."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from imdoctor.agent.events import rfc3339
from imdoctor.agent.history import History, Remembered
from imdoctor.agent.record import CheckSeen, RunRecord
from imdoctor.agent.state import Change, State
from imdoctor.model import Status, Unit


@dataclass(frozen=True)
class Series:
    """One measurement, run by run: None where a run is without it; the greatest where a run has several of the same labels."""

    check: str
    name: str
    unit: Unit
    labels: dict[str, str]
    values: list[float | None]


@dataclass(frozen=True)
class RunShown:
    """A run, without its measurements."""

    at: float
    seconds: float
    status: Status
    causes: tuple[str, ...]


@dataclass(frozen=True)
class TargetShown:
    """A target: its present state, and its incidents, changes, runs and measurements since a time. Times are Unix seconds."""

    name: str
    state: State
    incidents: list[Remembered]
    changes: list[Change]
    runs: list[RunShown]
    series: list[Series]
    checks: frozenset[str]
    """The names of all checks that were asked, whichever are shown."""


@dataclass
class _Gathered:
    """What is collected run by run."""

    runs: list[RunShown] = field(default_factory=list)
    checks: set[str] = field(default_factory=set)
    values: dict[tuple[str, str, Unit, tuple[tuple[str, str], ...]], dict[int, float]] = field(default_factory=dict)

    def add(self, run: RunRecord, wanted: Collection[str]) -> None:
        """Add a run, and the measurements of the checks that are wanted (of all, if none is named)."""
        for check in run.checks:
            self.checks.add(check.name)
            if not wanted or check.name in wanted:
                self._measured(check, len(self.runs))
        self.runs.append(RunShown(run.at, run.seconds, run.status, tuple(cause.code for cause in run.causes)))

    def _measured(self, check: CheckSeen, number: int) -> None:
        for one in check.measurements:
            values = self.values.setdefault((check.name, one.name, one.unit, tuple(sorted(one.labels.items()))), {})
            if one.value is not None:
                values[number] = max(one.value, values.get(number, one.value))

    def series(self) -> list[Series]:
        """Return every measurement, those of one check beside each other."""
        order = {check: place for place, check in enumerate(dict.fromkeys(key[0] for key in self.values))}
        return [
            Series(check, name, unit, dict(labels), [found.get(number) for number in range(len(self.runs))])
            for (check, name, unit, labels), found in sorted(self.values.items(), key=lambda item: order[item[0][0]])
        ]


def shown(history: History, target: str, since: float, checks: Collection[str]) -> TargetShown:
    """Read what is shown of a target. Raises HistoryError."""
    gathered = _Gathered()
    for run in history.runs(target, since=since):
        gathered.add(run, checks)
    return TargetShown(
        name=target,
        state=history.state(target),
        incidents=history.incidents(target, since=since),
        changes=history.changes(target, since=since),
        runs=gathered.runs,
        series=gathered.series(),
        checks=frozenset(gathered.checks),
    )


def as_json(folder: str, since: float, targets: Iterable[TargetShown]) -> str:
    """Return one JSON object, with a line end. Times are RFC 3339 in UTC, lengths of time seconds.

    `values` of a measurement has one member for each of the target's `runs`, null where the run is without it.
    """
    told = {
        "version": 1,
        "folder": folder,
        "since": rfc3339(since),
        "targets": [_target(target) for target in targets],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"


def _target(target: TargetShown) -> dict[str, Any]:
    return {
        "name": target.name,
        "status": target.state.status,
        "since": _time(target.state.since),
        "flapping": target.state.flapping,
        "incidents": [_incident(one) for one in target.incidents],
        "changes": [
            {"at": rfc3339(one.at), "kind": one.kind, "before": one.before, "status": one.status}
            for one in target.changes
        ],
        "runs": [
            {"at": rfc3339(run.at), "seconds": run.seconds, "status": run.status, "causes": run.causes}
            for run in target.runs
        ],
        "measurements": [
            {"check": one.check, "name": one.name, "unit": one.unit, "labels": one.labels, "values": one.values}
            for one in target.series
        ],
    }


def _incident(one: Remembered) -> dict[str, Any]:
    incident = one.incident
    return {
        "began": rfc3339(incident.began),
        "confirmed_at": rfc3339(incident.confirmed_at),
        "ended": _time(incident.ended),
        "seconds": None if incident.ended is None else incident.ended - incident.began,
        "status": incident.status,
        "count": incident.count,
        "told_at": _time(one.told_at),
        "causes": incident.causes,
    }


def _time(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)


def names(targets: Sequence[TargetShown]) -> frozenset[str]:
    """Return the names of all checks that any target was asked."""
    return frozenset[str]().union(*(target.checks for target in targets))
