"""One transaction on a ledger's file: reservations and their holders around the counters."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from gateway.accounts import Amount, Concurrency, Expired, Overdrawn, Settled
from gateway.ledger import counting
from gateway.ledger.holds import Hold
from gateway.ledger.sqlite_book import SqliteBook

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from gateway.accounts import Allowance, Correction, Purse, Reservation, Standing
    from gateway.errors import LedgerError
    from gateway.ledger.counts import Count
    from gateway.ledger.holders import Holder

KNOWN_US = 24 * 3600 * 1_000_000
"""How long an expired reservation is known after somebody has taken note of it."""

AT_ONCE = 100
_LENGTH = Struct(">H")

_HOLD = "INSERT INTO reservation VALUES (?, ?, ?, ?, ?, ?, ?)"
_END = "DELETE FROM reservation WHERE id = ?"
_RENEW = "INSERT OR REPLACE INTO holder VALUES (?, ?, ?)"
_GONE = "SELECT holder FROM holder WHERE holder <> ? AND (boot <> ? OR until_us <= ?) LIMIT 1"
_NEXT = "SELECT min(until_us) FROM holder WHERE holder <> ?"
_HELD = "SELECT id, at_us, requests, tokens, usd_micros, names FROM reservation WHERE holder = ? LIMIT ?"
_EXPIRE = "INSERT INTO expired (id, at_us, requests, tokens, usd_micros, names) VALUES (?, ?, ?, ?, ?, ?)"
_LATE = (
    "UPDATE expired SET settled = 1 WHERE id = ? AND settled = 0"
    " AND (acknowledged_us IS NULL OR acknowledged_us > ?)"
)
_LISTED = (
    "SELECT id, at_us, requests, tokens, usd_micros, names FROM expired"
    " WHERE acknowledged_us IS NULL ORDER BY at_us, id LIMIT ?"
)
_ACKNOWLEDGE = "UPDATE expired SET acknowledged_us = ? WHERE id = ? AND acknowledged_us IS NULL"
_FORGET = "DELETE FROM expired WHERE acknowledged_us <= ?"
_SWEEP = "SELECT name, until_us FROM counter WHERE name > ? ORDER BY name LIMIT ?"


class Session:
    """What may be done in a transaction.

    Args:
        db: in the transaction.
        holder: this process.
        now_us: the present, one for all of the transaction.
        remembered: as for `SqliteBook`.

    Attributes:
        until_us, look_us: what `Holder` is to know once the transaction is committed.
    """

    __slots__ = ("_book", "_db", "_holder", "look_us", "now_us", "until_us", "uptime_us")

    def __init__(
        self, db: sqlite3.Connection, holder: Holder, now_us: int, remembered: dict[bytes, Count]
    ) -> None:
        self._db = db
        self._book = SqliteBook(db, remembered)
        self._holder = holder
        self.now_us = now_us
        self.uptime_us = holder.uptime_us()
        self.until_us = holder.until_us
        self.look_us = holder.look_us

    def write(self) -> dict[bytes, Count]:
        """Write down what has changed of the counters, and return it."""
        return self._book.write()

    def reserve(
        self, reservation: str, allowances: tuple[Allowance, ...], amount: Amount
    ) -> Reservation | Overdrawn:
        """Hold `amount` under every merged allowance, or under none."""
        if self.uptime_us >= self._holder.renew_us:
            self.renew()
        if self.uptime_us >= self.look_us:
            self.expire(AT_ONCE)
        named = counting.named(allowances, self.now_us)
        found = counting.reserve(self._book, reservation, named, amount, self.now_us)
        if isinstance(found, Overdrawn):
            # Nobody is refused a place that only the dead hold, however many of them there are.
            at_once = any(isinstance(each, Concurrency) for each in allowances)
            while at_once and isinstance(found, Overdrawn) and self.expire(AT_ONCE):
                found = counting.reserve(self._book, reservation, named, amount, self.now_us)
        if not isinstance(found, Overdrawn):
            row = (bytes.fromhex(reservation), self._holder.name, self.now_us, *amount, _joined(named))
            self._db.execute(_HOLD, row)
        return found

    def settle(self, reservation: Reservation, actual: Amount) -> Settled:
        """Put the fact in the place of the estimate, if the reservation hasn't ended yet."""
        name = bytes.fromhex(reservation.id)
        late = False
        if not self._db.execute(_END, (name,)).rowcount:
            late = bool(self._db.execute(_LATE, (name, self.now_us - KNOWN_US)).rowcount)
            if not late:
                return Settled()
        hold = Hold(reservation.amount, reservation.at_us, late)
        return counting.settle(self._book, reservation.allowances, hold, actual, self.now_us)

    def usage(self, allowances: Sequence[Allowance]) -> tuple[Standing, ...]:
        """Say how allowances stand."""
        return counting.usage(self._book, allowances, self.now_us)

    def standing(self, purse: Purse) -> Standing | LedgerError:
        """Say how a purse stands, or that nothing is counted of it."""
        return counting.standing(self._book, purse, self.now_us)

    def correct(self, purse: Purse, correction: Correction) -> Standing | LedgerError:
        """Change a purse's present period, or say why not."""
        return counting.correct(self._book, purse, correction, self.now_us)

    def expired(self, most: int) -> tuple[Expired, ...]:
        """Expire what is due, and list what nobody has taken note of, the oldest first."""
        while self.expire(AT_ONCE):
            pass
        return tuple(
            Expired(name.hex(), Amount(*amount), counting.keys_of(_split(named)), at_us)
            for name, at_us, *amount, named in self._db.execute(_LISTED, (most,)).fetchall()
        )

    def acknowledge(self, reservations: Sequence[str]) -> None:
        """Take note that expired reservations are on record."""
        named = [(self.now_us, bytes.fromhex(each)) for each in reservations]
        self._db.executemany(_ACKNOWLEDGE, named)

    def renew(self) -> None:
        """Let others know that this process lives."""
        self.until_us = self.uptime_us + self._holder.lease_us
        self._db.execute(_RENEW, (self._holder.name, self._holder.boot, self.until_us))

    def leave(self) -> None:
        """Let others know that this process is gone."""
        self._db.execute(_RENEW, (self._holder.name, self._holder.boot, 0))

    def expire(self, most: int) -> int:
        """Expire reservations whose holders are gone.

        Args:
            most: how many at once.

        Returns:
            how many there were; 0 if nobody who is gone holds anything.
        """
        gone = self._db.execute(_GONE, (self._holder.name, self._holder.boot, self.uptime_us)).fetchone()
        if gone is None:
            (until_us,) = self._db.execute(_NEXT, (self._holder.name,)).fetchone()
            # Whoever comes after this moment has a whole lease before it.
            look_us = self.uptime_us + self._holder.lease_us
            self.look_us = look_us if until_us is None else min(until_us, look_us)
            return 0
        held = self._db.execute(_HELD, (*gone, most)).fetchall()
        for row in held:
            name, at_us, *amount, named = row
            counting.expire(self._book, _split(named), Hold(Amount(*amount), at_us), self.now_us)
            self._db.execute(_EXPIRE, row)
            self._db.execute(_END, (name,))
        if len(held) < most:
            self._db.execute("DELETE FROM holder WHERE holder = ?", gone)
        return len(held) or self.expire(most)

    def sweep(self, after: bytes, most: int) -> bytes:
        """Forget counters that mean nothing any more, and expired reservations long on record.

        Args:
            after: the name behind which to look.
            most: at how many to look.

        Returns:
            the last name, behind which the next step looks; empty at the end.
        """
        self._db.execute(_FORGET, (self.now_us - KNOWN_US,))
        rows = self._db.execute(_SWEEP, (after, most)).fetchall()
        for name, until_us in rows:
            if until_us <= self.now_us:
                self._book.drop(name)
        return rows[-1][0] if len(rows) == most else b""


def _joined(names: Iterable[bytes]) -> bytes:
    """Names with their lengths before them: they may hold any byte."""
    return b"".join([_LENGTH.pack(len(name)) + name for name in names])


def _split(joined: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(joined):
        (length,) = _LENGTH.unpack_from(joined, at)
        at += _LENGTH.size
        found.append(joined[at : at + length])
        at += length
    return found
