"""What the agent remembers of a target, as a page draws it."""

from collections.abc import Iterable

from imdoctor.agent.record import RunRecord
from imdoctor.agent.state import Incident, State
from imdoctor.render.past import Past, Point, Run, Trouble


def past_of(state: State, runs: Iterable[RunRecord], incidents: Iterable[Incident]) -> Past:
    """Return a target's past. ``runs`` and ``incidents`` are this target's, the oldest first."""
    told = tuple(_run(run) for run in runs)
    return Past(
        at=told[-1].at if told else None,
        since=state.since,
        flapping=state.flapping,
        troubles=tuple(_trouble(incident) for incident in incidents)[::-1],
        runs=told,
    )


def _run(run: RunRecord) -> Run:
    checks = {check.name: Point(status=check.status, measurements=check.measurements) for check in run.checks}
    return Run(at=run.at, status=run.status, checks=checks)


def _trouble(incident: Incident) -> Trouble:
    causes = tuple(cause.title for cause in incident.causes)
    return Trouble(began=incident.began, ended=incident.ended, status=incident.status, causes=causes)
