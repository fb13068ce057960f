"""The report and what it is made of: plain values, in the order in which the JSON shows them."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

Status = Literal["ok", "warn", "fail", "unknown", "blocked", "skipped"]
Severity = Literal["fail", "warn", "info"]
Confidence = Literal["certain", "likely", "possible"]
Unit = Literal["seconds", "bytes", "count", "ratio", "timestamp", "info"]

RANK: dict[str, int] = {"info": 0, "ok": 0, "warn": 1, "unknown": 2, "fail": 3}
"""From good to bad. ``blocked`` and ``skipped`` are absent: they decide nothing."""


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status that decides anything; ``unknown`` when none does: an empty run is not healthy."""
    return max((status for status in statuses if status in RANK), key=RANK.__getitem__, default="unknown")


Bounds = tuple[float | None, float | None]
"""The least and the most that is still good; None where that side is open. A time that must not be long has a least of 0."""


class Measurement(msgspec.Struct, frozen=True):
    """One number that was measured. ``value`` is None when it was not measured, and never 0 in its place.

    Outside ``warn`` its check warns, outside ``fail`` it fails, as far as this number alone decides that: for those who
    draw it or hand it on. Left out where there is no such rule.
    With the unit "info" it is no number: the value is 1, and the labels are what is told.
    """

    name: str
    value: float | None
    unit: Unit
    labels: dict[str, str] = {}
    warn: Bounds | msgspec.UnsetType = msgspec.UNSET
    fail: Bounds | msgspec.UnsetType = msgspec.UNSET


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement as the report shows it."""

    code: str
    severity: Severity
    address: str | None = None
    data: dict[str, Any] = {}
    message: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier try of a check, under ``--retries``."""

    status: Status
    findings: list[ReportedFinding]


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one check saw and what that means."""

    name: str
    step: int | None
    status: Status
    blocked_by: str | None
    summary: str
    duration_seconds: float | None
    findings: list[ReportedFinding]
    measurements: list[Measurement]
    attempts: list[Attempt]
    notes: list[str] | msgspec.UnsetType = msgspec.UNSET
    """Lines for those who want to see all of it; left out where a check has none."""
    observation: Any


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that explains others and is explained by none."""

    cause: str
    severity: Severity
    confidence: Confidence
    address: str | None
    title: str
    why: str
    remedy: list[str]
    because: list[str]
    explains: list[str]
    ruled_out: list[str]


class TargetReport(msgspec.Struct, frozen=True, kw_only=True):
    """One target: its diagnosis first, then its checks."""

    name: str
    endpoint: str
    status: Status
    settings: Any
    diagnosis: list[Cause]
    checks: list[CheckReport]


class HostReport(msgspec.Struct, frozen=True, kw_only=True):
    """The machine on which the run took place."""

    name: str
    system: str
    python: str
    openssl: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run found out: the one model behind every format and the exit code."""

    version: Literal[1] = 1
    imdoctor: str
    started_at: str
    duration_seconds: float
    status: Status
    exit_code: int
    host: HostReport
    targets: list[TargetReport]


def exit_code(status: Status, *, fail_on_warn: bool) -> int:
    """Return the exit code for a run's status, the same in every format."""
    return {"ok": 0, "warn": int(fail_on_warn), "fail": 2}.get(status, 3)
