"""The report as Markdown, for an issue, a chat or a step's summary; GitHub's and GitLab's dialects read it alike.

Whatever a server said stays text: no markup, no HTML, no link, nobody mentioned (GitHub Flavored Markdown, CommonMark 0.31).
"""

import re
from collections.abc import Iterator, Sequence

from imdoctor.model import Cause, CheckReport, Report, TargetReport
from imdoctor.render.text import CONFIDENCE, WORDS, chosen, duration, headline, seen_from, tried_before, verdict_on
from imdoctor.render.wrap import clean
from imdoctor.speech import say

SPECIAL = re.compile(r"[\\`*_\[\]<>|~#!$&%^{}]")
"""What means something in the middle of a line: to CommonMark, its tables, formulas, or GitLab's references."""
LEADING = re.compile(r"^(?:[-+=]|\d+(?=[.)](?:\s|$)))")
"""What makes a list, a line or a heading of what it begins."""
LINKED = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)
"""Where a backslash keeps an address from becoming a link."""
MENTION = re.compile(r"([@#])(?=\w)")
"""Names somebody, or another issue, even behind a backslash: a space without width keeps the two apart."""
APART = "\u200b"
COMMAND = re.compile(r"`([^`]+)`")


def render(report: Report) -> str:
    """Return the report as Markdown, with a line end."""
    return "\n".join(_report(report)) + "\n"


def _report(report: Report) -> Iterator[str]:
    yield f"## {prose(headline(report))}"
    several = len(report.targets) > 1
    for target in report.targets:
        if several:
            yield from ("", f"### {prose(verdict_on(target))}")
        if said := chosen(target):
            yield from ("", prose(said))
        for number, cause in enumerate(target.diagnosis, 1):
            yield from _cause(number, cause, "####" if several else "###")
        yield from _checks(target)
    yield from ("", prose(seen_from(report)))


def _cause(number: int, cause: Cause, heading: str) -> Iterator[str]:
    """Yield one cause: what, why, what to do, and by which evidence."""
    where = say(" at {address}", address=code(cause.address)) if cause.address else ""
    yield from ("", f"{heading} {number}. {prose(cause.title)}{where}")
    word, sure = f"**{WORDS[cause.severity]}**", prose(CONFIDENCE[cause.confidence])
    yield from ("", say("{word}, {code}, {confidence}.", word=word, code=code(cause.cause), confidence=sure))
    yield from ("", prose(cause.why))
    yield from _items(
        f"**{say('What to do:')}**", [f"{step}. {prose(one)}" for step, one in enumerate(cause.remedy, 1)]
    )
    yield from _items(say("Seen:"), [f"- {prose(one)}" for one in cause.because])
    for title, codes in ((say("Explains: "), cause.explains), (say("Ruled out: "), cause.ruled_out)):
        if codes:
            yield from ("", f"{title}{', '.join(code(one) for one in codes)}")


def _items(title: str, items: Sequence[str]) -> Iterator[str]:
    """Yield a list under a title, nothing for none."""
    if items:
        yield from ("", title, "", *items)


def _checks(target: TargetReport) -> Iterator[str]:
    if target.checks:
        yield from ("", say("| status | check | took | summary |"), "|---|---|--:|---|")
        yield from (_row(check) for check in target.checks)


def _row(check: CheckReport) -> str:
    took = None if check.status in {"blocked", "skipped"} else check.duration_seconds
    summary = prose(f"{check.summary}{tried_before(check)}", cell=True)
    return f"| {WORDS[check.status]} | {code(check.name, cell=True)} | {duration(took)} | {summary or '-'} |"


def prose(text: str, *, cell: bool = False) -> str:
    """Return a text on one line with nothing in it that means anything but itself; commands between backticks stay commands."""
    parts = COMMAND.split(clean(text))
    escaped = [code(part, cell=cell) if index % 2 else _escaped(part) for index, part in enumerate(parts)]
    return LEADING.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", "".join(escaped))


def code(text: str, *, cell: bool = False) -> str:
    """Return a text as code. In a table's ``cell`` a bar would end the cell even there, so such a text is prose."""
    text = clean(text)
    if not text or (cell and "|" in text):
        return _escaped(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{edge}{text}{edge}{fence}"


def _escaped(text: str) -> str:
    marked = SPECIAL.sub(r"\\\g<0>", MENTION.sub(rf"\1{APART}", text))
    return LINKED.sub(r"\\", marked)
