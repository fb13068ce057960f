"""What people are told in words: statuses, verdicts, findings, times. How it stands on a page is `imdoctor.render.page`'s matter."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest

from imdoctor.im.sites import site_chosen
from imdoctor.model import Attempt, Confidence, Measurement, Report, ReportedFinding, TargetReport, Unit, worst
from imdoctor.render.wrap import clean

WIDEST = 99
"""Columns of a line that is read; a command may be as long as the terminal is wide."""
NARROWEST = 40
"""Columns that a page needs; a narrower terminal breaks lines itself."""
MILLISECOND = 0.001
DAY = 86400.0
END_OF_TIME = 253402300800.0
"""Unix seconds of the year 10000, which no date goes beyond."""

COLOURS = {"ok": "32", "warn": "33", "fail": "1;31", "unknown": "35", "blocked": "36", "skipped": "2", "bold": "1"}

WORDS: dict[str, str] = {
    "ok": "ok",
    "warn": "WARN",
    "fail": "FAIL",
    "unknown": "UNKNOWN",
    "blocked": "blocked",
    "skipped": "skipped",
}
VERDICTS: dict[str, str] = {"ok": "HEALTHY", "warn": "WORKS, WITH WARNINGS", "fail": "FAILED", "unknown": "NOT KNOWN"}
COUNTED: dict[str, str] = {"fail": "failed", "unknown": "not known", "warn": "with warnings", "ok": "healthy"}

CONFIDENCE: dict[Confidence, str] = {
    "certain": "certain: an experiment or the peer's own word shows it",
    "likely": "likely: the pattern fits, and the main alternative was ruled out",
    "possible": "possible: the alternatives were not tested",
}


def headline(report: Report) -> str:
    """Return a report's verdict as one line, which may need cleaning."""
    if len(report.targets) == 1:
        return verdict_on(report.targets[0])
    return f"{VERDICTS[report.status]}: {_counted(report.targets)}"


def verdict_on(target: TargetReport) -> str:
    """Return the verdict on a target as one line, which may need cleaning."""
    return f"{VERDICTS[target.status]}: {title_of(target)}: {gist(target)}"


def chosen(target: TargetReport) -> str | None:
    """Say that nobody gave the endpoint, and what chose it; None where somebody did."""
    settings = target.settings if isinstance(target.settings, dict) else {}
    return site_chosen(settings.get("site"), settings.get("sdkappid"))


def title_of(target: TargetReport) -> str:
    """Return a target's endpoint, with its name where somebody gave it one."""
    return target.endpoint if target.name == "default" else f"{target.endpoint} ({target.name})"


def tried(target: TargetReport) -> str:
    """Say how a target's attempts ended, where there were several; "" for one."""
    earlier = zip_longest(*([attempt.status for attempt in check.attempts] for check in target.checks))
    words = [WORDS[worst(status for status in statuses if status)] for statuses in earlier]
    return f"Tried {len(words) + 1} times: {', '.join(words)}, then {WORDS[target.status]}." if words else ""


def found(finding: ReportedFinding) -> str:
    """Return a finding as one line without control characters, its address once."""
    where = "" if not finding.address or finding.message.startswith(finding.address) else f" at {finding.address}"
    return clean(f"{finding.severity}, {finding.code}{where}: {finding.message}")


def attempted(number: int, attempt: Attempt) -> Iterator[str]:
    """Yield what an earlier attempt came to, and what it found wrong."""
    wrong = [finding for finding in attempt.findings if finding.severity != "info"]
    yield from (f"attempt {number}: {found(finding)}" for finding in wrong)
    if not wrong:
        yield f"attempt {number}: {attempt.status}"


def _counted(targets: Sequence[TargetReport]) -> str:
    """Say how many targets have which status, the worst first."""
    count = Counter(target.status for target in targets)
    parts = [f"{count[status]} {word}" for status, word in COUNTED.items() if count[status]]  # type: ignore[index]  # a target's statuses are these
    return f"{len(targets)} targets: {', '.join(parts)}" if parts else "no target was examined"


def gist(target: TargetReport) -> str:
    """Say a target's verdict in half a line."""
    if target.diagnosis:
        more = len(target.diagnosis) - 1
        rest = f" (and {more} more cause{'s' if more > 1 else ''})" if more else ""
        return f"{target.diagnosis[0].title}{rest}"
    lost = [check.name for check in target.checks if check.status in {"unknown", "blocked"}]
    if lost:
        return f"{', '.join(lost)} could not be checked"
    asked = sum(check.status != "skipped" for check in target.checks)
    return f"nothing wrong in {asked} check{'s' if asked != 1 else ''}" if asked else "nothing was checked"


def duration(seconds: float | None) -> str:
    """Return a duration of zero or more in people's units, three figures of it; "-" for one that was not measured."""
    if seconds is None:
        return "-"
    if seconds < MILLISECOND:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 0.9995:  # noqa: PLR2004 - what rounds to a second is shown as one
        return f"{seconds * 1000:.3g} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004 - three figures
    return f"{seconds:.2f} s" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days"


def measured(labels: Mapping[str, str], items: Sequence[Measurement]) -> str:
    """Return measurements of one thing as people read them; those that were not taken by name, at the end."""
    taken = [f"{item.name} {_value(item.value, item.unit)}" for item in items if item.value is not None]
    missing = [item.name for item in items if item.value is None]
    told = ", ".join(taken) + ("; " if taken and missing else "")
    about = ", ".join(f"{key} {value}" for key, value in labels.items())
    return f"{about + ': ' if about else ''}{told}{'not measured: ' + ', '.join(missing) if missing else ''}"


def _value(value: float, unit: Unit) -> str:
    if unit == "timestamp" and 0 <= value < END_OF_TIME:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if unit != "seconds":
        return f"{value:.6g} {unit}"
    return f"{'-' if value < 0 else ''}{duration(abs(value))}"
