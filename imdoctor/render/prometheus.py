"""The report for Prometheus, in the old text format, which node_exporter's textfile collector reads."""

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import get_args

from imdoctor.model import Cause, CheckReport, HostReport, Report, Status, TargetReport, Unit
from imdoctor.render.figures import Family, Figures, exposed, label_names, taken, word

MOST_CAUSES = 16
"""Causes of a target that are shown, the first to mend first; one has seldom more than three."""
MOST_FINDINGS = 32
"""Finding codes of a target that are shown."""
MOST_ALIKE = 16
"""Series of one measurement of a target: addresses, nameservers, whatever its labels tell apart."""
MOST_MEASURED = 256
"""Series of all measurements of a target together."""

STATUSES: tuple[Status, ...] = get_args(Status)
VERDICTS: tuple[Status, ...] = ("ok", "warn", "fail", "unknown")
"""What a target can be: ``blocked`` and ``skipped`` decide nothing."""

SUFFIXES: Mapping[Unit, str] = {
    "seconds": "_seconds",
    "bytes": "_bytes",
    "ratio": "_ratio",
    "timestamp": "_timestamp_seconds",
}
Series = dict[tuple[tuple[str, str], ...], list[float]]
"""Values by the labels that they have in common."""

BUILD = Family(
    name="imdoctor_build",
    kind="info",
    help="The release of imdoctor, and what it runs on.",
    labels=("version", "python", "openssl"),
)
TARGET = Family(
    name="imdoctor_target", kind="info", help="A target, and where its API is called.", labels=("target", "endpoint")
)
TARGET_STATUS = Family(
    name="imdoctor_target_status",
    help="1 for the status of the target's last run, 0 for the others.",
    labels=("target", "status"),
)
LAST_RUN = Family(
    name="imdoctor_last_run_timestamp_seconds", help="When the target's last run began.", labels=("target",)
)
RUN_DURATION = Family(
    name="imdoctor_run_duration_seconds", help="How long the target's last run took.", labels=("target",)
)
CAUSE = Family(
    name="imdoctor_cause",
    help="1 for each cause in the target's diagnosis.",
    labels=("target", "code", "severity", "confidence", "address"),
)
FIRST_CAUSE = Family(
    name="imdoctor_first_cause",
    help="1 for the cause to mend first.",
    labels=("target", "code", "severity", "confidence", "address"),
)
FINDINGS = Family(
    name="imdoctor_findings",
    help="How many findings of a code the checks have, informational ones too.",
    labels=("target", "check", "code", "severity"),
)
CHECK_STATUS = Family(
    name="imdoctor_check_status",
    help="1 for the status of the check, 0 for the others.",
    labels=("target", "check", "status"),
)
CHECK_DURATION = Family(
    name="imdoctor_check_duration_seconds", help="How long the check looked.", labels=("target", "check")
)
LEFT_OUT = Family(
    name="imdoctor_left_out",
    help="How many causes, finding codes and measurements stand in no series, since the target has too many.",
    labels=("target",),
)
FAMILIES = (
    BUILD,
    TARGET,
    TARGET_STATUS,
    LAST_RUN,
    RUN_DURATION,
    CAUSE,
    FIRST_CAUSE,
    FINDINGS,
    CHECK_STATUS,
    CHECK_DURATION,
    LEFT_OUT,
)
"""What every report has; what its checks measured comes beside it."""

PER_CHECK = len(STATUSES) + 1
PER_TARGET = 1 + len(VERDICTS) + 2 + MOST_CAUSES + 1 + MOST_FINDINGS + 1 + MOST_MEASURED
"""The most series of a target, beside PER_CHECK for each of its checks."""


def render(report: Report) -> str:
    """Return the report as metrics."""
    return exposed(figures_of(report).families.values())


def figures_of(report: Report) -> Figures:
    """Return a report's figures."""
    figures = Figures(taken(FAMILIES))
    build(figures, report.imdoctor, report.host)
    at = datetime.fromisoformat(report.started_at).timestamp()
    for target in report.targets:
        figures.add(TARGET, 1, target=target.name, endpoint=target.endpoint)
        examined(figures, target, at=at, seconds=report.duration_seconds)
    return figures


def build(figures: Figures, release: str, host: HostReport) -> None:
    """Add which program this is."""
    figures.add(BUILD, 1, version=release, python=host.python, openssl=host.openssl)


def examined(figures: Figures, target: TargetReport, *, at: float, seconds: float) -> None:
    """Add what a run found out about a target. ``at`` is when it began (Unix seconds)."""
    name = target.name
    figures.one_hot(TARGET_STATUS, VERDICTS, target.status, target=name)
    figures.add(LAST_RUN, at, target=name)
    figures.add(RUN_DURATION, seconds, target=name)
    for cause in target.diagnosis[:MOST_CAUSES]:
        figures.add(CAUSE, 1, **_labels(name, cause))
    for cause in target.diagnosis[:1]:
        figures.add(FIRST_CAUSE, 1, **_labels(name, cause))
    for check in target.checks:
        figures.one_hot(CHECK_STATUS, STATUSES, check.status, target=name, check=check.name)
        figures.add(CHECK_DURATION, _looked(check), target=name, check=check.name)
    left = len(target.diagnosis[MOST_CAUSES:]) + _findings(figures, target) + _measurements(figures, target)
    figures.add(LEFT_OUT, left, target=name)


def _labels(target: str, cause: Cause) -> dict[str, str | None]:
    return {
        "target": target,
        "code": cause.cause,
        "severity": cause.severity,
        "confidence": cause.confidence,
        "address": cause.address,
    }


def _looked(check: CheckReport) -> float | None:
    """Return how long a check looked; one that was not asked did not look at all."""
    return None if check.status in {"blocked", "skipped"} else check.duration_seconds


def _findings(figures: Figures, target: TargetReport) -> int:
    """Add how many findings there are of each code; return how many codes were left out."""
    found = Counter((check.name, one.code, one.severity) for check in target.checks for one in check.findings)
    for (check, code, severity), count in islice(found.items(), MOST_FINDINGS):
        figures.add(FINDINGS, count, target=target.name, check=check, code=code, severity=severity)
    return max(0, len(found) - MOST_FINDINGS)


def _measurements(figures: Figures, target: TargetReport) -> int:
    """Add what the checks measured, of each name what came first; return how many series were left out."""
    room, left = MOST_MEASURED, 0
    for family, series in _measured(target):
        shown = list(series.items())[: min(room, MOST_ALIKE) if figures.owns(family) else 0]
        for labels, values in shown:
            # Of several measured alike in one run, the middle one that was measured: nothing is averaged.
            value = 1.0 if family.kind == "info" else statistics.median_low(values)
            figures.add(family, value, **{**dict(labels), "target": target.name})
        room -= len(shown)
        left += len(series) - len(shown)
    return left


def _measured(target: TargetReport) -> Iterator[tuple[Family, Series]]:
    """Yield each measurement that was taken: its family, and its values by their labels."""
    for check in target.checks:
        found: dict[tuple[str, Unit], Series] = {}
        for one in (one for one in check.measurements if one.value is not None):
            labels = tuple(sorted(label_names(one.labels).items()))
            found.setdefault((one.name, one.unit), {}).setdefault(labels, []).append(one.value or 0.0)
        for (name, unit), series in found.items():
            yield family_of(check.name, name, unit), series


def family_of(check: str, name: str, unit: Unit) -> Family:
    """Return the family of a measurement: named by its check, itself and its unit."""
    return Family(
        name=f"imdoctor_{word(check)}_{word(name)}{SUFFIXES.get(unit, '')}",
        kind="info" if unit == "info" else "gauge",
        help=f"What the check {word(check)} saw: {word(name)}.",
    )
