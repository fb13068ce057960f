"""What an agent, or runs that share a folder, know of earlier runs: kept in the history, else in this process alone."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from imdoctor.agent import own_events
from imdoctor.agent.events import Event
from imdoctor.agent.history import History, HistoryError
from imdoctor.agent.record import RunRecord
from imdoctor.agent.state import Change, State, step
from imdoctor.config.model import History as Limits
from imdoctor.memory import Entry, Memory
from imdoctor.speech import Language

PRUNED_EVERY = 20
"""Runs between two looks at whether there is something to prune: a step takes away more than so many."""


LANGUAGE = "language"
"""The name under which a target's language is kept: who tells of its incidents may know no configuration."""


class Spoken(msgspec.Struct, frozen=True):
    """The language in which a target is told of; None where its configuration names none."""

    language: Language | None


def keep_language(memory: Memory, target: str, language: Language | None) -> None:
    """Keep a target's language, where it is another than the one that is kept."""
    own = memory.of(target)
    known = own.recall(LANGUAGE, Spoken)
    if language != (known.value.language if known else None):
        own.keep(LANGUAGE, Spoken(language))


def kept_language(history: History, target: str) -> Language | None:
    """Return the language that a history keeps for a target. Raises HistoryError."""
    found = history.recall(target, LANGUAGE)
    try:
        return msgspec.msgpack.decode(found[1], type=Spoken).language if found else None
    except msgspec.MsgspecError:  # of a release that knows a language more
        return None


def confirmed(run: RunRecord, state: State) -> RunRecord:
    """Return a target's last run with the status that is confirmed, and the causes of the incident that it is in."""
    causes = run.causes if state.incident is None else state.incident.causes
    return msgspec.structs.replace(run, status=state.status or "unknown", causes=causes)


class Recollection:
    """Folds runs into states. A history that cannot be kept is told once, and is no reason to stop.

    All of it blocks: an agent calls it in a thread of its own. ``say`` is called in that thread.
    """

    def __init__(self, *, confirm: int, say: Callable[[Event], None]) -> None:
        self.confirm = confirm
        self._say = say
        self._history: History | None = None
        self._states: dict[str, State] = {}
        self._lost = False
        self._until_pruned = 0

    def open(self, folder: Path, limits: Limits, memory: Memory, *, check: bool) -> None:
        """Open the history, and put what it remembers into the memory; ``check`` looks for damage first, which takes a while."""
        self.close()
        try:
            self._history = History.open(folder, keep=limits.keep, size=limits.size, wall=memory.wall, check=check)
            for scope, name, at, value in self._history.memos():
                memory.entries.setdefault((scope, name), Entry(at, value))
        except HistoryError as error:
            self._lose(error)

    def fold(self, run: RunRecord, memory: Memory) -> tuple[State, tuple[Change, ...]]:
        """Remember a run and what it left in the memory; return what its target's state is now, and what changed by it."""
        state, changes = self._folded(run, memory)
        self._states[run.target] = state
        return state, changes

    def _folded(self, run: RunRecord, memory: Memory) -> tuple[State, tuple[Change, ...]]:
        if self._history is not None:
            keys = [*memory.changed]
            memos = [(*key, memory.entries[key].at, memory.entries[key].value) for key in keys]
            try:
                folded = self._history.fold(run, self.confirm, memos)
                self._prune(self._history)
            except HistoryError as error:
                self._lose(error)
            else:
                memory.changed.difference_update(keys)
                self._found()
                return folded
        return step(self._states.get(run.target, State()), run, self.confirm)

    def _prune(self, history: History) -> None:
        """Take a step of pruning now and then, and one with each run while there is more to do."""
        self._until_pruned -= 1
        if self._until_pruned <= 0:
            self._until_pruned = 0 if history.prune() else PRUNED_EVERY

    def close(self) -> None:
        """Close the history."""
        if self._history is not None:
            self._history.close()
            self._history = None

    def _lose(self, error: HistoryError) -> None:
        if not self._lost:
            self._lost = True
            self._say(own_events.history_lost(str(error)))

    def _found(self) -> None:
        if self._lost:
            self._lost = False
            self._say(own_events.history_back())
