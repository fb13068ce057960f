"""The table of a target's checks in a page, with what each found and measured."""

from xml.etree import ElementTree as ET

import msgspec

from imdoctor.model import CheckReport, TargetReport
from imdoctor.render.markup import Part, badge, element
from imdoctor.render.text import WORDS, duration, found, measured, tried_before
from imdoctor.render.times import groups
from imdoctor.speech import say

NUMBERS = {"seconds", "bytes", "count", "ratio", "timestamp"}
"""The units of numbers: what else is measured, the notes tell of."""


def checks_table(target: TargetReport, level: int) -> ET.Element | None:
    """Return the checks under a heading; None where there is none."""
    if not target.checks:
        return None
    heads = [element("th", name, scope="col") for name in (say("Status"), say("Check"), say("Took"), say("Summary"))]
    table = element("table", element("thead", element("tr", *heads)))
    table.append(element("tbody", *map(_row, target.checks)))
    return element("div", element(f"h{level}", say("Checks")), table, class_="checks")


def _row(check: CheckReport) -> ET.Element:
    took = None if check.status in {"blocked", "skipped"} else check.duration_seconds
    return element(
        "tr",
        element("td", badge(check.status, WORDS[check.status])),
        element("th", check.name, scope="row"),
        element("td", duration(took), class_="number"),
        element("td", f"{check.summary or '-'}{tried_before(check)}", _details(check)),
    )


def _details(check: CheckReport) -> ET.Element | None:
    """Return what a check noted, found and measured, folded away."""
    notes = [] if check.notes is msgspec.UNSET else check.notes
    numbers = [measured(group[0].labels, group) for group in groups(check.measurements) if group[0].unit in NUMBERS]
    lines: list[Part] = [element("li", line) for line in (*notes, *map(found, check.findings), *numbers)]
    return element("details", element("summary", say("Details")), element("ul", *lines)) if lines else None
