"""What is worth saying: of a target whose state changed, and of the program itself. An event is a name, a level and a sentence.

Times are UTC, with the date where it is not the event's own. Every message is one line.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from imdoctor.agent.record import CauseSeen, RunRecord
from imdoctor.agent.state import Change, Incident
from imdoctor.model import Status, worst
from imdoctor.render.text import VERDICTS

Level = Literal["info", "warning", "error"]
LEVELS: Mapping[Status, Level] = {"ok": "info", "fail": "error"}
"""The level of a status; every other one is a warning."""
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
"""Seconds of the units in which a length of time is told."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something worth saying. ``name`` is fixed, for programs; ``message`` is one line, for people."""

    name: str
    level: Level
    message: str
    target: str | None = None
    cause: str | None = None
    status: str | None = None
    fields: dict[str, str | int | float] = {}
    """Further facts under fixed names; times in them are RFC 3339, lengths of time seconds."""


def of_change(change: Change, host: str) -> Event:
    """Return the event of a change: which target, what it is now, since when, why, what to do first, and who saw it."""
    incident = change.incident
    first = next(iter(incident.causes), None)
    over = incident.ended is not None
    status = incident.status if change.kind == "flapping" else change.status
    parts = [f"{change.target}: {_headline(change)}", *_advice(first, over=over), _seen_from(host)]
    facts: dict[str, str | int | float | None] = {
        "host": host or None,
        "before": change.before,
        "since": rfc3339(incident.began),
        "runs": incident.count,
        "seconds": None if incident.ended is None else round(incident.ended - incident.began, 3),
        "address": first.address if first else None,
        "causes": ", ".join(dict.fromkeys(cause.code for cause in incident.causes)) or None,
    }
    return Event(
        name=change.kind,
        level=LEVELS.get(status, "warning"),
        message=one_line(*parts),
        target=change.target,
        cause=first.code if first else None,
        status=change.status,
        fields={key: value for key, value in facts.items() if value is not None},
    )


def _headline(change: Change) -> str:
    """Say what became of the target, since when, and by which cause."""
    incident, now = change.incident, VERDICTS[change.status]
    since = f"since {moment(incident.began, change.at)} ({counted(incident.count, 'run')})"
    what = _cause(incident)
    match change.kind:
        case "opened":
            return f"{now} {since}: {what}."
        case "worse" | "better":
            return f"{change.kind}, now {now}; not healthy {since}: {what}."
        case "changed":
            return f"still {now}, and its first cause is another now; not healthy {since}: {what}."
        case "flapping":
            return f"FLAPPING {since}: its verdict changes from run to run; silent until it settles. Now: {what}."
        case "recovered" | "settled":
            settled = "settled, " if change.kind == "settled" else ""
            if incident.ended is None:
                return f"{settled}now {now}; not healthy {since}: {what}."
            return f"{settled}{now} again after {_looking_back(incident, incident.ended, change.at)}"


def _looking_back(incident: Incident, ended: float, now: float) -> str:
    """Say how long an incident lasted, when it began, and what it was."""
    when = f"since {moment(incident.began, now)}, {counted(incident.count, 'bad run')}"
    why = f"The cause was: {_cause(incident)}." if incident.causes else "No cause was found."
    return f"{length(ended - incident.began)} ({when}). {why}"


def _cause(incident: Incident) -> str:
    """Name the first cause; without one say where to look."""
    if not incident.causes:
        return "no cause is known, and the run's report shows what could not be checked"
    return _named(incident.causes[0])


def _named(cause: CauseSeen) -> str:
    where = f" at {cause.address}" if cause.address else ""
    return f"{cause.title}{where} ({cause.code})"


def _advice(first: CauseSeen | None, *, over: bool) -> list[str]:
    """Say what to do first, as long as there is something to do."""
    return [f"First: {first.remedy}"] if first and first.remedy and not over else []


def _seen_from(host: str) -> str:
    return f"Seen from {host}." if host else ""


def verdict(runs: Sequence[RunRecord], host: str) -> Event:
    """Return the state of all targets as an event: how many are in which state, and the cause of each that is not healthy."""
    status = worst(run.status for run in runs)
    bad = [run for run in runs if run.status != "ok"]
    told = (f"{run.target} {VERDICTS[run.status]}{_because(run)}" for run in bad)
    of_all = f"{len(runs) - len(bad)} of {counted(len(runs), 'target')} healthy" if runs else "nothing was run yet"
    heading = f"{VERDICTS[status]}: {of_all}"
    return Event(
        name="verdict",
        level=LEVELS.get(status, "warning"),
        message=one_line("; ".join([heading, *told]) + ".", _seen_from(host)),
        status=status,
        fields={"targets": len(runs), "healthy": len(runs) - len(bad)},
    )


def _because(run: RunRecord) -> str:
    return f" ({_named(run.causes[0])})" if run.causes else ""


def moment(at: float, now: float) -> str:
    """Return a time (Unix seconds) in UTC; with its date where that is not today's."""
    then = datetime.fromtimestamp(at, UTC)
    today = then.date() == datetime.fromtimestamp(now, UTC).date()
    return then.strftime("%H:%M:%SZ" if today else "%Y-%m-%d %H:%M:%SZ")


def rfc3339(at: float) -> str:
    """Return a time (Unix seconds) as RFC 3339 has it: UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def length(seconds: float) -> str:
    """Return a length of time in its two greatest units: "45 s", "2 h 5 min"; a negative one (a stepped clock) is 0 s."""
    rest = max(0, round(seconds))
    told: list[tuple[int, str]] = []
    for size, unit in UNITS:
        if rest >= size or told:
            told.append((rest // size, unit))
        rest %= size
    return " ".join(f"{number} {unit}" for number, unit in told[:2] if number) or "0 s"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 run", "3 runs"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(*parts: str) -> str:
    """Join what is said to one line, without what a terminal could take for a command."""
    shown = "".join(char if char.isprintable() else " " for char in " ".join(parts))
    return " ".join(shown.split())
