"""The file in which SQLite keeps a ledger: its tables, how it is opened, and what its errors mean.

A write-ahead log, synced by checkpoints only (`gateway.ledger.sqlite_checkpoints`): a process that is killed
loses nothing, a power cut may take the counts since the last checkpoint. The audit log is the record.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from time import monotonic, sleep
from typing import TYPE_CHECKING

from gateway.errors import LedgerError

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
_OPENING_S = 5.0
_PAGE_BYTES = 2_048
_LOG_BYTES = 64 << 20
_HEAD_BYTES = 24  # of SQLite's header: what it is, its pages' size, and how it is written
_LOOK_S = 0.01  # no process begins anew in another file in less time

_TABLES = """
CREATE TABLE counter (name BLOB PRIMARY KEY, state BLOB NOT NULL, until_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE holder (
  holder BLOB PRIMARY KEY, boot TEXT NOT NULL, until_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE reservation (
  id BLOB PRIMARY KEY, holder BLOB NOT NULL, at_us INTEGER NOT NULL, requests INTEGER NOT NULL,
  tokens INTEGER NOT NULL, usd_micros INTEGER NOT NULL, names BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE expired (
  id BLOB PRIMARY KEY, at_us INTEGER NOT NULL, requests INTEGER NOT NULL, tokens INTEGER NOT NULL,
  usd_micros INTEGER NOT NULL, names BLOB NOT NULL, settled INTEGER NOT NULL DEFAULT 0,
  acknowledged_us INTEGER) WITHOUT ROWID;
CREATE INDEX expired_open ON expired (at_us, id) WHERE acknowledged_us IS NULL;
"""
_SETTINGS = (
    "PRAGMA synchronous=NORMAL",
    "PRAGMA wal_autocheckpoint=0",
    f"PRAGMA journal_size_limit={_LOG_BYTES}",
)


class LedgerFile:
    """The open file; opened again when something was wrong with it, and never taken for another.

    Args:
        path: where it is; made if it isn't there.

    Raises:
        LedgerError: `ledger.busy`, `ledger.full` or `ledger.unavailable`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = os.fspath(path)
        self._identity = (0, 0)
        self._head = -1
        self._begins = b""
        self._db: sqlite3.Connection | None = None
        self._looked_s = 0.0
        self.renew()

    def renew(self) -> None:
        """Take whatever file is there now for the ledger, or make an empty one.

        Raises:
            LedgerError: `ledger.busy`, `ledger.full` or `ledger.unavailable`.
        """
        self.close()
        try:
            _make(self._path)
            self._db = _patiently(self._path)
            self._identity = _identity(self._name)
            self._look_at_its_head()
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise meant(error, self._path) from error
        except BaseException:
            self.close()
            raise

    def db(self) -> sqlite3.Connection:
        """Return the open file, if it is still the one that was counted in.

        Raises:
            LedgerError: `ledger.lost`: it was removed or replaced, so what others count is somewhere else;
                `ledger.unavailable`: its folder can't be read.
            sqlite3.Error: it can't be opened again.
        """
        moment_s = monotonic()
        if self._db is not None and moment_s < self._looked_s + _LOOK_S:
            return self._db
        self._looked_s = moment_s
        try:
            if _identity(self._name) != self._identity:
                raise LedgerError("ledger.lost", f"another file is in the place of {self._path}")
            # SQLite wouldn't notice before it is started anew: it has read its first page long since.
            if os.pread(self._head, _HEAD_BYTES, 0) != self._begins:
                raise LedgerError("ledger.lost", f"{self._path} was overwritten")
            if self._db is None:
                self._db = connect(self._path)
        except FileNotFoundError as error:
            raise LedgerError("ledger.lost", f"{self._path} is gone") from error
        except OSError as error:
            raise meant(error, self._path) from error
        return self._db

    def close(self) -> None:
        """Let go of it until it is asked for again."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def end(self) -> None:
        """Let go of it for good."""
        self.close()
        if self._head >= 0:
            os.close(self._head)
            self._head = -1

    def _look_at_its_head(self) -> None:
        """Keep an eye on what never changes of it.

        By a descriptor of its own that stays open: closing one frees the locks that this process has on the
        same file elsewhere.
        """
        if self._head >= 0 and _same(os.fstat(self._head), self._identity):
            return
        if self._head >= 0:
            os.close(self._head)
        self._head = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        self._begins = os.pread(self._head, _HEAD_BYTES, 0)


def connect(path: Path, timeout_s: float = 0.0) -> sqlite3.Connection:
    """Open a file that is there, in autocommit.

    Raises:
        sqlite3.Error: it isn't there, or is no database.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    db = sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None, check_same_thread=False)
    try:
        for setting in _SETTINGS:
            db.execute(setting)
    except BaseException:
        db.close()
        raise
    return db


def meant(error: Exception, path: Path) -> LedgerError:
    """Return what an error of SQLite or of the disk means for a ledger."""
    code = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    kind = {sqlite3.SQLITE_BUSY: "busy", sqlite3.SQLITE_LOCKED: "busy", sqlite3.SQLITE_FULL: "full"}
    meaning = "unavailable" if code is None else kind.get(code & 0xFF, "unavailable")
    return LedgerError(f"ledger.{meaning}", f"{path}: {name}: {error}")


def _make(path: Path) -> None:
    """Make an empty file that only its owner reads.

    One that is there isn't opened: closing it would free the locks that this process has on it elsewhere.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _patiently(path: Path) -> sqlite3.Connection:
    """Wait for other processes that open the file; SQLite doesn't while it changes to a write-ahead log."""
    end_s = monotonic() + _OPENING_S
    while True:
        try:
            return _prepared(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() >= end_s:
                raise
            sleep(0.01)


def _prepared(path: Path) -> sqlite3.Connection:
    db = connect(path)
    try:
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    db.execute(f"PRAGMA page_size={_PAGE_BYTES}")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("BEGIN IMMEDIATE")
    try:
        _bring_tables(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _bring_tables(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version != 0:
        detail = f"the file is of version {version}, this gateway knows {VERSION}"
        raise LedgerError("ledger.unavailable", detail)
    for statement in _TABLES.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA user_version={VERSION}")


def _identity(name: str) -> tuple[int, int]:
    found = os.stat(name)  # noqa: PTH116 - a text is cheaper than a path, and this is asked often
    return found.st_dev, found.st_ino


def _same(found: os.stat_result, identity: tuple[int, int]) -> bool:
    return (found.st_dev, found.st_ino) == identity
