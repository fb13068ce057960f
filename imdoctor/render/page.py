"""The report for people: the verdict, each cause with what to do and the proof of it, then the checks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from imdoctor.model import Cause, CheckReport, Report, Status, TargetReport
from imdoctor.render.observed import outline
from imdoctor.render.text import (
    COLOURS,
    CONFIDENCE,
    NARROWEST,
    SURE,
    VERDICTS,
    WIDEST,
    WORDS,
    attempted,
    chosen,
    duration,
    found,
    headline,
    measured,
    seen_from,
    tried,
    tried_before,
    verdict_on,
)
from imdoctor.render.wrap import columns, cut, pad, wrap
from imdoctor.speech import say

LEAST_ROOM = 30
"""Columns that a check's summary needs beside its name; on a narrower page it stands below."""
LONGEST_NAME = 20
"""Columns of a check's name; what is longer is cut."""


def render(report: Report, *, width: int = 80, verbose: bool = False, colour: bool = False) -> str:
    """Return the report as text of at most ``width`` columns, 99 at the most; a command alone takes more where there are more."""
    page = Page(width=max(NARROWEST, min(width, WIDEST)), terminal=width, verbose=verbose, colour=colour)
    lines = list(page.report(report))
    return "\n".join(line.rstrip() for line in lines) + "\n"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the lines have in common: how wide they are, how much they tell, and whether they have colours."""

    width: int
    terminal: int = 0
    verbose: bool
    colour: bool

    def report(self, report: Report) -> Iterator[str]:
        """Yield the verdict, each target, and where and when this was."""
        several = len(report.targets) != 1
        if several:
            yield from self.verdict(report.status, headline(report))
            yield ""
        for target in report.targets:
            yield from self.target(target, brief=several and target.status == "ok" and not self.verbose)
            yield ""
        host = report.host
        yield from wrap(seen_from(report), self.width)
        if self.verbose:
            yield from wrap(f"{host.system}, Python {host.python}, {host.openssl}.", self.width)
        elif causes := [cause.cause for target in report.targets for cause in target.diagnosis]:
            yield from wrap(
                say("-v shows all that was seen. More: `imdoctor explain {code}`.", code=causes[0]), self.width
            )

    def target(self, target: TargetReport, *, brief: bool = False) -> Iterator[str]:
        """Yield one target: its verdict, its causes, its checks; with ``brief`` the verdict alone."""
        yield from self.verdict(target.status, verdict_on(target))
        for told in filter(None, (chosen(target), tried(target))):
            yield from wrap(told, self.width, "  ")
        if brief:
            return
        for number, cause in enumerate(target.diagnosis, 1):
            yield ""
            yield from self.cause(number, cause)
        if target.checks:
            yield ""
        names = min(LONGEST_NAME, max((columns(check.name) for check in target.checks), default=0))
        for check in target.checks:
            yield from self.check(check, names)

    def verdict(self, status: Status, text: str) -> Iterator[str]:
        """Yield a verdict, its first words in the status' colour."""
        first, *others = wrap(text, self.width, rest="  ")
        word = VERDICTS[status]
        yield first.replace(word, self.paint(word, status), 1)
        yield from others

    def cause(self, number: int, cause: Cause) -> Iterator[str]:
        """Yield one cause: what, why, what to do, and by which evidence."""
        head = f"{number}. "
        where = say(" at {address}", address=cause.address) if cause.address else ""
        for line in wrap(f"{cause.title}{where}", self.width, head):
            yield self.paint(line, "bold")
        indent = " " * len(head)
        word = WORDS[cause.severity]
        sure = SURE[cause.confidence]
        told = say("{word}, {code}, {confidence}", word=word, code=cause.cause, confidence=sure)
        first, *others = wrap(told, self.width, indent)
        yield first.replace(word, self.paint(word, cause.severity), 1)
        yield from others
        yield from wrap(cause.why, self.width, indent)
        yield from self.steps(cause.remedy, indent)
        yield from self.proof(cause, indent)

    def steps(self, remedy: Sequence[str], indent: str) -> Iterator[str]:
        """Yield what to do, numbered."""
        if remedy:
            yield indent + self.paint(say("What to do:"), "bold")
        for number, step in enumerate(remedy, 1):
            yield from wrap(step, self.width, f"{indent}  {number}. ", longest=self.terminal)

    def proof(self, cause: Cause, indent: str) -> Iterator[str]:
        """Yield what was seen, how sure that makes the verdict, and what it explains and rules out."""
        if cause.because:
            yield f"{indent}{say('Seen:')}"
        for sentence in cause.because:
            yield from wrap(sentence, self.width, f"{indent}  - ", longest=self.terminal)
        yield from wrap(
            say("{sentence}.", sentence=CONFIDENCE[cause.confidence].capitalize()), self.width, indent, f"{indent}  "
        )
        for title, codes in ((say("Explains: "), cause.explains), (say("Ruled out: "), cause.ruled_out)):
            if codes:
                yield from wrap(", ".join(codes), self.width, indent + title, f"{indent}  ")

    def check(self, check: CheckReport, names: int) -> Iterator[str]:
        """Yield a check's line: status, name, time, summary; with ``verbose`` all that it found, measured and saw."""
        took = None if check.status in {"blocked", "skipped"} else check.duration_seconds
        word = pad(WORDS[check.status], 8)
        head = f"{word}{pad(cut(check.name, names), names)}  {duration(took):>7}  "
        text = check.summary or "-"
        text += tried_before(check)
        beside = self.width - columns(head) >= LEAST_ROOM
        first, *others = wrap(text, self.width, head) if beside else [head, *wrap(text, self.width, " " * 8)]
        yield first.replace(word.rstrip(), self.paint(word.rstrip(), check.status), 1)
        yield from others
        if self.verbose:
            yield from self.details(check)

    def details(self, check: CheckReport) -> Iterator[str]:
        """Yield a check's notes, findings, earlier attempts, measurements and observation."""
        for note in check.notes or ():
            text = note.lstrip()
            indent = " " * (10 + len(note) - len(text))
            yield from wrap(text, self.width, indent, f"{indent}  ")
        numbers = (item for item in check.measurements if item.unit != "info")  # the notes tell of those
        lines = [
            *map(found, check.findings),
            *(line for number, attempt in enumerate(check.attempts, 1) for line in attempted(number, attempt)),
            *(measured(labels, list(items)) for labels, items in groupby(numbers, key=lambda item: item.labels)),
        ]
        for line in lines:
            yield from wrap(line, self.width, " " * 10, " " * 12)
        if seen := list(outline(check.observation, self.width, " " * 12)):
            yield f"{' ' * 10}{say('saw:')}"
            yield from seen

    def paint(self, text: str, kind: str) -> str:
        """Return a text in a colour, or as it stands."""
        return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if self.colour else text
