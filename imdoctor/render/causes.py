"""Causes in plain lines, for formats without a structure for them, and which of a target's causes a check's trouble has."""

from imdoctor.model import Cause, CheckReport, TargetReport
from imdoctor.render.page import Page

UNBROKEN = 1_000_000
"""Columns that no sentence fills: whoever shows these lines breaks them."""


def behind(check: CheckReport, target: TargetReport) -> list[Cause]:
    """Return the causes that are, or explain, something that a check found, or that it is blocked."""
    codes = {finding.code for finding in check.findings} | {f"{check.name}.blocked"}
    return [cause for cause in target.diagnosis if codes & {cause.cause, *cause.explains}]


def plain(number: int, cause: Cause) -> list[str]:
    """Return a cause as lines without control characters: what, why, what to do, and by which evidence."""
    return list(Page(width=UNBROKEN, verbose=False, colour=False).cause(number, cause))
