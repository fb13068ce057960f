"""What people are told in words: statuses, verdicts, findings, times. How it stands on a page is `imdoctor.render.page`'s matter."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest

from imdoctor.im.sites import site_chosen
from imdoctor.model import Attempt, CheckReport, Measurement, Report, ReportedFinding, TargetReport, Unit, worst
from imdoctor.render.wrap import clean
from imdoctor.speech import Words, count, mark, say

WIDEST = 99
"""Columns of a line that is read; a command may be as long as the terminal is wide."""
NARROWEST = 40
"""Columns that a page needs; a narrower terminal breaks lines itself."""
MILLISECOND = 0.001
DAY = 86400.0
END_OF_TIME = 253402300800.0
"""Unix seconds of the year 10000, which no date goes beyond."""

COLOURS = {"ok": "32", "warn": "33", "fail": "1;31", "unknown": "35", "blocked": "36", "skipped": "2", "bold": "1"}

WORDS: Mapping[str, str] = Words(
    ok=mark("ok"),
    warn=mark("WARN"),
    fail=mark("FAIL"),
    unknown=mark("UNKNOWN"),
    blocked=mark("blocked"),
    skipped=mark("skipped"),
)
VERDICTS: Mapping[str, str] = Words(
    ok=mark("HEALTHY"), warn=mark("WORKS, WITH WARNINGS"), fail=mark("FAILED"), unknown=mark("NOT KNOWN")
)
COUNTED: Mapping[str, str] = Words(
    fail=mark("{number} failed"),
    unknown=mark("{number} not known"),
    warn=mark("{number} with warnings"),
    ok=mark("{number} healthy"),
)
SURE: Mapping[str, str] = Words(certain=mark("certain"), likely=mark("likely"), possible=mark("possible"))
CONFIDENCE: Mapping[str, str] = Words(
    certain=mark("certain: an experiment or the peer's own word shows it"),
    likely=mark("likely: the pattern fits, and the main alternative was ruled out"),
    possible=mark("possible: the alternatives were not tested"),
)
STATUSES: Mapping[str, str] = Words(
    ok=mark("ok"),
    info=mark("info"),
    warn=mark("warn"),
    fail=mark("fail"),
    unknown=mark("unknown"),
    blocked=mark("blocked"),
    skipped=mark("skipped"),
)
"""Statuses and severities in the midst of a line."""


def headline(report: Report) -> str:
    """Return a report's verdict as one line, which may need cleaning."""
    if len(report.targets) == 1:
        return verdict_on(report.targets[0])
    return say("{who}: {told}", who=VERDICTS[report.status], told=_counted(report.targets))


def verdict_on(target: TargetReport) -> str:
    """Return the verdict on a target as one line, which may need cleaning."""
    verdict = VERDICTS[target.status]
    return say("{verdict}: {target}: {gist}", verdict=verdict, target=title_of(target), gist=gist(target))


def chosen(target: TargetReport) -> str | None:
    """Say that nobody gave the endpoint, and what chose it; None where somebody did."""
    settings = target.settings if isinstance(target.settings, dict) else {}
    return site_chosen(settings.get("site"), settings.get("sdkappid"))


def title_of(target: TargetReport) -> str:
    """Return a target's endpoint, with its name where somebody gave it one."""
    if target.name == "default":
        return target.endpoint
    return say("{endpoint} ({name})", endpoint=target.endpoint, name=target.name)


def tried(target: TargetReport) -> str:
    """Say how a target's attempts ended, where there were several; "" for one."""
    earlier = zip_longest(*([attempt.status for attempt in check.attempts] for check in target.checks))
    words = [WORDS[worst(status for status in statuses if status)] for statuses in earlier]
    if not words:
        return ""
    earlier_ones, last = say(", ").join(words), WORDS[target.status]
    return say("Tried {times} times: {earlier}, then {last}.", times=len(words) + 1, earlier=earlier_ones, last=last)


def tried_before(check: CheckReport) -> str:
    """Say how a check's earlier attempts ended; "" where there were none."""
    if not check.attempts:
        return ""
    return say(" (tried before: {told})", told=say(", ").join(STATUSES[attempt.status] for attempt in check.attempts))


def seen_from(report: Report) -> str:
    """Say where and when a report was made, and by which release."""
    return say(
        "Seen from {host}, {time}, in {took}; imdoctor {release}.",
        host=report.host.name,
        time=report.started_at,
        took=duration(report.duration_seconds),
        release=report.imdoctor,
    )


def found(finding: ReportedFinding) -> str:
    """Return a finding as one line without control characters, its address once."""
    known = not finding.address or finding.message.startswith(finding.address)
    where = "" if known else say(" at {address}", address=finding.address)
    head = say("{severity}, {code}{where}", severity=STATUSES[finding.severity], code=finding.code, where=where)
    return clean(say("{who}: {told}", who=head, told=finding.message))


def attempted(number: int, attempt: Attempt) -> Iterator[str]:
    """Yield what an earlier attempt came to, and what it found wrong."""
    wrong = [finding for finding in attempt.findings if finding.severity != "info"]
    yield from (say("attempt {number}: {told}", number=number, told=found(finding)) for finding in wrong)
    if not wrong:
        yield say("attempt {number}: {told}", number=number, told=STATUSES[attempt.status])


def _counted(targets: Sequence[TargetReport]) -> str:
    """Say how many targets have which status, the worst first."""
    tally = Counter(target.status for target in targets)
    parts = [told.format(number=tally[status]) for status, told in COUNTED.items() if tally[status]]  # type: ignore[index]  # a target's statuses are these
    if not parts:
        return say("no target was examined")
    return say("{number} targets: {told}", number=len(targets), told=say(", ").join(parts))


def gist(target: TargetReport) -> str:
    """Say a target's verdict in half a line."""
    if target.diagnosis:
        more = len(target.diagnosis) - 1
        rest = count(more, " (and 1 more cause)", " (and {number} more causes)") if more else ""
        return f"{target.diagnosis[0].title}{rest}"
    lost = [check.name for check in target.checks if check.status in {"unknown", "blocked"}]
    if lost:
        return say("{checks} could not be checked", checks=say(", ").join(lost))
    asked = sum(check.status != "skipped" for check in target.checks)
    if not asked:
        return say("nothing was checked")
    return count(asked, "nothing wrong in 1 check", "nothing wrong in {number} checks")


def duration(seconds: float | None) -> str:
    """Return a duration of zero or more in people's units, three figures of it; "-" for one that was not measured."""
    if seconds is None:
        return "-"
    if seconds < MILLISECOND:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 0.9995:  # noqa: PLR2004 - what rounds to a second is shown as one
        return f"{seconds * 1000:.3g} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004 - three figures
    return f"{seconds:.2f} s" if seconds < 2 * DAY else say("{days:.0f} days", days=seconds / DAY)


def measured(labels: Mapping[str, str], items: Sequence[Measurement]) -> str:
    """Return measurements of one thing as people read them; those that were not taken by name, at the end."""
    taken = [f"{item.name} {_value(item.value, item.unit)}" for item in items if item.value is not None]
    missing = [item.name for item in items if item.value is None]
    parts = [", ".join(taken)] if taken else []
    if missing:
        parts.append(say("not measured: {names}", names=", ".join(missing)))
    told, about = say("; ").join(parts), ", ".join(f"{key} {value}" for key, value in labels.items())
    return say("{who}: {told}", who=about, told=told) if about else told


def _value(value: float, unit: Unit) -> str:
    if unit == "timestamp" and 0 <= value < END_OF_TIME:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if unit != "seconds":
        return f"{value:.6g} {unit}"
    return f"{'-' if value < 0 else ''}{duration(abs(value))}"
