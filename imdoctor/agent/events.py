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
from imdoctor.speech import ENGLISH, Language, Words, count, joined, mark, say, speaking, spoken, translated

Level = Literal["info", "warning", "error"]
LEVELS: Mapping[Status, Level] = {"ok": "info", "fail": "error"}
"""The level of a status; every other one is a warning."""
KINDS: Mapping[str, str] = Words(
    opened=mark("opened"),
    worse=mark("worse"),
    better=mark("better"),
    changed=mark("changed"),
    flapping=mark("flapping"),
    recovered=mark("recovered"),
    settled=mark("settled"),
)
"""What became of an incident, for people."""
UNITS = (
    (86400, mark("{number} d")),
    (3600, mark("{number} h")),
    (60, mark("{number} min")),
    (1, mark("{number} s")),
)
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


def of_change(change: Change, host: str, language: Language | None = None) -> Event:
    """Return the event of a change: which target, what it is now, since when, why, what to do first, and who saw it.

    ``language`` is the target's own; None is the one spoken.
    """
    with speaking(language or spoken()):
        return _of_change(change, host)


def _of_change(change: Change, host: str) -> Event:
    incident = change.incident
    first = next(iter(incident.causes), None)
    over = incident.ended is not None
    status = incident.status if change.kind == "flapping" else change.status
    parts = [
        say("{target}: {told}", target=change.target, told=_headline(change)),
        *_advice(first, over=over),
        _seen_from(host),
    ]
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
    runs = count(incident.count, "1 run", "{number} runs")
    since = say("since {time} ({runs})", time=moment(incident.began, change.at), runs=runs)
    what = _cause(incident)
    about = {"now": now, "since": since, "what": what}
    match change.kind:
        case "opened":
            return say("{now} {since}: {what}.", **about)
        case "worse" | "better":
            return say("{kind}, now {now}; not healthy {since}: {what}.", kind=KINDS[change.kind], **about)
        case "changed":
            return say("still {now}, and its first cause is another now; not healthy {since}: {what}.", **about)
        case "flapping":
            return say(
                "FLAPPING {since}: its verdict changes from run to run; silent until it settles. Now: {what}.", **about
            )
        case "recovered" | "settled":
            settled = say("settled, ") if change.kind == "settled" else ""
            if incident.ended is None:
                return say("{settled}now {now}; not healthy {since}: {what}.", settled=settled, **about)
            back = _looking_back(incident, incident.ended, change.at)
            return say("{settled}{now} again after {back}", settled=settled, now=now, back=back)


def _looking_back(incident: Incident, ended: float, now: float) -> str:
    """Say how long an incident lasted, when it began, and what it was."""
    runs = count(incident.count, "1 bad run", "{number} bad runs")
    when = say("since {time}, {runs}", time=moment(incident.began, now), runs=runs)
    why = say("The cause was: {what}.", what=_cause(incident)) if incident.causes else say("No cause was found.")
    return joined((say("{length} ({when}).", length=length(ended - incident.began), when=when), why))


def _cause(incident: Incident) -> str:
    """Name the first cause; without one say where to look."""
    if not incident.causes:
        return say("no cause is known, and the run's report shows what could not be checked")
    return _named(incident.causes[0])


def _named(cause: CauseSeen) -> str:
    where = say(" at {address}", address=cause.address) if cause.address else ""
    return say("{title}{where} ({code})", title=cause.title, where=where, code=cause.code)


def _advice(first: CauseSeen | None, *, over: bool) -> list[str]:
    """Say what to do first, as long as there is something to do."""
    return [say("First: {step}", step=first.remedy)] if first and first.remedy and not over else []


def _seen_from(host: str) -> str:
    return say("Seen from {host}.", host=host) if host else ""


def verdict(runs: Sequence[RunRecord], host: str) -> Event:
    """Return the state of all targets as an event: how many are in which state, and the cause of each that is not healthy."""
    status = worst(run.status for run in runs)
    bad = [run for run in runs if run.status != "ok"]
    told = [f"{run.target} {VERDICTS[run.status]}{_because(run)}" for run in bad]
    of_all = say("nothing was run yet")
    if runs:
        targets = count(len(runs), "1 target", "{number} targets")
        of_all = say("{healthy} of {targets} healthy", healthy=len(runs) - len(bad), targets=targets)
    heading = say("{who}: {told}", who=VERDICTS[status], told=of_all)
    return Event(
        name="verdict",
        level=LEVELS.get(status, "warning"),
        message=one_line(say("{sentence}.", sentence=say("; ").join([heading, *told])), _seen_from(host)),
        status=status,
        fields={"targets": len(runs), "healthy": len(runs) - len(bad)},
    )


def _because(run: RunRecord) -> str:
    return say(" ({cause})", cause=_named(run.causes[0])) if run.causes else ""


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
    return " ".join(translated(unit).format(number=number) for number, unit in told[:2] if number) or say("0 s")


def one_line(*parts: str) -> str:
    """Join what is said to one line, without what a terminal could take for a command."""
    space = " " if spoken() == ENGLISH else ""
    shown = "".join(char if char.isprintable() else " " for char in space.join(parts))
    return " ".join(shown.split())
