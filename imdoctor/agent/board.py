"""What the rounds have come to, target by target: the last report of each, and the state that is confirmed."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import structs

from imdoctor.agent.events import Event, verdict
from imdoctor.agent.now import TargetNow
from imdoctor.agent.recollection import confirmed
from imdoctor.agent.record import RunRecord
from imdoctor.agent.state import State
from imdoctor.model import Report
from imdoctor.runner import Job
from imdoctor.speech import Language, shared, speaking


class Board:
    """The latest of every target. ``fresh`` tells that something was noted since it was last set back."""

    def __init__(self) -> None:
        self._latest: dict[str, TargetNow] = {}
        self._confirmed: dict[str, RunRecord] = {}
        self._languages: dict[str, Language | None] = {}
        self.fresh = False

    def note(self, job: Job, report: Report, run: RunRecord, state: State) -> None:
        """Note what came of a round."""
        before = self._latest.get(job.name)
        self._latest[job.name] = TargetNow(
            name=job.name,
            endpoint=str(job.settings.endpoint),
            report=report,
            at=run.at,
            state=state,
            runs=1 + (before.runs if before else 0),
        )
        self._confirmed[job.name] = confirmed(run, state)
        self._languages[job.name] = job.language
        self.fresh = True

    def keep(self, names: Collection[str]) -> None:
        """Forget every other target."""
        for name in self._latest.keys() - set(names):
            del self._latest[name], self._confirmed[name], self._languages[name]

    def covers(self, jobs: Iterable[Job]) -> bool:
        """Tell whether each target has been examined."""
        return all(job.name in self._latest for job in jobs)

    def targets(self, jobs: Iterable[Job], missed: Mapping[str, int]) -> tuple[TargetNow, ...]:
        """Return every target as it is now, and how many of its slots were missed."""
        unseen = {job.name: TargetNow(name=job.name, endpoint=str(job.settings.endpoint)) for job in jobs}
        return tuple(
            structs.replace(self._latest.get(name, target), missed=missed.get(name, 0))
            for name, target in unseen.items()
        )

    def verdict(self, host: str) -> Event:
        """Return the confirmed state of all of them as an event, in the language that they share, else in the one spoken."""
        with speaking(shared(self._languages.values())):
            return verdict(list(self._confirmed.values()), host)
