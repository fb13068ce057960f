"""What `imdoctor history` shows, for people: states, incidents, changes, and the course of the times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from imdoctor.agent.events import KINDS, length
from imdoctor.agent.state import Change, Incident
from imdoctor.cli.history_shown import RunShown, Series, TargetShown
from imdoctor.model import Unit, worst
from imdoctor.render import Style
from imdoctor.render.spark import shares, spark
from imdoctor.render.text import COLOURS, NARROWEST, VERDICTS, WIDEST, WORDS, duration
from imdoctor.render.wrap import clean, columns, cut, pad, wrap
from imdoctor.speech import count, mark, say

MARKS = {"ok": ".", "warn": "w", "unknown": "?", "fail": "F"}
"""A run's status in one column."""
LEGEND = mark("F failed, ? unknown, w warn, · not measured")
NAMES = 3
"""The share of the width that measurements' names may take, as a divisor; what is longer is cut."""
SHARE = 0.1
"""Part of its check's longest time that a time must have reached once to be shown unasked."""


def as_text(targets: Sequence[TargetShown], *, every: bool, style: Style) -> str:
    """Return the page, at most 99 columns wide. ``every``: all measurements by their labels, and not only the times that matter."""
    page = Page(max(NARROWEST, min(style.width, WIDEST)), every=every, colour=style.colour)
    lines = [line for target in targets for line in (*page.target(target), "")]
    return "\n".join(line.rstrip() for line in lines[:-1]) + "\n"


@dataclass(frozen=True)
class Page:
    """What the lines have in common. Times are UTC."""

    width: int
    every: bool
    colour: bool

    def target(self, target: TargetShown) -> Iterator[str]:
        """Yield a target's present state, then what happened, then the course of its times."""
        yield from self.state(target)
        for title, lines in (
            (say("Incidents:"), self.incidents(target)),
            (say("Changes:"), self.changes(target.changes)),
        ):
            if told := list(lines):
                yield from ("", title, *told)
        if target.runs:
            yield ""
            yield from self.course(target)

    def state(self, target: TargetShown) -> Iterator[str]:
        """Yield the present state and since when it has been so."""
        state = target.state
        word = VERDICTS.get(state.status or "") or say("NOT YET CONFIRMED")
        if state.flapping:
            word = say("FLAPPING")
        since = "" if state.since is None else say(" since {time} UTC", time=_moment(state.since))
        what = state.incident and _causes(state.incident)
        told = say("{who}: {told}", who=f"{word}{since}", told=what) if what else f"{word}{since}"
        text = say("{target}: {told}.", target=target.name, told=told)
        if target.runs:
            last = target.runs[-1]
            text += say(" Last run: {status}, {time} UTC.", status=WORDS[last.status], time=_moment(last.at))
        first, *others = wrap(text, self.width, rest="  ")
        kind = "warn" if state.flapping else state.status or "unknown"
        yield first.replace(word, self.paint(word, kind), 1)
        yield from others

    def incidents(self, target: TargetShown) -> Iterator[str]:
        """Yield a line for each incident: start, worst status, length, bad runs, causes."""
        for one in target.incidents:
            incident = one.incident
            lasted = say("goes on") if incident.ended is None else length(incident.ended - incident.began)
            word = pad(WORDS[incident.status], 7)
            causes = ", ".join(cause.code for cause in incident.causes) or say("no cause is known")
            runs = count(incident.count, "1 bad run", "{number} bad runs")
            told = say("{lasted}, {runs}: {causes}", lasted=lasted, runs=runs, causes=causes)
            first, *others = wrap(told, self.width, f"  {_moment(incident.began)}  {word}  ")
            yield first.replace(word, self.paint(word, incident.status), 1)
            yield from others

    def changes(self, changes: Sequence[Change]) -> Iterator[str]:
        """Yield a line for each change of state."""
        for one in changes:
            before = WORDS[one.before] if one.before else "-"
            way = WORDS[one.status]
            if one.before != one.status:
                way = say("{before} to {after}", before=before, after=WORDS[one.status])
            yield f"  {_moment(one.at)}  {pad(KINDS[one.kind], 9)}  {way}"

    def course(self, target: TargetShown) -> Iterator[str]:
        """Yield the runs' statuses and a line of blocks for each time, all in the same columns."""
        rows = list(target.series if self.every else that_matter(target))
        heads = [say("status"), *(self.name(row) for row in rows)]
        tails = ["", *(_range(row) for row in rows)]
        names = max(map(columns, heads))
        room = max(8, self.width - 2 - names - 2 - 2 - max(map(columns, tails)))
        yield from wrap(_heading(target.runs, room), self.width, rest="  ")
        yield f"  {pad(heads[0], names)}  {self.statuses(target.runs, room)}"
        for row, head, tail in zip(rows, heads[1:], tails[1:], strict=True):
            yield f"  {pad(head, names)}  {pad(spark(row.values, room), min(room, len(row.values)))}  {tail}"

    def statuses(self, runs: Sequence[RunShown], room: int) -> str:
        """Return the worst status of each column."""
        found = [worst(run.status for run in share) for share in shares(runs, room)]
        return "".join(MARKS[status] if status == "ok" else self.paint(MARKS[status], status) for status in found)

    def name(self, row: Series) -> str:
        """Return a measurement's name, cut to its room."""
        labels = " ".join(row.labels.values()) if self.every else ""
        return cut(f"{row.check} {row.name} {labels}".rstrip(), self.width // NAMES)

    def paint(self, text: str, kind: str) -> str:
        """Return a text in a colour, or as it stands."""
        return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if self.colour else text


def that_matter(target: TargetShown) -> Iterator[Series]:
    """Yield the times that a reader looks for first, the greatest of all addresses and servers.

    A time is what was measured in seconds, and was never below nothing or longer than the run that it was part of: so it is
    no certificate's remaining life and no clock's offset. What never came near its check's longest time is left out.
    """
    merged: dict[tuple[str, str], list[float | None]] = {}
    for row in target.series:
        if row.unit == "seconds" and _within(row.values, target.runs):
            known = merged.setdefault((row.check, row.name), [None] * len(row.values))
            merged[row.check, row.name] = [
                max((value for value in pair if value is not None), default=None)
                for pair in zip(known, row.values, strict=True)
            ]
    greatest = {
        key: max((value for value in values if value is not None), default=0.0) for key, values in merged.items()
    }
    for (check, name), values in merged.items():
        longest = max(value for key, value in greatest.items() if key[0] == check)
        if greatest[check, name] > 0 and greatest[check, name] >= SHARE * longest:
            yield Series(check, name, "seconds", {}, values)


def _within(values: Sequence[float | None], runs: Sequence[RunShown]) -> bool:
    return all(value is None or 0 <= value <= run.seconds for value, run in zip(values, runs, strict=True))


def _heading(runs: Sequence[RunShown], room: int) -> str:
    each = -(-len(runs) // room)
    many = say(", up to {each} to a column, which shows the worst and the greatest", each=each) if each > 1 else ""
    ends = say("{time} UTC", time=_moment(runs[0].at))
    if len(runs) > 1:
        ends = say("{begin} to {end} UTC", begin=_moment(runs[0].at), end=_moment(runs[-1].at))
    number = count(len(runs), "1 run", "{number} runs")
    return say("{number}, {ends}{many} ({legend}):", number=number, ends=ends, many=many, legend=LEGEND)


def _range(row: Series) -> str:
    known = [value for value in row.values if value is not None]
    if not known:
        return say("not measured")
    least, greatest = _value(min(known), row.unit), _value(max(known), row.unit)
    return least if least == greatest else say("{before} to {after}", before=least, after=greatest)


def _value(value: float, unit: Unit) -> str:
    if unit != "seconds":
        return f"{value:.6g} {unit}"
    return f"{'-' if value < 0 else ''}{duration(abs(value))}"


def _causes(incident: Incident) -> str:
    if not incident.causes:
        return say("no cause is known")
    first, *others = incident.causes
    where = say(" at {address}", address=first.address) if first.address else ""
    more = count(len(others), " and 1 other cause", " and {number} other causes") if others else ""
    named = say("{title}{where} ({code})", title=first.title, where=where, code=first.code)
    return clean(f"{named}{more}")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
