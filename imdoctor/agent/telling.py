"""Who is told of changes beside the log: a command and a heartbeat, each behind a queue of its own; and who gets the figures."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imdoctor.agent.delivery import Message, Outbox, Receiver
from imdoctor.agent.events import Event
from imdoctor.config.model import Events
from imdoctor.config.secrets import Mask, Secret
from imdoctor.model import Report
from imdoctor.render.json import render
from imdoctor.render.masking import masked
from imdoctor.runner import Job
from imdoctor.speech import spoken

if TYPE_CHECKING:
    from imdoctor.agent.otlp import Pusher


@dataclass
class Telling:
    """Messages on their way. ``changes`` takes one for each change, in their order; of ``beats`` only the newest counts.

    ``pusher`` pushes figures by itself.
    """

    changes: list[Outbox] = field(default_factory=list)
    beats: list[Outbox] = field(default_factory=list)
    pusher: "Pusher | None" = None
    running: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin to deliver."""
        self.running = [asyncio.create_task(outbox.run()) for outbox in (*self.changes, *self.beats)]
        if self.pusher is not None:
            self.running.append(asyncio.create_task(self.pusher.run()))

    def change(self, event: Event, job: Job, report: Report) -> None:
        """Tell of a change, with the report that showed it, in which the job's secrets are masked."""
        if self.changes:
            text = render(masked(report, Mask.of(job.credential.secrets())))
            language = job.language or spoken()
            ok = event.status != "fail"
            self._put(self.changes, Message(event=event, language=language, report=text.encode(), ok=ok))

    def beat(self, event: Event) -> None:
        """Tell that the program is alive, and how its targets are."""
        self._put(self.beats, Message(event=event, report=b"", ok=event.status != "fail"))

    def _put(self, outboxes: Iterable[Outbox], message: Message) -> None:
        for outbox in outboxes:
            outbox.put(message)

    async def end(self, limit: float) -> None:
        """Try what is left for so many seconds; what stays undelivered is told."""
        ending = [outbox.drain(limit) for outbox in (*self.changes, *self.beats)]
        await asyncio.gather(*ending, *([] if self.pusher is None else [self.pusher.end(limit)]))


def telling_of(
    events: Events,
    *,
    environ: Mapping[str, str],
    shown: Mapping[str, str],
    say: Callable[[Event], None],
    pusher: "Pusher | None" = None,
) -> Telling:
    """Return the ways of telling that a configuration names. ``shown`` is the environment that a command gets: no secrets."""
    changes: list[Receiver] = []
    beats: list[Receiver] = []
    if events.on_change:
        from imdoctor.agent.command import Command

        changes.append(Command(argv=events.on_change, timeout=events.timeout, environ=shown))
    for variable in events.alerts_env:
        from imdoctor.agent.alerting import Alert

        changes.append(Alert(Secret(environ.get(variable, "")), timeout=events.timeout))
    if url := events.heartbeat or environ.get(events.heartbeat_env or ""):
        from imdoctor.agent.heartbeat import Heartbeat

        beats.append(Heartbeat(Secret(url), timeout=events.timeout, environ=environ))
    return Telling(
        [Outbox(receiver, tell=say) for receiver in changes],
        [Outbox(receiver, tell=say, fresh=True) for receiver in beats],
        pusher,
    )
