"""A run of one target as the agent remembers it: its status, causes and measurements, without the observations."""

from collections.abc import Collection

import msgspec

from imdoctor.model import Measurement, Severity, Status, TargetReport


class CauseSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A cause of a run's diagnosis, as far as a message about it needs it."""

    code: str
    severity: Severity
    title: str
    address: str | None = None
    remedy: str | None = None
    """The first step of it."""


class CheckSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One check that was asked in this run, and what it measured."""

    name: str
    status: Status
    seconds: float | None = None
    measurements: tuple[Measurement, ...] = ()


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one target. ``at`` is the host's clock at its start (Unix seconds)."""

    target: str
    at: float
    seconds: float
    status: Status
    causes: tuple[CauseSeen, ...] = ()
    checks: tuple[CheckSeen, ...] = ()


def record(report: TargetReport, *, at: float, seconds: float, asked: Collection[str] | None = None) -> RunRecord:
    """Return what is remembered of a target's report. ``asked`` names the checks of this run (None: all of them).

    A check whose earlier observation stands is part of the verdict, but its measurements were remembered then.
    """
    return RunRecord(
        target=report.name,
        at=at,
        seconds=seconds,
        status=report.status,
        causes=tuple(
            CauseSeen(
                code=cause.cause,
                severity=cause.severity,
                title=cause.title,
                address=cause.address,
                remedy=next(iter(cause.remedy), None),
            )
            for cause in report.diagnosis
        ),
        checks=tuple(
            CheckSeen(
                name=item.name,
                status=item.status,
                seconds=item.duration_seconds,
                measurements=tuple(one for one in item.measurements if one.unit != "info"),
            )
            for item in report.checks
            if asked is None or item.name in asked
        ),
    )
