"""Taking away what is too old or too much, in steps that hold up nobody."""

import math
import sqlite3

from imdoctor.agent.database import PAGE

BATCH = 500
"""Rows that one step deletes of a table: some milliseconds, in which nobody else writes."""
SHARE = 8
"""Of the runs that are there, one in so many goes at the most in a step: what was just written stays."""
SPARE = 256
"""Pages that stay free for what comes next, at the most, and that one step gives back to the disk: a mebibyte."""
LAG = 1000
"""Runs by which a part's last use may be out of date: so it is seldom written."""


def thin(db: sqlite3.Connection, size: int, *, before: float) -> bool:
    """Delete what is older than a time (Unix seconds), or beyond a size (bytes), the oldest first; tell whether there is more.

    Within a transaction. When no runs are left and it is still too much, incidents that have ended go as well.
    """
    crowded = _crowded(db, size)
    gone = _runs(db, math.inf if crowded else before)
    gone += _told(db, math.inf if crowded and not gone else before)
    return gone > 0


def shrink(db: sqlite3.Connection, size: int) -> bool:
    """Give free pages back to the disk, but for a few; tell whether there is more. Outside a transaction."""
    spare = _spare(size)
    if _pragma(db, "freelist_count") <= spare:
        return False
    # Each page is a row of the result without a column: only executescript goes on to the next (sqlite3_step).
    db.executescript(f"PRAGMA incremental_vacuum({SPARE})")
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # waits for nobody; the file is cut by it
    return _pragma(db, "freelist_count") > spare


def _runs(db: sqlite3.Connection, before: float) -> int:
    """Delete runs before a time, among the oldest, and the parts that no run has any more; return how many runs."""
    there = db.execute("SELECT ifnull(max(id) - min(id) + 1, 0) FROM run").fetchone()[0]
    most = min(BATCH, there // SHARE + 1)
    last = db.execute("SELECT max(id) FROM (SELECT id FROM run ORDER BY id LIMIT ?)", (most,)).fetchone()[0]
    gone = db.execute("DELETE FROM run WHERE id <= ? AND at < ?", (last, before)).rowcount
    if gone:
        db.execute("DELETE FROM part WHERE used + ? < ifnull((SELECT min(id) FROM run), 9e18)", (LAG,))
    return gone


def _told(db: sqlite3.Connection, before: float) -> int:
    """Delete incidents that ended before a time, and changes, among the oldest; return how many."""
    ended = "DELETE FROM incident WHERE id IN (SELECT id FROM incident WHERE ended < ? ORDER BY id LIMIT ?)"
    told = "DELETE FROM change WHERE id IN (SELECT id FROM change WHERE at < ? ORDER BY id LIMIT ?)"
    return sum(db.execute(sql, (before, BATCH)).rowcount for sql in (ended, told))


def _crowded(db: sqlite3.Connection, size: int) -> bool:
    """Tell whether the pages in use, what stays free and the log before them (a sixteenth) take more than is wanted."""
    used = _pragma(db, "page_count") - _pragma(db, "freelist_count") + _spare(size)
    return used * PAGE > size - size // 16


def _spare(size: int) -> int:
    return min(SPARE, size // 32 // PAGE)


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
