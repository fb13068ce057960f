"""Writes the tables of docs/metrics.md from the code: `python -m tests.docs.metrics`."""

import re
from collections.abc import Iterable
from pathlib import Path

from imdoctor.agent.metrics import AGENT_FAMILIES, PER_WATCHED
from imdoctor.render.figures import Family
from imdoctor.render.prometheus import (
    FAMILIES,
    MOST_ALIKE,
    MOST_CAUSES,
    MOST_FINDINGS,
    MOST_MEASURED,
    PER_CHECK,
    PER_TARGET,
    family_of,
)
from imdoctor_checks.measures import MEASURES

PAGE = Path(__file__).parents[2] / "docs/metrics.md"


def table(rows: Iterable[tuple[str, str, Iterable[str], str]]) -> str:
    """Return a table of metrics: the name, the kind, the labels, the text."""
    lines = [
        f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels) or '–'} | {text} |"
        for name, kind, labels, text in rows
    ]
    return "\n".join(["| metric | kind | labels | what |", "|---|---|---|---|", *lines])


def described(families: Iterable[Family]) -> str:
    """Return the table of families."""
    return table((one.shown, one.kind, one.labels, one.help) for one in families)


def measured() -> str:
    """Return the table of what the built-in checks measure."""
    families = [(family_of(one.check, one.name, one.unit), one) for one in MEASURES]
    return table((family.shown, family.kind, ("target", *one.labels), f"{one.text}.") for family, one in families)


def bounds() -> str:
    """Return the bounds on the number of series."""
    return (
        f"A target has at most {PER_TARGET} series, {PER_CHECK} more for each of its checks, and {PER_WATCHED} more under `watch`: "
        f"at most {MOST_CAUSES} causes, {MOST_FINDINGS} finding codes, {MOST_ALIKE} series of one measurement, and {MOST_MEASURED} "
        "of all of them. With the nine checks of imdoctor and two addresses it is some 150. What is beyond stands in no series, and "
        "`imdoctor_left_out` counts it."
    )


PARTS = {"report": described(FAMILIES), "measured": measured(), "agent": described(AGENT_FAMILIES), "bounds": bounds()}


def filled(text: str) -> str:
    """Return the page with its generated parts as the code has them."""
    for name, part in PARTS.items():
        opening = re.search(rf"<!-- {name}: .*? -->\n", text)
        if opening is not None:
            text = text[: opening.end()] + part + text[text.index(f"\n<!-- /{name} -->") :]
    return text


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
