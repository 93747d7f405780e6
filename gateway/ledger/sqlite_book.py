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


class SqliteBook:
    """A `Book`: what is loaded stays until the end, what has changed is written once.

    Args:
        db: in a transaction.
    """

    __slots__ = ("_changed", "_counts", "_db")

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._counts: dict[bytes, Count] = {}
        self._changed: set[bytes] = set()

    def count(self, name: bytes) -> Count:
        """Return a counter."""
        found = self._counts.get(name)
        if found is None:
            found = self._counts[name] = self._load(name) or fresh(name)
        return found

    def find(self, name: bytes) -> Count | None:
        """Return a counter that somebody has used."""
        return self._counts.get(name) or self._load(name)

    def change(self, name: bytes) -> None:
        """Have a counter written down at the end."""
        self._changed.add(name)

    def write(self) -> None:
        """Write down what has changed."""
        for name in self._changed:
            count = self._counts[name]
            self._db.execute(_SAVE, (name, written(count), count.until_us()))

    def _load(self, name: bytes) -> Count | None:
        row = self._db.execute(_LOAD, (name,)).fetchone()
        if row is None:
            return None
        try:
            return loaded(name, row[0])
        except (ValueError, TypeError) as error:
            raise LedgerError("ledger.unavailable", "a counter is damaged") from error
