"""What a witness must never forget: the largest tree that it cosigned of each log. One SQLite file.

A rollback journal with the strictest sync, because a commit that a power cut undoes is a fork cosigned, and
not a write-ahead log, which SQLite before 3.51.3 can corrupt when several processes write.
The file is made once, on purpose: a state that is missing later is a loss to be looked at, not a new start.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from audit.errors import TlogRefused
from audit.tlog.keys import VerifierKey
from audit.tlog.tree import EMPTY_ROOT

_BUSY_S = 5.0
_TABLES = """
PRAGMA synchronous=EXTRA;
CREATE TABLE witness (vkey TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE log (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL)
 WITHOUT ROWID;
CREATE TABLE fork (origin TEXT PRIMARY KEY, note BLOB NOT NULL, other BLOB NOT NULL) WITHOUT ROWID;
"""


class StateUnavailable(TlogRefused):
    """The state cannot be used.

    Codes: `witness.state` (missing, damaged, busy), `witness.state_key` (another witness's).
    """


@dataclass(frozen=True, slots=True)
class Seen:
    """The largest tree of one log that was cosigned; a log never seen has the empty tree.

    Attributes:
        size: number of leaves.
        root: at that size.
        note: the checkpoint as the log signed it; b"" for none.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: bytes = b""


class WitnessState:
    """The file, opened. May be shared by threads, and the file by processes.

    Args:
        path: made by `create` before.
        keys: of the witness; the state must be theirs.

    Raises:
        StateUnavailable: any of its codes.
    """

    def __init__(self, path: Path, keys: Sequence[VerifierKey]) -> None:
        self._lock = threading.Lock()
        try:
            uri = f"{path.absolute().as_uri()}?mode=rw"
            self._db = sqlite3.connect(
                uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA synchronous=EXTRA")
            owners = {str(row[0]) for row in self._db.execute("SELECT vkey FROM witness")}
        except (OSError, sqlite3.Error) as error:
            raise StateUnavailable("witness.state", f"cannot open {path}: {error}") from error
        if owners != {str(key) for key in keys}:
            self._db.close()
            raise StateUnavailable("witness.state_key", f"{path} belongs to another witness")

    @classmethod
    def create(cls, path: Path, keys: Sequence[VerifierKey]) -> Self:
        """Make the state of a new witness, which has seen nothing, and open it.

        Raises:
            StateUnavailable: `witness.state`, also when the file is there.
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            db = sqlite3.connect(path, isolation_level=None)
            try:
                db.executescript(_TABLES)
                db.executemany("INSERT INTO witness VALUES (?)", [(str(key),) for key in keys])
            finally:
                db.close()
        except (OSError, sqlite3.Error) as error:
            raise StateUnavailable("witness.state", f"cannot make {path}: {error}") from error
        return cls(path, keys)

    def seen(self, origin: str) -> Seen:
        """Return what was cosigned last of a log.

        Raises:
            StateUnavailable: `witness.state`.
        """
        with self._lock:
            try:
                return self._seen(origin)
            except sqlite3.Error as error:
                raise StateUnavailable("witness.state", f"cannot read the state: {error}") from error

    @contextmanager
    def advancing(self, origin: str) -> Iterator["Advance"]:
        """Hold the state for one decision: nobody else decides between what is read and what is kept.

        What was kept is durable when the block ends; nothing is kept if it ends by an error.

        Raises:
            StateUnavailable: `witness.state`, also when another process held the state for too long.
        """
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield Advance(self._db, origin, self._seen(origin))
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise StateUnavailable("witness.state", f"cannot keep the state: {error}") from error

    def forks(self) -> dict[str, tuple[bytes, bytes]]:
        """Return, by origin, two checkpoints of one size and different roots that the log signed.

        Raises:
            StateUnavailable: `witness.state`.
        """
        with self._lock:
            try:
                rows = self._db.execute("SELECT origin, note, other FROM fork").fetchall()
            except sqlite3.Error as error:
                raise StateUnavailable("witness.state", f"cannot read the state: {error}") from error
        return {str(origin): (bytes(note), bytes(other)) for origin, note, other in rows}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _seen(self, origin: str) -> Seen:
        row = self._db.execute("SELECT size, root, note FROM log WHERE origin = ?", (origin,)).fetchone()
        return Seen(int(row[0]), bytes(row[1]), bytes(row[2])) if row else Seen()


class Advance:
    """One decision about one log, inside a transaction.

    Attributes:
        seen: what was cosigned last.
    """

    def __init__(self, db: sqlite3.Connection, origin: str, seen: Seen) -> None:
        self.seen = seen
        self._db = db
        self._origin = origin

    def keep(self, size: int, root: bytes, note: bytes) -> None:
        """Remember a checkpoint that extends the last one."""
        self._db.execute("REPLACE INTO log VALUES (?, ?, ?, ?)", (self._origin, size, root, note))

    def keep_fork(self, note: bytes) -> None:
        """Remember the first checkpoint that contradicts the last one: two signatures of the log prove it."""
        values = (self._origin, self.seen.note, note)
        self._db.execute("INSERT OR IGNORE INTO fork VALUES (?, ?, ?)", values)
