"""The ledger in a file of SQLite: for all processes of one machine, and over every restart.

Each call is a short transaction on the event loop itself: crossing to a thread and back would cost more than
the transaction does. While another process writes, callers wait without stopping the loop. Nothing is synced
here, so what a power cut may take is the counts since the last checkpoint; the audit log is the record.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from functools import partial
from typing import TYPE_CHECKING, Self, cast

from gateway.accounts import NOTHING, Reservation, reservation_name
from gateway.errors import LedgerError
from gateway.ledger.counting import checked
from gateway.ledger.holders import Holder
from gateway.ledger.merging import merged
from gateway.ledger.sqlite_book import Remembered
from gateway.ledger.sqlite_checkpoints import Checkpoints
from gateway.ledger.sqlite_file import LedgerFile, meant
from gateway.ledger.sqlite_session import AT_ONCE, Session
from gateway.ledger.turns import Busy, Turns
from gateway.ledger.uptime import uptime_us as machine_uptime_us

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from gateway.accounts import (
        Allowance,
        Amount,
        Correction,
        Expired,
        Overdrawn,
        Purse,
        Settled,
        Standing,
    )
    from gateway.ledger.turns import Job

LEASE_US = 60_000_000
DEADLINE_S = 2.0
_SWEPT = 256
_TRUSTED_US = 3600 * 1_000_000
_JUMP_US = 60_000_000


def _present_us() -> int:
    return time.time_ns() // 1000


class SqliteLedger:
    """A `Ledger`; made by `open`.

    Args:
        path: the file.
        file: the same, open.
        now_us: the time of day, microseconds.
        holder: this process.
        deadline_s: how long a call waits for other processes.
    """

    def __init__(
        self, path: Path, file: LedgerFile, now_us: Callable[[], int], holder: Holder, deadline_s: float
    ) -> None:
        self._path = path
        self._file = file
        self._now_us = now_us
        self._holder = holder
        self._checkpoints = Checkpoints(path)
        self._remembered = Remembered()
        self._turns = Turns(self._transact, self._owe, deadline_s)
        self._owed: list[Callable[[Session], object]] = []
        self._beating: asyncio.TimerHandle | None = None
        self._swept = b""
        self._offset_us = 0
        self._trusted_us = 0
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        now_us: Callable[[], int] = _present_us,
        uptime_us: Callable[[], int] = machine_uptime_us,
        lease_us: int = LEASE_US,
        deadline_s: float = DEADLINE_S,
    ) -> Self:
        """Open a ledger, or begin an empty one.

        Args:
            path: the file; in a folder of this machine, not of a network.
            now_us: the time of day, microseconds.
            uptime_us: a clock that nobody sets, the same for all processes of the machine, microseconds.
            lease_us: how long what a crashed process held stays held, microseconds.
            deadline_s: how long a call waits while other processes hold the file, seconds.

        Raises:
            LedgerError: `ledger.busy`, `ledger.full`, or `ledger.unavailable` if it can't be opened or is of
                a newer version.
        """
        return cls(path, LedgerFile(path), now_us, Holder(uptime_us, lease_us), deadline_s)

    async def reserve(
        self, allowances: Sequence[Allowance], amount: Amount, name: str | None = None
    ) -> Reservation | Overdrawn:
        """Hold `amount` under every allowance, or under none; see `Ledger`.

        Raises:
            ValueError: a time zone that is unknown here, or an amount that is none.
        """
        every, estimate, held = merged(allowances), checked(amount), reservation_name(name)
        found: Reservation | Overdrawn | None = None

        def work(session: Session) -> Reservation | Overdrawn:
            nonlocal found
            found = session.reserve(held, every, estimate)
            return found

        try:
            return cast("Reservation | Overdrawn", await self._call(work))
        except asyncio.CancelledError:
            # Whoever asked will never know of it, so nobody else can give it back.
            if isinstance(found, Reservation):
                self._turns.push(partial(Session.settle, reservation=found, actual=NOTHING), owed=True)
            raise

    async def settle(self, reservation: Reservation, actual: Amount) -> Settled:
        """Put the fact in the place of the estimate and end the hold; see `Ledger`.

        Raises:
            ValueError: an amount that is none.
        """
        work = partial(Session.settle, reservation=reservation, actual=checked(actual))
        return cast("Settled", await self._call(work, owed=True))

    async def release(self, reservation: Reservation) -> None:
        """Undo a reservation of a call that never left the house; see `Ledger`."""
        await self.settle(reservation, NOTHING)

    async def usage(self, allowances: Sequence[Allowance]) -> tuple[Standing, ...]:
        """Return how allowances stand; see `Ledger`."""
        work = partial(Session.usage, allowances=allowances)
        return cast("tuple[Standing, ...]", await self._call(work))

    async def standing(self, purse: Purse) -> Standing:
        """Return how a purse stands of which something is counted; see `Ledger`."""
        return await self._stood(partial(Session.standing, purse=purse))

    async def correct(self, purse: Purse, correction: Correction) -> Standing:
        """Change a purse's present period; see `Ledger`.

        Raises:
            ValueError: a rolling purse has nothing to carry over.
        """
        return await self._stood(partial(Session.correct, purse=purse, correction=correction))

    async def expired(self, most: int = AT_ONCE) -> tuple[Expired, ...]:
        """Find reservations whose holders are gone; see `Ledger`."""
        return cast("tuple[Expired, ...]", await self._call(partial(Session.expired, most=most)))

    async def acknowledge(self, reservations: Sequence[str]) -> None:
        """Take note that expired reservations are on record."""
        await self._call(partial(Session.acknowledge, reservations=reservations))

    def renew(self) -> None:
        """Accept the file that is there now, or begin an empty one, after `ledger.lost`.

        Raises:
            LedgerError: as for `open`.
        """
        self._file.renew()
        self._remembered.forget()
        self._holder.until_us = self._holder.look_us = 0

    async def close(self) -> None:
        """Finish what was begun and let go; what is still held by this process expires."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(LedgerError):  # whatever it is, the lease ends by itself
            await self._turns.call(self._leave)
        await asyncio.to_thread(self._let_go)

    async def _stood(self, work: Callable[[Session], Standing | LedgerError]) -> Standing:
        found = cast("Standing | LedgerError", await self._call(work))
        if isinstance(found, LedgerError):
            raise found
        return found

    def _call(self, work: Callable[[Session], object], *, owed: bool = False) -> Awaitable[object]:
        if self._closed:
            raise LedgerError("ledger.unavailable", "the ledger is closed")
        if self._beating is None:
            self._beat()
        return self._turns.call(work, owed=owed)

    def _transact(self, jobs: Sequence[Job[Session]]) -> None:
        """Carry jobs out in one transaction.

        Raises:
            Busy: another process writes.
            LedgerError: none of them was carried out.
        """
        try:
            db = self._file.db()
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        try:
            self._remembered.check(db)
            session = Session(db, self._holder, self._now_us(), self._remembered.counts)
            for job in jobs:
                try:
                    job.found = job.work(session)
                except ValueError as error:  # before anything was changed
                    job.error = error
            written = session.write()
            db.execute("COMMIT")
        except BaseException as error:
            self._remembered.forget()
            with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._trouble(error) from error
            raise
        self._remembered.keep(written)
        self._holder.until_us, self._holder.look_us = session.until_us, session.look_us
        self._checkpoints.count()
        if self._owed:
            self._repay()

    def _trouble(self, error: sqlite3.Error) -> Exception:
        """What an error is for the callers; whatever it was, the file is opened anew for the next ones."""
        found = meant(error, self._path)
        if found.code == "ledger.busy":
            return Busy()
        self._file.close()
        self._remembered.forget()
        return found

    def _owe(self, work: Callable[[Session], object]) -> None:
        self._owed.append(work)

    def _repay(self) -> None:
        """Carry out what had to be done while the ledger couldn't."""
        owed, self._owed = self._owed, []
        for work in owed:
            self._turns.push(work, owed=True)

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        if self._beating is not None:
            self._turns.push(self._tend, owed=False)
        self._beating = loop.call_later(self._holder.lease_us / 3_000_000, self._beat)

    def _tend(self, session: Session) -> None:
        """Let others know that this process lives, and tidy up a little."""
        session.renew()
        session.expire(AT_ONCE)
        # After a jump of the clock nothing is forgotten for a while: it may have been a mistake.
        offset_us = session.now_us - session.uptime_us
        if abs(offset_us - self._offset_us) > _JUMP_US:
            self._offset_us, self._trusted_us = offset_us, session.uptime_us + _TRUSTED_US
        if session.uptime_us >= self._trusted_us:
            self._swept = session.sweep(self._swept, _SWEPT)

    def _leave(self, session: Session) -> None:
        for work in self._owed:
            work(session)
        session.leave()

    def _let_go(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
        self._checkpoints.close()
        self._file.end()
