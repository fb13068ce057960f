"""What the program says of itself: slots it missed, a late loop, a stepped clock, its configuration, history and deliveries.

Each event says what happened, to what, and, where there is something to do, what to do next.
"""

from collections.abc import Sequence

from imdoctor.agent.events import Event, length, one_line
from imdoctor.speech import count, say

LONGEST_SUBJECT = 200
"""Characters of a lost message that are told of it: the message itself stands in the log already."""


def started(targets: int, release: str) -> Event:
    """Return the event of a start."""
    number = count(targets, "1 target", "{number} targets")
    message = say("imdoctor {release} watches {targets}.", release=release, targets=number)
    return Event(name="started", level="info", message=message, fields={"targets": targets, "release": release})


def stopping(why: str) -> Event:
    """Return the event of a stop; ``why`` is a signal's name, or another short reason."""
    return Event(name="stopping", level="info", message=say("Stopping: {why}.", why=why), fields={"why": why})


def missed(target: str, number: int) -> Event:
    """Return the event of runs that did not take place when they were due, since the last time this was told."""
    slots = count(number, "1 run", "{number} runs")
    return Event(
        name="missed",
        level="warning",
        message=one_line(
            say(
                "{target}: {slots} left out: the one before was not over, or this machine was busy or asleep.",
                target=target,
                slots=slots,
            ),
            say("Where this goes on, make schedule.every longer or watch fewer targets."),
        ),
        target=target,
        fields={"missed": number},
    )


def late(seconds: float) -> Event:
    """Return the event of an event loop that was late: times measured meanwhile are not to be trusted."""
    return Event(
        name="late",
        level="warning",
        message=say(
            "This program was late by {seconds:.1f} s: times measured meanwhile say so. Is the machine short of CPU?",
            seconds=seconds,
        ),
        fields={"seconds": round(seconds, 3)},
    )


def stepped(seconds: float) -> Event:
    """Return the event of a stepped wall clock; positive seconds are forward."""
    forward = seconds > 0
    how, by = "forward" if forward else "back", _seconds(abs(seconds))
    if forward:
        told = say(
            "This machine's clock was set forward by {by} or slept meanwhile: lengths of time across it are wrong.",
            by=by,
        )
    else:
        told = say("This machine's clock was set back by {by}: lengths of time across it are wrong.", by=by)
    return Event(
        name="clock-stepped",
        level="warning",
        message=one_line(told, say("See `timedatectl`.")),
        fields={"seconds": round(seconds, 3), "direction": how},
    )


def _seconds(seconds: float) -> str:
    """Return seconds with one decimal below a minute, else a length of time."""
    return length(seconds) if seconds >= 60 else f"{seconds:.1f} s"  # noqa: PLR2004 - a minute


def reloaded(targets: int) -> Event:
    """Return the event of a configuration that was read anew and holds."""
    number = count(targets, "1 target", "{number} targets")
    message = say("The configuration was read anew: {targets}.", targets=number)
    return Event(name="reloaded", level="info", message=message, fields={"targets": targets})


def refused(problems: Sequence[str]) -> Event:
    """Return the event of a configuration that was refused, each problem in it; the one before goes on."""
    told = "; ".join(problems)
    return Event(
        name="refused",
        level="error",
        message=one_line(
            say("The new configuration is refused, and the one before goes on. Mend this and reload: {told}", told=told)
        ),
        fields={"problems": len(problems)},
    )


def unreadable(target: str, error: str) -> Event:
    """Return the event of a credential that cannot be read any more; the last one serves meanwhile."""
    message = one_line(
        say("{target}: its credential cannot be read, and the last one serves: {error}", target=target, error=error)
    )
    return Event(name="credential-unreadable", level="error", message=message, target=target)


def defect(target: str, error: Exception) -> Event:
    """Return the event of a round that a defect of this program ended."""
    told = say(
        "a defect of imdoctor itself, not of the target: {name}: {error}", name=type(error).__name__, error=error
    )
    return Event(
        name="defect", level="error", message=one_line(say("{target}: {told}", target=target, told=told)), target=target
    )


def listening(where: str, *, local: bool) -> Event:
    """Return the event of a listener that was opened; ``local`` tells whether only this machine can reach it."""
    open_to = "" if local else say(" Whoever reaches this address can read the reports: a firewall says who.")
    return Event(
        name="listening",
        level="info",
        message=one_line(
            say("Listening on {where}: metrics, health, the latest report.{open_to}", where=where, open_to=open_to)
        ),
        fields={"address": where},
    )


def page_defect(path: str, error: Exception) -> Event:
    """Return the event of an answer that a defect of this program prevented."""
    told = say("a defect of imdoctor itself: {name}: {error}", name=type(error).__name__, error=error)
    message = one_line(say("{path} could not be answered: {told}", path=path, told=told))
    return Event(name="defect", level="error", message=message, fields={"path": path})


def history_lost(error: str) -> Event:
    """Return the event of a history that cannot be kept; ``error`` is its sentence. The runs go on without it."""
    return Event(
        name="history-lost",
        level="error",
        message=one_line(say("Runs go on without history: {error}", error=error)),
        fields={"error": one_line(error)},
    )


def history_back() -> Event:
    """Return the event of a history that is kept again."""
    return Event(name="history-back", level="info", message=say("History is kept again."))


def delivery_failing(receiver: str, error: str) -> Event:
    """Return the event of a receiver's first failure in a row."""
    return _delivery(
        "delivery-failing",
        receiver,
        say("{receiver} does not take messages: {error}. They are tried again.", receiver=receiver, error=error),
        error,
    )


def delivery_works(receiver: str, failures: int) -> Event:
    """Return the event of a receiver that takes messages again, after so many failures in a row."""
    return Event(
        name="delivery-works",
        level="info",
        message=one_line(
            say(
                "{receiver} takes messages again, after {failures}.",
                receiver=receiver,
                failures=count(failures, "1 failure", "{number} failures"),
            )
        ),
        fields={"receiver": receiver, "failures": failures},
    )


def delivery_given_up(receiver: str, lost: Event, error: str) -> Event:
    """Return the event of a message that will not be tried again."""
    return _delivery(
        "delivery-given-up",
        receiver,
        say(
            "{receiver}: given up: {error}. Not delivered: {lost}", receiver=receiver, error=error, lost=_subject(lost)
        ),
        error,
    )


def delivery_dropped(receiver: str, lost: Event, dropped: int) -> Event:
    """Return the event of a message that a full queue dropped; ``dropped`` counts those of this receiver so far."""
    return Event(
        name="delivery-dropped",
        level="error",
        message=one_line(
            say(
                "{receiver}: too many messages wait, the oldest was dropped ({dropped} so far). Not delivered: {lost}",
                receiver=receiver,
                dropped=dropped,
                lost=_subject(lost),
            )
        ),
        fields={"receiver": receiver, "dropped": dropped},
    )


def undelivered(receiver: str, lost: Event) -> Event:
    """Return the event of a message that the program's end left undelivered."""
    return Event(
        name="delivery-undelivered",
        level="error",
        message=one_line(
            say("{receiver}: stopped before this was delivered: {lost}", receiver=receiver, lost=_subject(lost))
        ),
        fields={"receiver": receiver},
    )


def _delivery(name: str, receiver: str, message: str, error: str) -> Event:
    """Return the event of a failure; what the error says of the receiver becomes one line."""
    return Event(
        name=name,
        level="warning" if name == "delivery-failing" else "error",
        message=one_line(message),
        fields={"receiver": receiver, "error": one_line(error)},
    )


def _subject(lost: Event) -> str:
    """Return the beginning of a lost message."""
    text = lost.message
    return text if len(text) <= LONGEST_SUBJECT else f"{text[:LONGEST_SUBJECT]}…"
