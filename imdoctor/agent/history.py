"""The memory of runs, in one SQLite file that several processes share: runs, states, incidents, values of other parts."""

import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import msgspec

from imdoctor.agent import packing, pruning
from imdoctor.agent.database import (
    FILE,
    HistoryError,
    damaged,
    explained,
    open_for_reading,
    open_for_writing,
)
from imdoctor.agent.record import RunRecord
from imdoctor.agent.state import Change, Incident, State, step

__all__ = ["History", "HistoryError", "Remembered"]

KEEP = "REPLACE INTO memo (scope, key, at, value) VALUES (?, ?, ?, ?)"
DAMAGE = (msgspec.MsgspecError, LookupError, ValueError, TypeError)
"""What reading rows raises that make no sense."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of a target, by the number that ``tell`` takes. ``told_at``: Unix seconds, None before."""

    id: int
    target: str
    incident: Incident
    told_at: float | None


class _Run(msgspec.Struct, frozen=True, array_like=True):
    """A row of runs, as it is read."""

    target: str
    at: float
    status: int
    seconds: int
    packed: bytes


class History:
    """The memory of runs. Every method raises HistoryError; after a fault that passes (a full disk) they work again.

    It is synchronous, and meant for one thread at a time.
    """

    def __init__(
        self, db: sqlite3.Connection, path: Path, *, keep: float, size: int, wall: Callable[[], float]
    ) -> None:
        self._db, self._path = db, path
        self._age, self._size, self._wall = keep, size, wall

    @classmethod
    def open(cls, folder: Path, *, keep: float, size: int, wall: Callable[[], float], check: bool = False) -> Self:
        """Open a folder's history, or begin one. What is older than ``keep`` (seconds) or beyond ``size`` (bytes) is pruned.

        ``wall`` returns Unix seconds. With ``check`` every page is read first, so that no damage is added to.
        """
        db = open_for_writing(folder, size, check=check)
        return cls(db, folder / FILE, keep=keep, size=size, wall=wall)

    @classmethod
    def reading(cls, folder: Path) -> Self | None:
        """Open a folder's history for reading only, by any user who may read it; None when nothing is remembered there."""
        db = open_for_reading(folder)
        return None if db is None else cls(db, folder / FILE, keep=math.inf, size=0, wall=lambda: 0.0)

    def close(self) -> None:
        """Close the file."""
        with explained(self._path):
            self._db.close()

    def fold(
        self, run: RunRecord, confirm: int, memos: Iterable[tuple[str, str, float, bytes]] = ()
    ) -> tuple[State, tuple[Change, ...]]:
        """Remember a run, and return the state it leads to and what is worth telling (``imdoctor.agent.state.step``).

        ``memos`` are values to keep (``keep``) with it.
        """
        run = packing.storable(run)
        with self._writing() as db:
            target, open_incident, state = self._target(run.target)
            after, changes = step(state, run, confirm)
            self._add(target, run)
            number = self._incident(target, open_incident, changes[0].incident if changes else after.incident)
            for change in changes:
                db.execute(
                    "INSERT INTO change (target, at, packed) VALUES (?, ?, ?)", (target, change.at, _encoded(change))
                )
            db.execute(
                "UPDATE target SET incident = ?, state = ? WHERE id = ?",
                (number if after.incident else None, _encoded(after), target),
            )
            db.executemany(KEEP, memos)
        return after, changes

    def _target(self, name: str) -> tuple[int, int | None, State]:
        """Return a target's number, that of its open incident, and its state; a new one gets a row."""
        found = self._db.execute("SELECT id, incident, state FROM target WHERE name = ?", (name,)).fetchone()
        if found is None:
            state = _encoded(State())
            number = self._db.execute("INSERT INTO target (name, state) VALUES (?, ?)", (name, state)).lastrowid
            found = (number, None, state)
        with self._reading():
            return found[0], found[1], msgspec.msgpack.decode(found[2], type=State)

    def _add(self, target: int, run: RunRecord) -> None:
        number = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM run").fetchone()[0]
        packed = packing.pack(run, lambda part: self._part(part, number))
        self._db.execute(
            "INSERT INTO run (id, target, at, status, seconds, packed) VALUES (?, ?, ?, ?, ?, ?)",
            (number, target, run.at, packing.STATUSES.index(run.status), round(run.seconds * packing.MICRO), packed),
        )

    def _part(self, packed: bytes, run: int) -> int:
        """Return the number of a part that is kept once."""
        found = self._db.execute("SELECT id, used FROM part WHERE packed = ?", (packed,)).fetchone()
        if found is None:
            return self._db.execute("INSERT INTO part (packed, used) VALUES (?, ?)", (packed, run)).lastrowid or 0
        if run - found[1] > pruning.LAG:
            self._db.execute("UPDATE part SET used = ? WHERE id = ?", (run, found[0]))
        return int(found[0])

    def _incident(self, target: int, number: int | None, incident: Incident | None) -> int | None:
        """Write an incident down as it is now, and return its number."""
        if incident is None:
            return None
        row = (target, incident.began, incident.ended, incident.status, _encoded(incident))
        if number is None:
            sql = "INSERT INTO incident (target, began, ended, status, packed) VALUES (?, ?, ?, ?, ?)"
            return self._db.execute(sql, row).lastrowid
        sql = "UPDATE incident SET target = ?, began = ?, ended = ?, status = ?, packed = ? WHERE id = ?"
        self._db.execute(sql, (*row, number))
        return number

    def targets(self) -> list[str]:
        """Return the names of the targets of which something is remembered."""
        with self._reading() as db:
            return [str(name) for (name,) in db.execute("SELECT name FROM target ORDER BY name")]

    def state(self, target: str) -> State:
        """Return a target's state, the empty one if nothing is remembered."""
        with self._reading() as db:
            found = db.execute("SELECT state FROM target WHERE name = ?", (target,)).fetchone()
            return msgspec.msgpack.decode(found[0], type=State) if found else State()

    def runs(self, target: str | None = None, *, since: float = -math.inf) -> Iterator[RunRecord]:
        """Yield the runs of one target or of all, the oldest first. ``since``: Unix seconds. Times are to the microsecond."""
        sql = "SELECT name, at, status, seconds, packed FROM run JOIN target ON target.id = run.target WHERE at >= ?"
        sql, values = (f"{sql} AND name = ?", (since, target)) if target else (sql, (since,))
        parts: dict[int, bytes] = {}
        with self._reading() as db:
            for row in db.execute(f"{sql} ORDER BY run.id", values):
                found = msgspec.convert(row, _Run)
                causes, checks = packing.unpack(found.packed, lambda number: self._packed(number, parts))
                yield RunRecord(
                    target=found.target,
                    at=found.at,
                    seconds=found.seconds / packing.MICRO,
                    status=packing.STATUSES[found.status],
                    causes=causes,
                    checks=checks,
                )

    def _packed(self, number: int, parts: dict[int, bytes]) -> bytes:
        if number not in parts:
            parts[number] = self._db.execute("SELECT packed FROM part WHERE id = ?", (number,)).fetchone()[0]
        return parts[number]

    def changes(self, target: str | None = None, *, since: float = -math.inf) -> list[Change]:
        """Return what was worth telling of one target or of all, the oldest first. ``since``: Unix seconds."""
        sql = "SELECT change.packed FROM change JOIN target ON target.id = change.target WHERE at >= ? AND name = ifnull(?, name)"
        with self._reading() as db:
            rows = db.execute(f"{sql} ORDER BY change.id", (since, target))
            return [msgspec.msgpack.decode(packed, type=Change) for (packed,) in rows]

    def incidents(self, target: str | None = None, *, since: float = -math.inf) -> list[Remembered]:
        """Return the incidents that had not ended by then, of one target or of all, the oldest first. ``since``: Unix seconds."""
        return self._incidents("(ended IS NULL OR ended >= ?) AND name = ifnull(?, name)", since, target)

    def untold(self) -> list[Remembered]:
        """Return the incidents in which a target failed or was not known, and that nobody has called ``tell`` for, the oldest first."""
        return self._incidents("told_at IS NULL AND status IN ('fail', 'unknown')")

    def _incidents(self, which: str, *values: object) -> list[Remembered]:
        sql = "SELECT incident.id, name, packed, told_at FROM incident JOIN target ON target.id = incident.target WHERE"
        with self._reading() as db:
            return [
                Remembered(id=number, target=name, incident=msgspec.msgpack.decode(packed, type=Incident), told_at=told)
                for number, name, packed, told in db.execute(f"{sql} {which} ORDER BY incident.id", values)
            ]

    def tell(self, number: int) -> None:
        """Take note that an incident has been told now."""
        with self._writing() as db:
            db.execute("UPDATE incident SET told_at = ? WHERE id = ?", (self._wall(), number))

    def recall(self, scope: str, key: str) -> tuple[float, bytes] | None:
        """Return the value that a part of imdoctor keeps, and when it was kept (Unix seconds)."""
        with self._reading() as db:
            found = db.execute("SELECT at, value FROM memo WHERE scope = ? AND key = ?", (scope, key)).fetchone()
            return None if found is None else (float(found[0]), bytes(found[1]))

    def memos(self) -> list[tuple[str, str, float, bytes]]:
        """Return every value that is kept: its scope, key, when that was (Unix seconds), and itself."""
        with self._reading() as db:
            return [(scope, key, at, bytes(value)) for scope, key, at, value in db.execute("SELECT * FROM memo")]

    def keep(self, scope: str, key: str, at: float, value: bytes) -> None:
        """Keep a value in the place of the one before. It is never pruned: ``forget`` takes it away."""
        with self._writing() as db:
            db.execute(KEEP, (scope, key, at, value))

    def forget(self, scope: str, key: str) -> None:
        """Forget a value."""
        with self._writing() as db:
            db.execute("DELETE FROM memo WHERE scope = ? AND key = ?", (scope, key))

    def prune(self) -> bool:
        """Take one bounded step towards the age and size that are wanted, the oldest first; tell whether there is more to do."""
        with self._writing() as db:
            more = pruning.thin(db, self._size, before=self._wall() - self._age)
        with explained(self._path):
            return pruning.shrink(db, self._size) or more

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Explain what goes wrong, content that makes no sense included."""
        try:
            with explained(self._path):
                yield self._db
        except DAMAGE:
            raise damaged(self._path) from None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the file for a change that is made whole or not at all."""
        with explained(self._path):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._undo()
                raise

    def _undo(self) -> None:
        """Take back what was begun. Where the log found no room, what it holds may find some in the file, and the log begins anew."""
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _encoded(value: msgspec.Struct) -> bytes:
    return msgspec.msgpack.encode(value)
