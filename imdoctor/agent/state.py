"""What a target's runs amount to: its confirmed status, its incidents, and the changes that are worth telling."""

from typing import Literal

import msgspec

from imdoctor.agent.record import CauseSeen
from imdoctor.model import Status

Kind = Literal["opened", "worse", "better", "changed", "recovered", "flapping", "settled"]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """A time during which a target was not healthy. ``status`` is the worst that was confirmed."""

    began: float
    confirmed_at: float
    ended: float | None = None
    status: Status
    causes: tuple[CauseSeen, ...] = ()
    count: int = 1


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is worth telling of a target after a run."""

    kind: Kind
    target: str
    at: float
    before: Status | None = None
    status: Status
    incident: Incident
