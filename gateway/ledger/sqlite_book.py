"""The counters in a ledger's file, as one transaction sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import LedgerError
from gateway.ledger.counts import fresh, loaded, written

if TYPE_CHECKING:
    import sqlite3

    from gateway.ledger.counts import Count

_LOAD = "SELECT state FROM counter WHERE name = ?"
_SAVE = (
    "INSERT INTO counter VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO UPDATE SET state = excluded.state, until_us = excluded.until_us"
)


_REMEMBERED = 1_024


class Remembered:
    """Counters as this process has written them, for as long as nobody else writes."""

    def __init__(self) -> None:
        self.counts: dict[bytes, Count] = {}
        self._db: sqlite3.Connection | None = None
        self._version = 0

    def check(self, db: sqlite3.Connection) -> None:
        """Forget everything if anybody else has written since; for the beginning of a transaction."""
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if version != self._version or db is not self._db:
            self.counts.clear()
            self._db, self._version = db, version

    def keep(self, counts: dict[bytes, Count]) -> None:
        """Remember what was committed."""
        if len(self.counts) > _REMEMBERED:
            self.counts.clear()
        self.counts.update(counts)

    def forget(self) -> None:
        """Nothing of it is sure."""
        self.counts.clear()
        self._db = None


class SqliteBook:
    """A `Book`: what is loaded stays until the end, what has changed is written once.

    Args:
        db: in a transaction.
        remembered: counters that needn't be loaded; taken out, since what doesn't change isn't written.
    """

    __slots__ = ("_changed", "_counts", "_db", "_remembered", "_unused")

    def __init__(self, db: sqlite3.Connection, remembered: dict[bytes, Count]) -> None:
        self._db = db
        self._remembered = remembered
        self._counts: dict[bytes, Count] = {}
        self._changed: set[bytes] = set()
        self._unused: set[bytes] = set()

    def count(self, name: bytes) -> Count:
        """Return a counter."""
        found = self._counts.get(name)
        if found is None:
            found = self._remembered.pop(name, None) or self._load(name)
            if found is None:
                found = fresh(name)
                self._unused.add(name)
            self._counts[name] = found
        return found

    def find(self, name: bytes) -> Count | None:
        """Return a counter that somebody has used."""
        if name in self._unused:
            return None
        return self._counts.get(name) or self._remembered.get(name) or self._load(name)

    def change(self, name: bytes) -> None:
        """Have a counter written down at the end."""
        self._changed.add(name)
        self._unused.discard(name)

    def drop(self, name: bytes) -> None:
        """Forget a counter that means nothing any more."""
        self._remembered.pop(name, None)
        self._db.execute("DELETE FROM counter WHERE name = ?", (name,))

    def write(self) -> dict[bytes, Count]:
        """Write down what has changed, and return it."""
        changed = {name: self._counts[name] for name in self._changed}
        for name, count in changed.items():
            self._db.execute(_SAVE, (name, written(count), count.until_us()))
        return changed

    def _load(self, name: bytes) -> Count | None:
        row = self._db.execute(_LOAD, (name,)).fetchone()
        if row is None:
            return None
        try:
            return loaded(name, row[0])
        except (ValueError, TypeError) as error:
            raise LedgerError("ledger.unavailable", "a counter is damaged") from error
