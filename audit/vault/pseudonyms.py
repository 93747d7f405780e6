"""Subjects and their pseudonyms: `sref`, 128 random bits per subject, and the erasable map between.

Random on purpose: a keyed hash of the subject would tie all records to one secret that can leak and
never be erased for one person alone. Shared by all worker processes through SQLite.
"""

import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path

from audit.ports import Ports
from audit.vault import database, tombstones
from audit.vault.remembered import Remembered
from audit.vault.tombstones import Watch

_CLOCK = Ports().mono_us


class Pseudonyms(Remembered):
    """The map in a vault's SQLite file, with the recent subjects in memory.

    Args:
        path: the SQLite file, in the vault.
        mono_us: monotonic clock, microseconds.

    Raises:
        LogUnavailable: `vault.unavailable` when the file cannot be opened or made.
    """

    def __init__(self, path: Path, mono_us: Callable[[], int] = _CLOCK) -> None:
        super().__init__(_FileMap(path, mono_us))


class _FileMap:
    """**Adapter** of the SQLite file to `remembered.Map`."""

    def __init__(self, path: Path, mono_us: Callable[[], int]) -> None:
        self._path = path
        self._db = database.connect(path)
        self._watch = Watch(path.parent, mono_us)

    def generation(self) -> int:
        """See `Map.generation`: one look at the disk a second."""
        self._watch.news()
        return self._watch.generation

    def settle(self, subjects: list[str]) -> tuple[int, dict[str, str]]:
        """See `Map.settle`."""
        generation = tombstones.generation(self._path.parent)
        found = self._select(subjects)
        missing = [(subject, secrets.token_hex(16)) for subject in subjects if subject not in found]
        if not missing:
            return generation, found
        with database.transaction(self._db):
            self._db.executemany("INSERT OR IGNORE INTO subject VALUES (?, ?)", missing)
        # Another process may have been first: what stands in the map holds.
        return generation, self._select(subjects)

    def _select(self, subjects: list[str]) -> dict[str, str]:
        found = {}
        for subject in subjects:
            row = self._db.execute("SELECT sref FROM subject WHERE subject = ?", (subject,)).fetchone()
            if row:
                found[subject] = str(row[0])
        return found

    def close(self) -> None:
        """See `Map.close`."""
        self._db.close()


def look_up(path: Path, subject: str) -> str | None:
    """Return the pseudonym of `subject` for a reader, or None; makes none.

    Raises:
        LogUnavailable: `vault.unavailable` when the map cannot be read.
    """
    with database.reading(path) as db:
        return sref_of(db, subject)


def sref_of(db: sqlite3.Connection, subject: str) -> str | None:
    """Return the pseudonym of `subject`, or None."""
    row = db.execute("SELECT sref FROM subject WHERE subject = ?", (subject,)).fetchone()
    return str(row[0]) if row else None


def settle(db: sqlite3.Connection, subject: str) -> str:
    """Return the pseudonym of `subject`, making one if there is none, for whoever holds the vault's lock."""
    with database.transaction(db):
        db.execute("INSERT OR IGNORE INTO subject VALUES (?, ?)", (subject, secrets.token_hex(16)))
    return str(db.execute("SELECT sref FROM subject WHERE subject = ?", (subject,)).fetchone()[0])


def name_of(db: sqlite3.Connection, sref: str) -> str | None:
    """Return whose pseudonym it is or, while an erasure is not finished, was."""
    for table in ("subject", "leaving"):
        row = db.execute(f"SELECT subject FROM {table} WHERE sref = ?", (sref,)).fetchone()  # noqa: S608 - one of two
        if row:
            return str(row[0])
    return None


def part(db: sqlite3.Connection, path: Path, sref: str) -> tuple[int, int]:
    """Part a subject from its pseudonym and destroy its data keys: the subject's next call begins a new life.

    The name is put aside until `forget`, so that an interrupted erasure can still look for it.

    Returns:
        how many pseudonyms and how many keys went.
    """
    with database.traceless(db, path):
        db.execute("INSERT OR IGNORE INTO leaving SELECT sref, subject FROM subject WHERE sref = ?", (sref,))
        names = db.execute("DELETE FROM subject WHERE sref = ?", (sref,)).rowcount
        keys = db.execute("DELETE FROM data_key WHERE sref = ?", (sref,)).rowcount
    return names, keys


def forget(db: sqlite3.Connection, path: Path, sref: str) -> None:
    """Erase the name that `part` put aside, and what the journal remembers of it."""
    with database.traceless(db, path):
        db.execute("DELETE FROM leaving WHERE sref = ?", (sref,))
