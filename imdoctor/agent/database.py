"""Opening the history's database: made whole, shared with other processes, and refused untouched when it is none of ours."""

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from imdoctor.speech import mark

FILE = "imdoctor.db"
APPLICATION = int.from_bytes(b"imdr", "big")
"""In the header of each of our files (https://www.sqlite.org/pragma.html#pragma_application_id)."""
VERSION = 1
"""Of the tables. A file with a greater one is a newer release's."""
PATIENCE = 5.0
"""Seconds for which another process may hold the database: its transactions take some milliseconds."""
PAGE = 4096
CACHE = 256
"""KiB of pages that are kept in memory (2,000 by default): each run writes a few, and an agent runs for months."""
HEADER, MAGIC = 100, b"SQLite format 3\0"
"""The header's bytes, and how it begins (https://www.sqlite.org/fileformat2.html)."""
VERSION_AT, APPLICATION_AT = 60, 68
"""Where in the header the two numbers stand, four bytes each, the greatest first."""

TABLES = """
CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, incident INTEGER, state BLOB NOT NULL);
CREATE TABLE part (id INTEGER PRIMARY KEY, packed BLOB NOT NULL UNIQUE, used INTEGER NOT NULL);
CREATE TABLE run (id INTEGER PRIMARY KEY, target INTEGER NOT NULL, at REAL NOT NULL, status INTEGER NOT NULL,
                  seconds INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE INDEX run_of_target ON run (target, at);
CREATE TABLE incident (id INTEGER PRIMARY KEY, target INTEGER NOT NULL, began REAL NOT NULL, ended REAL,
                       status TEXT NOT NULL, told_at REAL, packed BLOB NOT NULL);
CREATE TABLE change (id INTEGER PRIMARY KEY, target INTEGER NOT NULL, at REAL NOT NULL, packed BLOB NOT NULL);
CREATE TABLE memo (scope TEXT NOT NULL, key TEXT NOT NULL, at REAL NOT NULL, value BLOB NOT NULL,
                   PRIMARY KEY (scope, key)) WITHOUT ROWID;
"""


class HistoryError(Exception):
    """The history cannot be used; the text is a sentence: what happened, to which file, and what to do."""


SENTENCES: dict[int, str] = {
    sqlite3.SQLITE_FULL: mark("there is no room for {path}: make some on its disk"),
    sqlite3.SQLITE_READONLY: mark("{path} may not be written by this user: run as its owner, or name another folder"),
    sqlite3.SQLITE_CANTOPEN: mark(
        "{path} cannot be opened: make its folder one that this user may write, or name another"
    ),
    sqlite3.SQLITE_PERM: mark("{path} may not be used by this user: run as its owner, or name another folder"),
    sqlite3.SQLITE_BUSY: mark(
        "{path} was held by another process for 5 seconds: stop that one, or name another folder"
    ),
    sqlite3.SQLITE_IOERR: mark(
        "{path} cannot be read or written: its disk is full, at a limit or failing: look at it, or name another folder"
    ),
    sqlite3.SQLITE_CORRUPT: mark(
        "{path} is damaged: move it away, and a new one is begun; `sqlite3 {path} .recover` shows what is left in it"
    ),
    sqlite3.SQLITE_NOTADB: mark("{path} is no history of imdoctor's: move it away, or name another folder"),
}
"""By the primary result code (https://www.sqlite.org/rescode.html)."""
UNKNOWN = mark("{path} cannot be used: {error}: move it away, or name another folder")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a database into a HistoryError."""
    try:
        yield
    except sqlite3.ProgrammingError:  # a defect of ours, and none of the file's
        raise
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        raise HistoryError(_sentence(code, path, error)) from None
    except OSError as error:
        raise HistoryError(
            mark("{path} cannot be used: {strerror}: name a folder that this user may write").format(
                path=path, strerror=error.strerror
            )
        ) from None


def _sentence(code: int, path: Path, error: object = "") -> str:
    return SENTENCES.get(code, UNKNOWN).format(path=path, error=error)


def damaged(path: Path) -> HistoryError:
    """Return the error of a file whose content makes no sense."""
    return HistoryError(_sentence(sqlite3.SQLITE_CORRUPT, path))


def open_for_writing(folder: Path, size: int, *, check: bool) -> sqlite3.Connection:
    """Open a folder's database, or make it. ``size`` (bytes) sizes the log before it; with ``check`` every page is read.

    Raises HistoryError. A file that is refused is as it was before.
    """
    path = folder / FILE
    with explained(path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            _refuse(path, check=check)
        with _alone(folder):
            os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600))
            db = _connect(path, "mode=rw")
            try:
                _prepare(db, size)
            except BaseException:
                db.close()
                raise
            return db


def open_for_reading(folder: Path) -> sqlite3.Connection | None:
    """Open a folder's database without a way to change it; None when there is none. Raises HistoryError."""
    path = folder / FILE
    with explained(path):
        if not path.exists() or not _header_of_ours(path):
            return None
        try:
            return _reader(path, "mode=ro")
        except sqlite3.OperationalError:
            # No shared memory can be made in a folder that may not be written (https://www.sqlite.org/wal.html#readonly).
            return _reader(path, "mode=ro&immutable=1")


def _reader(path: Path, how: str) -> sqlite3.Connection | None:
    """Return a connection to a database of ours, None when it has no tables yet."""
    db = _connect(path, how)
    try:
        _examine(db, path)
        if _tables(db):
            return db
    except BaseException:
        db.close()
        raise
    db.close()
    return None


def _tables(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _connect(path: Path, how: str) -> sqlite3.Connection:
    # The one thread that uses it may be another than the one that opened it.
    return sqlite3.connect(
        f"file:{quote(str(path))}?{how}", uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from making the same file. The kernel lets go when this process ends (flock(2))."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _refuse(path: Path, *, check: bool) -> None:
    """Raise HistoryError for a file that is not ours, is a newer release's or, with ``check``, is damaged.

    What the log holds is newer than the file. Whoever only reads leaves both as they are.
    """
    log = path.with_name(f"{FILE}-wal")
    header = _header_of_ours(path)
    unsure = header and not _number(header, APPLICATION_AT)
    if check or unsure or (log.exists() and log.stat().st_size):
        try:
            _look(path, "mode=ro", thoroughly=check and bool(header))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_RECOVERY:
                raise
            # A writer was killed in the middle: its log is read anew first, which only a writer may do (rescode.html).
            _look(path, "mode=rw", thoroughly=check and bool(header))


def _look(path: Path, how: str, *, thoroughly: bool) -> None:
    """Raise HistoryError for a database that is not ours or, where every page is read, is damaged."""
    with closing(_connect(path, how)) as db:
        if thoroughly and db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise damaged(path)
        _examine(db, path)


def _header_of_ours(path: Path) -> bytes:
    """Return a file's header, b"" for an empty file. Raises HistoryError when it is not ours by its looks."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        regular, header = stat.S_ISREG(os.fstat(handle).st_mode), b""
        header = os.read(handle, HEADER) if regular else header
    finally:
        os.close(handle)
    if not regular or (header and not (len(header) == HEADER and header.startswith(MAGIC))):
        raise HistoryError(_sentence(sqlite3.SQLITE_NOTADB, path))
    if header:
        _ours(path, _number(header, APPLICATION_AT), _number(header, VERSION_AT))
    return header


def _number(header: bytes, at: int) -> int:
    return int.from_bytes(header[at : at + 4], "big")


def _examine(db: sqlite3.Connection, path: Path) -> None:
    """Raise HistoryError when a database is not ours. One without any table is nobody's."""
    application, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    _ours(path, application, version)
    if not application and _tables(db):
        raise HistoryError(_sentence(sqlite3.SQLITE_NOTADB, path))


def _ours(path: Path, application: int, version: int) -> None:
    """Raise HistoryError for another application's number, or for a newer version. 0 is the number of nobody."""
    if application not in {0, APPLICATION}:
        raise HistoryError(_sentence(sqlite3.SQLITE_NOTADB, path))
    if application and version > VERSION:
        raise HistoryError(
            mark(
                "{path} is of a newer release of imdoctor (its version is {version}, this release's {own}): "
                "install that release, or name another folder"
            ).format(path=path, version=version, own=VERSION)
        )


def _prepare(db: sqlite3.Connection, size: int) -> None:
    """Set what holds for this connection; make the tables in a new file, all or none."""
    log = max(16, min(1000, size // 16 // PAGE))
    if not _tables(db):
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA cache_size = -{CACHE}")
    db.execute(f"PRAGMA wal_autocheckpoint = {log}")
    db.execute(f"PRAGMA journal_size_limit = {log * PAGE}")
    db.execute("BEGIN IMMEDIATE")
    if not _tables(db):
        for statement in TABLES.split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {VERSION}")  # every time: whoever may not write learns it here
    db.execute("COMMIT")
