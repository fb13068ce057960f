"""From observations to a target's report: pure, so that a saved report is judged again just as a run was."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_type_hints

import msgspec

from imdoctor.catalogue import Catalogue, fill
from imdoctor.check import Check, Finding, Judged, Note, Observation, Settings, Summary
from imdoctor.diagnosis import diagnose
from imdoctor.model import (
    Attempt,
    Cause,
    CheckReport,
    HostReport,
    Measurement,
    Report,
    ReportedFinding,
    Status,
    TargetReport,
    exit_code,
    worst,
)
from imdoctor.speech import ENGLISH, Language, mark, retold, say, speaking


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a check's ``observe``: its observation, or (None) why there is none."""

    observation: Observation | None = None
    trouble: str | None = None
    seconds: float | None = None
    attempts: tuple[Attempt, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One check, judged."""

    check: Check
    seen: Seen
    status: Status
    summary: str
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def blocked_by(self) -> str | None:
        """The check without whose success this one could not be asked."""
        return self.seen.observation.blocked_by if self.status == "blocked" and self.seen.observation else None


def judge_target(
    name: str,
    settings: Settings,
    checks: Sequence[Check],
    seen: Mapping[str, Seen],
    *,
    language: Language = ENGLISH,
) -> TargetReport:
    """Judge every check that was run, diagnose, and return the target's report, whose sentences are of the language."""
    with speaking(language):
        return _judge_target(name, settings, checks, seen)


def _judge_target(name: str, settings: Settings, checks: Sequence[Check], seen: Mapping[str, Seen]) -> TargetReport:
    specs = Catalogue.of(checks).specs
    others = {check: item.observation for check, item in seen.items() if item.observation is not None}
    verdicts = [judge_check(check, seen[check.name], settings, others) for check in checks if check.name in seen]
    findings = [finding for verdict in verdicts for finding in verdict.findings]
    blocked = {verdict.check.name: verdict.blocked_by for verdict in verdicts if verdict.blocked_by}
    return TargetReport(
        name=name,
        endpoint=str(settings.endpoint),
        status=_target_status([verdict.status for verdict in verdicts]),
        settings=msgspec.to_builtins(settings),
        diagnosis=diagnose(findings, specs, blocked, settings),
        checks=[report_check(verdict, settings) for verdict in verdicts],
    )


def _target_status(statuses: Sequence[Status]) -> Status:
    """Return the worst status. What is blocked got no answer: without a failure that makes the target unknown."""
    status = worst(statuses)
    return "unknown" if "blocked" in statuses and status != "fail" else status


def judge_check(check: Check, seen: Seen, settings: Settings, others: Mapping[str, Observation]) -> Verdict:
    """Judge one check. A check whose judgement crashes is unknown, and says so."""
    if seen.observation is None:
        return Verdict(
            check=check, seen=seen, status="unknown", summary=retold(seen.trouble or mark("nothing was observed"))
        )
    if seen.observation.skipped:
        return Verdict(check=check, seen=seen, status="skipped", summary=retold(seen.observation.skipped))
    try:
        said = Said(check.judge(seen.observation, settings, others))
        said.findings += _recovered(check, seen.attempts, said.findings)
        undeclared = [item.code for item in said.findings if item.code not in check.findings]
        if undeclared:
            raise LookupError(f"undeclared finding codes {undeclared}")  # noqa: TRY301 - handled like any other crash of the check
    except Exception as error:  # noqa: BLE001 - a check that crashes must not take the others down; it is unknown and says so
        return Verdict(check=check, seen=seen, status="unknown", summary=defect(check.name, "judging", error))
    return _verdict(check, seen, settings, said)


class Said:
    """What a check's judgement says, each kind by itself. Raises TypeError for what is of no kind."""

    def __init__(self, judged: Iterable[Judged]) -> None:
        kinds = defaultdict[type[Judged], list[Any]](list)
        for item in judged:
            kinds[type(item)].append(item)
        if strange := kinds.keys() - {Finding, Measurement, Summary, Note}:
            raise TypeError(f"judge yields {', '.join(sorted(one.__name__ for one in strange))}")
        self.findings: list[Finding] = kinds[Finding]
        self.measurements: list[Measurement] = kinds[Measurement]
        self.summaries: list[Summary] = kinds[Summary]
        self.notes: list[Note] = kinds[Note]


def _recovered(check: Check, attempts: Sequence[Attempt], now: Sequence[Finding]) -> list[Finding]:
    """Name a fault that an earlier attempt met and this one does not: NAME.intermittent, where the check has that code."""
    code, failed = f"{check.name}.intermittent", [one for one in attempts if one.status == "fail"]
    still = any((item.severity or check.findings[item.code].severity) == "fail" for item in now)
    if not failed or still or code not in check.findings or any(item.code == code for item in now):
        return []
    met = [finding for one in failed for finding in one.findings if finding.severity == "fail"]
    data = {"failed": len(failed), "total": len(attempts) + 1, "errors": list(dict.fromkeys(one.code for one in met))}
    because = tuple(say("an earlier attempt: {message}", message=one.message) for one in met)
    addresses = {one.address for one in met}
    address = addresses.pop() if len(addresses) == 1 else None
    return [Finding(code, address, data, because=(*dict.fromkeys(because), say("this attempt: none of it")))]


def defect(check: str, doing: str, error: BaseException) -> str:
    """Return the sentence for a crash of a check: our own defect, or its author's, and nothing about the target."""
    return say(
        "a defect in the check {check}, not in the target: {kind} while {doing} ({error})",
        check=check,
        kind=type(error).__name__,
        doing=doing,
        error=error,
    )


def _verdict(check: Check, seen: Seen, settings: Settings, said: Said) -> Verdict:
    observation = seen.observation or Observation()
    severities = {finding.severity or check.findings[finding.code].severity for finding in said.findings}
    if "fail" in severities:
        status: Status = "fail"
    elif observation.blocked_by:
        status = "blocked"
    elif observation.unknown:
        status = "unknown"
    else:
        status = "warn" if "warn" in severities else "ok"
    return Verdict(
        check=check,
        seen=seen,
        status=status,
        summary=_summary(check, observation, settings, said, status),
        findings=tuple(said.findings),
        measurements=tuple(said.measurements),
        notes=tuple(item.text for item in said.notes),
    )


def _summary(check: Check, seen: Observation, settings: Settings, said: Said, status: Status) -> str:
    """Return the worst finding's message, or why there is none, or what the check says of itself."""
    if status == "blocked":
        return say("not asked: {check} stands in the way", check=seen.blocked_by)
    if status == "unknown":
        return retold(seen.unknown or "")
    for finding in said.findings:
        spec = check.findings[finding.code]
        if (finding.severity or spec.severity) == status:
            return fill(spec.message, settings, finding.address, finding.data)
    return next((item.text for item in said.summaries), "")


def report_check(verdict: Verdict, settings: Settings) -> CheckReport:
    """Return a judged check as the report shows it."""
    return CheckReport(
        name=verdict.check.name,
        step=verdict.check.step,
        status=verdict.status,
        blocked_by=verdict.blocked_by,
        summary=verdict.summary,
        duration_seconds=verdict.seen.seconds,
        findings=[_finding(verdict.check, finding, settings) for finding in verdict.findings],
        measurements=list(verdict.measurements),
        attempts=list(verdict.seen.attempts),
        notes=list(verdict.notes) or msgspec.UNSET,
        observation=msgspec.to_builtins(verdict.seen.observation),
    )


def _finding(check: Check, finding: Finding, settings: Settings) -> ReportedFinding:
    spec = check.findings[finding.code]
    return ReportedFinding(
        code=finding.code,
        severity=finding.severity or spec.severity,
        address=finding.address,
        data=msgspec.to_builtins(finding.data),
        message=fill(spec.message, settings, finding.address, finding.data),
    )


def make_report(
    targets: Sequence[TargetReport],
    *,
    release: str,
    started_at: str,
    seconds: float,
    host: HostReport,
    fail_on_warn: bool,
) -> Report:
    """Join the targets' reports; the status and the exit code are decided here and nowhere else."""
    status = worst(target.status for target in targets)
    return Report(
        imdoctor=release,
        started_at=started_at,
        duration_seconds=seconds,
        status=status,
        exit_code=exit_code(status, fail_on_warn=fail_on_warn),
        host=host,
        targets=list(targets),
    )


def alone(report: Report, target: TargetReport) -> Report:
    """Return the report of one of a run's targets."""
    return make_report(
        [target],
        release=report.imdoctor,
        started_at=report.started_at,
        seconds=report.duration_seconds,
        host=report.host,
        fail_on_warn=False,
    )


def in_words(report: Report, checks: Sequence[Check], language: Language) -> Report:
    """Return a report with its sentences in another language: made anew from its observations. The verdict stays as it is.

    Raises msgspec.ValidationError where an observation is not of its check's type.
    """
    return msgspec.structs.replace(report, targets=[_in_words(target, checks, language) for target in report.targets])


def _in_words(target: TargetReport, checks: Sequence[Check], language: Language) -> TargetReport:
    """Return a target's report so. A check that is not installed keeps its words, and so do the causes that it found."""
    again = replay(target, checks, language)
    causes = {one.cause: one for one in again.diagnosis}
    told = {item.name: item for item in again.checks}
    with speaking(language):
        items = [_with_attempts(told.get(item.name, item)) for item in target.checks]
    diagnosis = [_cause_told(one, causes.get(one.cause, one)) for one in target.diagnosis]
    return msgspec.structs.replace(target, diagnosis=diagnosis, checks=items)


def _cause_told(cause: Cause, again: Cause) -> Cause:
    """Return a cause in the words of another telling."""
    return msgspec.structs.replace(cause, title=again.title, why=again.why, remedy=again.remedy, because=again.because)


def _with_attempts(item: CheckReport) -> CheckReport:
    """Return a check's report with the messages of its earlier attempts retold: their observations were not kept."""
    attempts = [
        msgspec.structs.replace(
            one, findings=[msgspec.structs.replace(found, message=retold(found.message)) for found in one.findings]
        )
        for one in item.attempts
    ]
    return msgspec.structs.replace(item, attempts=attempts)


def replay(target: TargetReport, checks: Sequence[Check], language: Language = ENGLISH) -> TargetReport:
    """Judge a saved target's observations anew. Raises msgspec.ValidationError where they are not of the checks' types."""
    by_name = {check.name: check for check in checks}
    seen = {item.name: seen_again(item, by_name[item.name]) for item in target.checks if item.name in by_name}
    return judge_target(target.name, msgspec.convert(target.settings, Settings), checks, seen, language=language)


def seen_again(item: CheckReport, check: Check) -> Seen:
    """Return what a reported check saw, as its observation's type."""
    kind: Any = get_type_hints(check.observe)["return"]
    known = None if item.observation is None else msgspec.convert(item.observation, kind)
    trouble = item.summary if known is None else None
    return Seen(observation=known, trouble=trouble, seconds=item.duration_seconds, attempts=tuple(item.attempts))
