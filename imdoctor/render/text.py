"""The report for people: the verdict, the causes with what to do, then the checks."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from imdoctor.im.sites import site_chosen
from imdoctor.model import Cause, CheckReport, Confidence, Measurement, Report, Status, TargetReport, Unit
from imdoctor.render.wrap import columns, cut, pad, wrap

WIDEST = 99
NARROWEST = 48
"""Columns that a check's line needs; a narrower terminal breaks lines itself."""
MILLISECOND = 0.001
DAY = 86400.0
MILLION = 1e6
END_OF_TIME = 253402300800.0
"""Unix seconds of the year 10000, which no date goes beyond."""
LONGEST_NAME = 20
"""Columns of a check's name; what is longer is cut."""
LONGEST_VALUE = 100
"""Columns of one text in an observation: a page's body or a certificate is cut."""

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


def render(report: Report, *, width: int = 80, verbose: bool = False, colour: bool = False) -> str:
    """Return the report as text of at most ``width`` columns, 99 at the most."""
    page = Page(width=max(NARROWEST, min(width, WIDEST)), verbose=verbose, colour=colour)
    lines = list(page.report(report))
    return "\n".join(line.rstrip() for line in lines) + "\n"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the lines have in common: how wide they are, how much they tell, and whether they have colours."""

    width: int
    verbose: bool
    colour: bool

    def report(self, report: Report) -> Iterator[str]:
        """Yield the verdict, each target, and where and when this was."""
        if len(report.targets) != 1:
            yield from self.verdict(report.status, headline(report))
            yield ""
        for target in report.targets:
            yield from self.target(target)
            yield ""
        host = report.host
        seen_from = f"Seen from {host.name}, {report.started_at}, in {duration(report.duration_seconds)}"
        yield from wrap(f"{seen_from}; imdoctor {report.imdoctor}.", self.width)
        if self.verbose:
            yield from wrap(f"{host.system}, Python {host.python}, {host.openssl}.", self.width)

    def target(self, target: TargetReport) -> Iterator[str]:
        """Yield one target: its verdict, its causes, its checks."""
        yield from self.verdict(target.status, verdict_on(target))
        if said := chosen(target):
            yield from wrap(said, self.width, "  ")
        for number, cause in enumerate(target.diagnosis, 1):
            yield ""
            yield from self.cause(number, cause)
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
        """Yield one cause: what, why, by which evidence, and what to do."""
        head = f"{number}. "
        where = f" at {cause.address}" if cause.address else ""
        for line in wrap(f"{cause.title}{where}", self.width, head):
            yield self.paint(line, "bold")
        indent = " " * len(head)
        told = f"{WORDS[cause.severity]}, {cause.cause}, {CONFIDENCE[cause.confidence]}."
        first, *others = wrap(told, self.width, indent)
        yield first.replace(WORDS[cause.severity], self.paint(WORDS[cause.severity], cause.severity), 1)
        yield from others
        yield from wrap(cause.why, self.width, indent)
        yield from self.items("Seen:", cause.because, indent)
        for title, codes in (("Explains: ", cause.explains), ("Ruled out: ", cause.ruled_out)):
            if codes:
                yield from wrap(", ".join(codes), self.width, indent + title, indent + "  ")
        yield from self.steps(cause.remedy, indent)

    def items(self, title: str, sentences: Sequence[str], indent: str) -> Iterator[str]:
        """Yield a list of sentences under a title, nothing for none."""
        if sentences:
            yield indent + title
        for sentence in sentences:
            yield from wrap(sentence, self.width, f"{indent}  - ")

    def steps(self, remedy: Sequence[str], indent: str) -> Iterator[str]:
        """Yield what to do, numbered."""
        if remedy:
            yield indent + self.paint("What to do:", "bold")
        for number, step in enumerate(remedy, 1):
            yield from wrap(step, self.width, f"{indent}  {number}. ")

    def check(self, check: CheckReport, names: int) -> Iterator[str]:
        """Yield a check's line: status, name, time, summary; with ``verbose`` all that it found, measured and saw."""
        took = None if check.status in {"blocked", "skipped"} else check.duration_seconds
        head = f"{pad(cut(check.name, names), names)}  {duration(took):>7}  "
        word = pad(WORDS[check.status], 8)
        text = check.summary
        if check.attempts:
            text += f" (tried before: {', '.join(attempt.status for attempt in check.attempts)})"
        first, *others = wrap(text or "-", self.width, f"{word}{head}")
        yield first.replace(word.rstrip(), self.paint(word.rstrip(), check.status), 1)
        yield from others
        if self.verbose:
            yield from self.details(check)

    def details(self, check: CheckReport) -> Iterator[str]:
        """Yield a check's notes, findings, measurements and observation."""
        for note in check.notes or ():
            text = note.lstrip()
            indent = " " * (10 + len(note) - len(text))
            yield from wrap(text, self.width, indent, f"{indent}  ")
        for finding in check.findings:
            where = f" at {finding.address}" if finding.address else ""
            text = f"{finding.severity}, {finding.code}{where}: {finding.message}"
            yield from wrap(text, self.width, " " * 10, " " * 12)
        numbers = (item for item in check.measurements if item.unit != "info")  # the notes tell of those
        for labels, items in groupby(numbers, key=lambda item: item.labels):
            yield from wrap(measured(labels, list(items)), self.width, " " * 10, " " * 12)
        if seen := flow(check.observation):
            yield from wrap(f"saw {seen}", self.width, " " * 10, " " * 12)

    def paint(self, text: str, kind: str) -> str:
        """Return a text in a colour, or as it stands."""
        return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if self.colour else text


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


def flow(seen: object) -> str:
    """Return an observation on one line, without what was not seen; "" for nothing."""
    if seen is None or seen in ({}, [], ()):
        return ""
    if isinstance(seen, dict):
        parts = [f"{key}: {told}" for key, value in seen.items() if (told := flow(value))]
        return f"{{{', '.join(parts)}}}" if parts else ""
    if isinstance(seen, list | tuple):
        return f"[{', '.join(flow(item) or 'null' for item in seen)}]"
    if isinstance(seen, bool):
        return "true" if seen else "false"
    if isinstance(seen, float):
        return f"{seen:.6g}" if abs(seen) < MILLION else f"{seen:.0f}"
    return cut(str(seen), LONGEST_VALUE)
