"""What a target's runs amount to: which change of its status counts, what is an incident, and what is worth telling."""

from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile
from typing import Literal

import msgspec
from msgspec.structs import replace

from imdoctor.agent.record import CauseSeen, RunRecord
from imdoctor.model import RANK, Status, worst

WINDOW = 10
"""Runs that are looked at for flapping: at a run a minute, what somebody who is told would see in the time of looking."""
FLAPPING = 5
"""Changes of status within the window that make a target flap: a fault that came and went twice, and is here again."""
SETTLED = 5
"""Runs in a row that must agree, at the least, for flapping to end: half a window, so that its end is no part of its rhythm."""
PATIENCE = 2 * WINDOW
"""Runs in a row that are not ok, at the least, for an incident on whose status they do not agree. Longer than flapping takes to be seen."""
MOST_CAUSES = 16
"""Causes that an incident remembers: one has seldom more than three, and a target that flaps for weeks shall not grow."""

Kind = Literal["opened", "worse", "better", "changed", "recovered", "flapping", "settled"]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a target was not ok. Times are Unix seconds of the host's clock.

    ``began`` is the start of the first bad run, ``ended`` that of the first good one after it. ``status`` is the worst
    that was confirmed, while flapping the worst seen; ``causes`` are those seen in it, the one in force first; ``count``
    is the number of its bad runs.
    """

    began: float
    confirmed_at: float
    ended: float | None = None
    status: Status
    causes: tuple[CauseSeen, ...] = ()
    count: int


class Look(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of a run for the next ones."""

    at: float
    status: Status
    code: str | None = None
    """Its first cause's."""
    loose: tuple[CauseSeen, ...] | None = None
    """The causes of a bad run that is part of no incident yet; None for any other run."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs of one target have come to. The empty State is "nothing seen yet"."""

    status: Status | None = None
    """The confirmed one; while the target flaps, the one before that."""
    since: float | None = None
    """The start of the first run of this state (Unix seconds)."""
    flapping: bool = False
    incident: Incident | None = None
    """The one that is open."""
    recent: tuple[Look, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something worth telling of a target. ``at`` is the start of the run that showed it (Unix seconds).

    ``before`` and ``status`` are confirmed statuses; where flapping begins, ``status`` is the incident's.
    """

    kind: Kind
    target: str
    at: float
    before: Status | None
    status: Status
    incident: Incident


Told = tuple[State, tuple[Change, ...]]
"""A state, and what is worth telling of the way to it."""


def step(state: State, run: RunRecord, confirm: int) -> Told:
    """Return the state after a run, and what is worth telling: at most one change.

    A change of status counts when ``confirm`` runs in a row agree on the new one. Runs that are all bad but never agree
    make an incident all the same, in the end: of the mildest status among them, since at least that is so.
    """
    now = _noted(state, run, confirm)
    agreeing = _agreeing(now.recent)
    if now.incident is None:
        return _outside(now, agreeing, run, confirm)
    return _inside(now, now.incident, agreeing, run, confirm)


def _outside(now: State, agreeing: Sequence[Look], run: RunRecord, confirm: int) -> Told:
    """Judge a run while there is no incident: one may open."""
    if _flaps(now):
        bad = [look for look in now.recent[-WINDOW:] if look.loose is not None]
        incident = _incident(bad, run, worst(look.status for look in bad))
        return _told("flapping", now, replace(now, flapping=True, since=run.at), incident, run)
    if len(agreeing) >= confirm:
        if run.status != "ok":
            return _opened(now, agreeing, run, run.status)
        return (now if now.status == "ok" else replace(now, status="ok", since=agreeing[0].at)), ()
    disagreeing = _bad(now.recent)
    if len(disagreeing) >= max(PATIENCE, 2 * confirm):
        mildest = min((look.status for look in disagreeing), key=RANK.__getitem__)
        return _opened(now, disagreeing, run, mildest)
    return now, ()


def _inside(now: State, incident: Incident, agreeing: Sequence[Look], run: RunRecord, confirm: int) -> Told:
    """Judge a run within an incident: it may end, or become another."""
    if now.flapping:
        enough = len(agreeing) >= max(confirm, SETTLED)
        return _settled(now, incident, agreeing, run) if enough else (now, ())
    if _flaps(now):
        reached = worst(look.status for look in now.recent[-WINDOW:])
        incident = replace(incident, status=worst((incident.status, reached)))
        return _told("flapping", now, replace(now, flapping=True, since=run.at), incident, run)
    if len(agreeing) < confirm:
        return now, ()
    if run.status == "ok":
        return _ended("recovered", now, incident, agreeing, run)
    if run.status != now.status:
        kind: Kind = "worse" if RANK[run.status] > RANK[now.status or "ok"] else "better"
        return _went_on(kind, replace(now, since=agreeing[0].at), incident, run)
    return _cause_changed(now, incident, agreeing[-confirm:], run)


def _noted(state: State, run: RunRecord, confirm: int) -> State:
    """Add a run to what is remembered, and to the open incident if it is a bad one."""
    bad, incident = run.status != "ok", state.incident
    code = run.causes[0].code if run.causes else None
    look = Look(run.at, run.status, code, run.causes if bad and incident is None else None)
    if bad and incident is not None:
        reached = worst((incident.status, run.status)) if state.flapping else incident.status
        incident = replace(
            incident, status=reached, causes=_union(incident.causes, run.causes), count=incident.count + 1
        )
    kept = max(PATIENCE, 2 * confirm)
    return replace(state, incident=incident, recent=(*state.recent, look)[-kept:])


def _agreeing(recent: Sequence[Look]) -> tuple[Look, ...]:
    """Return the last runs, as far back as they agree on the status."""
    return tuple(takewhile(lambda look: look.status == recent[-1].status, reversed(recent)))[::-1]


def _bad(recent: Sequence[Look]) -> tuple[Look, ...]:
    """Return the last runs, as far back as none was ok."""
    return tuple(takewhile(lambda look: look.status != "ok", reversed(recent)))[::-1]


def _flaps(now: State) -> bool:
    """Tell whether the last runs changed their status too often for each change to be an event."""
    return sum(before.status != after.status for before, after in pairwise(now.recent[-WINDOW:])) >= FLAPPING


def _opened(now: State, looks: Sequence[Look], run: RunRecord, status: Status) -> Told:
    after = replace(now, status=status, since=looks[0].at)
    return _told("opened", now, after, _incident(looks, run, status), run)


def _settled(now: State, incident: Incident, agreeing: Sequence[Look], run: RunRecord) -> Told:
    """End flapping. What was seen before counts for no second time: the target's rhythm is looked at anew."""
    after = replace(now, flapping=False, recent=tuple(agreeing))
    if run.status == "ok":
        return _ended("settled", after, incident, agreeing, run)
    return _went_on("settled", replace(after, since=agreeing[0].at), incident, run)


def _cause_changed(now: State, incident: Incident, looks: Sequence[Look], run: RunRecord) -> Told:
    """Tell of another first cause when the runs agree on it. A run that names none says nothing of that."""
    before = next((cause.code for cause in incident.causes), None)
    if not run.causes or run.causes[0].code == before or len({look.code for look in looks}) > 1:
        return now, ()
    return _went_on("changed", now, incident, run)


def _ended(kind: Kind, now: State, incident: Incident, agreeing: Sequence[Look], run: RunRecord) -> Told:
    began = agreeing[0].at
    over = replace(incident, ended=began)
    after, changes = _told(kind, now, replace(now, status="ok", since=began), over, run)
    return replace(after, incident=None), changes


def _went_on(kind: Kind, now: State, incident: Incident, run: RunRecord) -> Told:
    """Go on with the incident by the present run's status and first cause."""
    status = worst((incident.status, run.status))
    causes = _union(run.causes[:1], incident.causes)
    return _told(kind, now, replace(now, status=run.status), replace(incident, status=status, causes=causes), run)


def _told(kind: Kind, before: State, after: State, incident: Incident, run: RunRecord) -> Told:
    """Return a state in which every run that was loose is part of the incident, and the change."""
    change = Change(
        kind=kind,
        target=run.target,
        at=run.at,
        before=before.status,
        status=incident.status if after.flapping else after.status or incident.status,
        incident=incident,
    )
    recent = tuple(replace(look, loose=None) for look in after.recent)
    return replace(after, incident=incident, recent=recent), (change,)


def _incident(looks: Sequence[Look], run: RunRecord, status: Status) -> Incident:
    """Return the incident that bad runs make."""
    causes = _union(run.causes[:1], *(look.loose or () for look in looks))
    return Incident(began=looks[0].at, confirmed_at=run.at, status=status, causes=causes, count=len(looks))


def _union(*groups: Iterable[CauseSeen]) -> tuple[CauseSeen, ...]:
    """Return the causes of all groups, the first of each code, in order."""
    found: dict[str, CauseSeen] = {}
    for cause in (cause for group in groups for cause in group):
        found.setdefault(cause.code, cause)
    return tuple(found.values())[:MOST_CAUSES]
