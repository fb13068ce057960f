"""Causes in plain lines, for formats without a structure for them, and which of a target's causes a check's trouble has."""

from imdoctor.model import Cause, CheckReport, ReportedFinding, TargetReport
from imdoctor.render.text import Page
from imdoctor.render.wrap import clean

UNBROKEN = 1_000_000
"""Columns that no sentence fills: whoever shows these lines breaks them."""


def behind(check: CheckReport, target: TargetReport) -> list[Cause]:
    """Return the causes that are, or explain, something that a check found, or that it is blocked."""
    codes = {finding.code for finding in check.findings} | {f"{check.name}.blocked"}
    return [cause for cause in target.diagnosis if codes & {cause.cause, *cause.explains}]


def plain(number: int, cause: Cause) -> list[str]:
    """Return a cause as lines without control characters: what, why, by which evidence, and what to do."""
    return list(Page(width=UNBROKEN, verbose=False, colour=False).cause(number, cause))


def found(finding: ReportedFinding) -> str:
    """Return a finding as one line without control characters."""
    where = f" at {finding.address}" if finding.address else ""
    return clean(f"{finding.severity}, {finding.code}{where}: {finding.message}")
