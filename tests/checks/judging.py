"""What the judgement tables share: the codes of a judgement, the same before and after a trip through JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec

from imdoctor.check import Check, Finding, Observation, Settings
from imdoctor.config.model import Endpoint

HOST = "console.tim.qq.com"
SETTINGS = Settings(endpoint=Endpoint(HOST))


def findings(
    check: Check, seen: Observation, settings: Settings = SETTINGS, others: Mapping[str, Observation] | None = None
) -> list[Finding]:
    """Return the findings of a judgement; asserts that a replay from JSON gives the same, and that each code is declared."""
    replayed = msgspec.json.decode(msgspec.json.encode(seen), type=type(seen))
    found, again = (
        [item for item in check.judge(one, settings, others or {}) if isinstance(item, Finding)]
        for one in (seen, replayed)
    )
    assert msgspec.to_builtins(found) == msgspec.to_builtins(again)
    assert {finding.code for finding in found} <= set(check.findings)
    return found


def codes(
    check: Check, seen: Observation, settings: Settings = SETTINGS, others: Mapping[str, Observation] | None = None
) -> list[str]:
    """Return the codes of a judgement with what is worse or better than usual: "dns.servfail:fail"."""
    told = []
    for finding in findings(check, seen, settings, others):
        usual = check.findings[finding.code].severity
        told.append(finding.code if finding.severity in {None, usual} else f"{finding.code}:{finding.severity}")
    return told


def declared(check: Check, rows: Any) -> tuple[set[str], set[str]]:  # noqa: ANN401 - pytest's rows
    """Return the codes that a table's rows expect (their last value), and those that the check declares."""
    named = {code.partition(":")[0] for row in rows for code in row.values[-1]}
    return named, set(check.findings)
