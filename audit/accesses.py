"""Counts what readers take of the log file by file, so that reading doesn't make the log grow.

A verifier fetches thousands of tiles; a record for each would be more to read than what was read. So a
reader's first access is recorded, durably, before it is answered, and opens a period; what follows in it is
counted, and stands in one record at its end, which opens the next period if there was anything to count.
Nobody has more than one record a period, and no answer leaves outside one that a durable record has opened.
A kill may lose the count of the period that was open, never that there was one. Knows no policy.
"""

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from audit.errors import AuditError, LogUnavailable
from audit.record import Record
from audit.writing.group import Receipt

PERIOD_S = 60.0
MOST_READERS = 1_024

Make = Callable[[int], Record]
"""Makes the record of so many accesses."""


class Log(Protocol):
    """**Protocol:** takes records; `audit.log.AuditLog`."""

    async def append(self, record: Record) -> Receipt:
        """Log one record; durable on return."""
        ...

    def certify(self, receipt: Receipt) -> str:
        """Return a receipt in its signed form."""
        ...


class Opened(NamedTuple):
    """The record that opened a period.

    Attributes:
        id: of the record.
        receipt: the log's signed word for it.
    """

    id: str
    receipt: str


@dataclass(slots=True)
class _Period:
    """A reader's period.

    Attributes:
        make: makes the record of its accesses.
        count: accesses that no record tells of yet.
        opening: brings the record that opened it; None while nobody is at it.
    """

    make: Make
    count: int = 0
    opening: "asyncio.Task[Opened] | None" = None
    timer: asyncio.TimerHandle | None = None


class Accesses:
    """The periods of all readers. For one event loop.

    Args:
        log: where the records go.
        period_s: how long a period is, in seconds.
        most: readers with a period at once.
    """

    def __init__(self, log: Log, period_s: float = PERIOD_S, most: int = MOST_READERS) -> None:
        self._log = log
        self._period_s = period_s
        self._most = most
        self._periods: dict[Hashable, _Period] = {}

    async def count(self, reader: Hashable, make: Make) -> Opened:
        """Count one access; on return a durable record stands for the period that it falls into.

        Args:
            reader: who, and by which right: what one record can speak of.
            make: makes the record; the latest one given makes the one at the period's end.

        Raises:
            LogUnavailable: as `AuditLog.append`, or `reading.busy` when too many read at once; the access
                is not counted.
            RecordRefused: the record has no canonical form.
        """
        period = self._periods.get(reader)
        if period is None:
            if len(self._periods) >= self._most:
                raise LogUnavailable("reading.busy", f"{self._most} readers are counted already")
            period = self._periods[reader] = _Period(make)
        period.make = make
        period.count += 1
        if period.opening is None:
            self._open(reader, period)
        assert period.opening is not None  # noqa: S101 - set by `_open`; tells the type checker
        try:
            # Shielded: somebody else may be waiting for the same record.
            return await asyncio.shield(period.opening)
        except AuditError:
            period.count -= 1  # refused, so nothing was read
            raise

    async def close(self) -> None:
        """Record what was counted; nothing is counted any more afterwards."""
        periods, self._periods = self._periods, {}
        for period in periods.values():
            if period.timer is not None:
                period.timer.cancel()
            with suppress(AuditError):
                if period.opening is not None:
                    await period.opening
                if period.count:
                    await self._log.append(period.make(period.count))

    def _open(self, reader: Hashable, period: _Period) -> None:
        if period.timer is not None:
            period.timer.cancel()
        period.opening = asyncio.create_task(self._record(period))
        period.opening.add_done_callback(lambda done: self._opened(reader, period, done))

    async def _record(self, period: _Period) -> Opened:
        count, period.count = period.count, 0
        try:
            record = period.make(count)
            receipt = await self._log.append(record)
        except BaseException:
            period.count += count
            raise
        return Opened(record.id, self._log.certify(receipt))

    def _opened(self, reader: Hashable, period: _Period, done: "asyncio.Task[Opened]") -> None:
        if done.cancelled() or done.exception() is not None:
            period.opening = None  # the next access tries again, or the timer does
        if self._periods.get(reader) is period:
            loop = asyncio.get_running_loop()
            period.timer = loop.call_later(self._period_s, self._turn, reader, period)

    def _turn(self, reader: Hashable, period: _Period) -> None:
        """End a period: tell what was counted in it, or let go of a reader who has gone."""
        if period.count:
            self._open(reader, period)
        else:
            del self._periods[reader]
