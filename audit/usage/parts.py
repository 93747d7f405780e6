"""Sums on their way to a report: gathered in any order, in bounded memory, and read in the report's order.

What doesn't fit into memory lies in a private file of SQLite's, which is gone when it is closed.
"""

import base64
import binascii
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

import orjson

from audit.errors import AuditError
from audit.usage.wanted import MEASURES, Sums

USAGE, EXPIRED = 0, 1
"""What a line is about: requests that ended, and reservations of the ledger that nobody settled."""
_GROUPS = 8_192
_CACHE_KIB = 16_384
_STEPS = 20_000
CURSOR_CHARS = 8_192

Values = tuple[str | None, ...]


class UsageTooLarge(AuditError):
    """A sum is beyond 2^63: some record says what can't be. Code: `usage.too_large`."""


class Place(NamedTuple):
    """Where a line stands in a report: the key of its group.

    Args:
        start_us: where its period begins.
        kind: `USAGE` or `EXPIRED`.
        values: one for each dimension, as they are kept.
    """

    start_us: int
    kind: int
    values: tuple[str, ...]

    def text(self) -> str:
        """Return it as a cursor for who wants the next page."""
        return base64.urlsafe_b64encode(orjson.dumps([self.start_us, self.kind, *self.values])).decode()

    @classmethod
    def parse(cls, text: str, width: int) -> Self:
        """Read what `text` has written for a report of so many dimensions.

        Raises:
            ValueError: it is nothing of the kind.
        """
        try:
            found = orjson.loads(base64.b64decode(text[:CURSOR_CHARS], altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            raise ValueError("no place in a report") from None
        if not isinstance(found, list) or len(found) != width + 2:
            raise ValueError("no place in a report of these dimensions")
        start_us, kind, *values = found
        whole = type(start_us) is int and abs(start_us) <= 1 << 62 and kind in {USAGE, EXPIRED}
        if not whole or not all(isinstance(each, str) for each in values):
            raise ValueError("no place in a report")
        return cls(start_us, kind, tuple(values))


class Part(NamedTuple):
    """One line's group with its sums."""

    place: Place
    values: Values
    sums: Sums


class Parts:
    """Sums by period, kind and dimensions.

    Args:
        width: number of dimensions.
        stopped: asked again and again while lines are sought; once it says so, that ends.

    Attributes:
        total: of everything of kind `USAGE`, each request once.
        expired: likewise of kind `EXPIRED`.
    """

    def __init__(self, width: int, stopped: Callable[[], bool]) -> None:
        self.total, self.expired = Sums(), Sums()
        self._width = width
        self._groups: dict[tuple[object, ...], list[int]] = {}
        self._ended: set[str] = set()
        self._columns = [f"d{number}" for number in range(width)]
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.set_progress_handler(stopped, _STEPS)
        self._db.executescript(
            f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIB};"
            "CREATE TABLE opened (id TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID;"
            "CREATE TABLE held (reservation TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID;"
            "CREATE TABLE ended (id TEXT PRIMARY KEY) WITHOUT ROWID;"
        )
        names = ", ".join((*(f"{each} TEXT" for each in self._columns), *MEASURES))
        self._db.execute(f"CREATE TABLE part (start_us INTEGER, kind INTEGER, {names})")
        marks = ", ".join("?" * (2 + width + len(MEASURES)))
        self._insert = f"INSERT INTO part VALUES ({marks})"  # noqa: S608 - marks alone

    def count(self, kind: int, sums: tuple[int, ...]) -> None:
        """Add to the total; once for a request, under however many lines it stands."""
        (self.total if kind == USAGE else self.expired).add(sums)

    def add(self, start_us: int, kind: int, values: Values, sums: tuple[int, ...]) -> None:
        """Add to a line's group."""
        key = (start_us, kind, *map(_kept, values))
        known = self._groups.get(key)
        if known is None:
            self._groups[key] = list(sums)
            if len(self._groups) >= _GROUPS:
                self._flush()
        else:
            for at, value in enumerate(sums):
                known[at] += value

    def put_aside(self, record_id: str, body: bytes) -> None:
        """Keep a decision whose end was not met yet."""
        self._db.execute("INSERT OR IGNORE INTO opened VALUES (?, ?)", (record_id, body))

    def take_back(self, record_id: str) -> bytes | None:
        """Return a decision that was put aside, once."""
        found = self._db.execute("DELETE FROM opened WHERE id = ? RETURNING body", (record_id,)).fetchall()
        return found[0][0] if found else None

    def put_held(self, reservation: str, body: bytes) -> None:
        """Keep what was told of a reservation that expired; the first word counts."""
        self._db.execute("INSERT OR IGNORE INTO held VALUES (?, ?)", (reservation, body))

    def held(self) -> Iterator[bytes]:
        """Yield what was told of each reservation that expired."""
        for (body,) in self._db.execute("SELECT body FROM held ORDER BY reservation"):
            yield body

    def put_end(self, ref: str) -> None:
        """Take note that a decision's end was met."""
        self._ended.add(ref)
        if len(self._ended) >= _GROUPS:
            self._db.execute("BEGIN")
            rows = ((each,) for each in self._ended)
            self._db.executemany("INSERT OR IGNORE INTO ended VALUES (?)", rows)
            self._db.execute("COMMIT")
            self._ended.clear()

    def has_end(self, ref: str) -> bool:
        """Tell whether a decision's end was met."""
        if ref in self._ended:
            return True
        return self._db.execute("SELECT 1 FROM ended WHERE id = ?", (ref,)).fetchone() is not None

    def lines(self, after: Place | None = None, most: int = -1) -> Iterator[Part]:
        """Yield groups with their sums, by period, kind and dimensions in their order.

        Args:
            after: the place behind which to begin.
            most: at most so many; -1 for all.

        Raises:
            UsageTooLarge: `usage.too_large`.
            sqlite3.OperationalError: it was stopped, or the disk is full.
        """
        self._flush()
        key = ", ".join(("start_us", "kind", *self._columns))
        sums = ", ".join(f"sum({name})" for name in MEASURES)
        marks = ", ".join("?" * (2 + self._width))
        condition = f"WHERE ({key}) > ({marks}) " if after else ""
        query = (
            f"SELECT {key}, {sums} FROM part {condition}"  # noqa: S608 - names of this module
            f"GROUP BY {key} ORDER BY {key} LIMIT ?"
        )
        values = [after.start_us, after.kind, *after.values] if after else []
        with exactly():
            for found in self._db.execute(query, (*values, most)):
                place = Place(found[0], found[1], found[2 : 2 + self._width])
                yield Part(place, tuple(map(_shown, place.values)), Sums(*found[2 + self._width :]))

    def close(self) -> None:
        """Let everything go."""
        self._db.close()

    def _flush(self) -> None:
        with exactly():
            self._db.execute("BEGIN")
            self._db.executemany(self._insert, ((*key, *sums) for key, sums in self._groups.items()))
            self._db.execute("COMMIT")
        self._groups.clear()


@contextmanager
def exactly() -> Iterator[None]:
    """Say in this room's words that a number is too large; SQLite never rounds one, it refuses.

    Raises:
        UsageTooLarge: `usage.too_large`.
    """
    try:
        yield
    except OverflowError as error:
        raise UsageTooLarge("usage.too_large", "a sum is beyond 2^63; ask for less") from error
    except sqlite3.Error as error:
        if "integer overflow" not in str(error):
            raise
        raise UsageTooLarge("usage.too_large", "a sum is beyond 2^63; ask for less") from error


def _kept(value: str | None) -> str:
    """A value as it is kept: so that none can be compared, and differs from an empty one."""
    return "" if value is None else "=" + value


def _shown(kept: str) -> str | None:
    return kept[1:] if kept else None
