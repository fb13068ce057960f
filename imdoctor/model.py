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
    """What was measured, such as `handshake`."""
    value: float | None
    """The number; null where it was not measured."""
    unit: Unit
    """What it is in."""
    labels: dict[str, str] = {}
    """Of what: an address, a nameserver, a kind of call."""
    warn: Bounds | msgspec.UnsetType = msgspec.UNSET
    """The least and the most beyond which its check warns; left out where there is no such rule."""
    fail: Bounds | msgspec.UnsetType = msgspec.UNSET
    """The same for a failure."""


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement as the report shows it."""

    code: str
    """Which judgement: docs/codes.md has them all."""
    severity: Severity
    """How grave."""
    address: str | None = None
    """Where it was seen; null where it holds for the whole target."""
    data: dict[str, Any] = {}
    """What it is about, by name."""
    message: str
    """One sentence."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier try of a check, under ``--retries``."""

    status: Status
    """What it was then."""
    findings: list[ReportedFinding]
    """What was found then."""


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one check saw and what that means."""

    name: str
    """Which check."""
    step: int | None
    """Of the vendor's troubleshooting list; null for none."""
    status: Status
    """Its verdict."""
    blocked_by: str | None
    """The check without whose success it could not be asked."""
    summary: str
    """One line for people."""
    duration_seconds: float | None
    """How long it observed; null where it did not."""
    findings: list[ReportedFinding]
    """What was judged."""
    measurements: list[Measurement]
    """What was measured."""
    attempts: list[Attempt]
    """Earlier tries, the oldest first."""
    notes: list[str] | msgspec.UnsetType = msgspec.UNSET
    """Lines for those who want to see all of it; left out where a check has none."""
    observation: Any
    """Everything that it saw, in its own form: `imdoctor judge` reads it back."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that explains others and is explained by none."""

    cause: str
    """The code of the finding."""
    severity: Severity
    """How grave."""
    confidence: Confidence
    """How the verdict was reached: docs/how-it-works.md."""
    address: str | None
    """Where; null where it is everywhere, or at several."""
    title: str
    """A headline."""
    why: str
    """What usually makes it so."""
    remedy: list[str]
    """What to do, in this order."""
    because: list[str]
    """What the verdict stands on, sentence by sentence."""
    explains: list[str]
    """Findings, and `NAME.blocked` for checks, that it is the reason of."""
    ruled_out: list[str]
    """Codes that the same evidence rules out."""


class TargetReport(msgspec.Struct, frozen=True, kw_only=True):
    """One target: its diagnosis first, then its checks."""

    name: str
    """By the configuration."""
    endpoint: str
    """Host and port."""
    status: Status
    """The worst of its checks."""
    settings: Any
    """Everything that judging needs, without a secret."""
    diagnosis: list[Cause]
    """The causes, first the one to mend first; empty for a healthy target."""
    checks: list[CheckReport]
    """Every check that was run."""


class HostReport(msgspec.Struct, frozen=True, kw_only=True):
    """The machine on which the run took place."""

    name: str
    """Its host name."""
    system: str
    """Kernel and release."""
    python: str
    """The interpreter's release."""
    openssl: str
    """The library's release."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run found out: the one model behind every format and the exit code."""

    version: Literal[1] = 1
    """Of this layout."""
    imdoctor: str
    """The release that made it."""
    started_at: str
    """RFC 3339, UTC."""
    duration_seconds: float
    """Of the whole run."""
    status: Status
    """The worst of the targets."""
    exit_code: int
    """What the run exits with, the same in every format."""
    host: HostReport
    """Where it ran."""
    targets: list[TargetReport]
    """In the configuration's order."""


def exit_code(status: Status, *, fail_on_warn: bool) -> int:
    """Return the exit code for a run's status, the same in every format."""
    return {"ok": 0, "warn": int(fail_on_warn), "fail": 2}.get(status, 3)
