"""What crashed processes had reserved is put on record before the ledger forgets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from audit.errors import LogUnavailable
from gateway.accounts import Amount, Expired
from gateway.expiry import Expiry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.log import AuditLog
    from audit.record import Record
    from gateway.ports import Ledger

LEFT = Expired("ab" * 16, Amount(1, 20, 300), ("hr/team:hr", "daily/user#" + "cd" * 32), 77)


class Left:
    """A ledger in which a reservation was left."""

    def __init__(self) -> None:
        self.known = {LEFT.reservation: LEFT}

    async def expired(self, most: int = 100) -> tuple[Expired, ...]:
        return tuple(self.known.values())[:most]

    async def acknowledge(self, reservations: Sequence[str]) -> None:
        for each in reservations:
            self.known.pop(each, None)


class Log:
    """A log that takes records, or doesn't."""

    def __init__(self, *, takes: bool = True) -> None:
        self._takes = takes
        self.records: list[Record] = []

    async def append(self, record: Record) -> None:
        if not self._takes:
            raise LogUnavailable("log.not_durable", "full")
        self.records.append(record)


async def test_what_expired_is_recorded_once_and_then_forgotten() -> None:
    """Whose it was, how much, and when; of a person only that it was one."""
    ledger, log = Left(), Log()
    expiry = Expiry(cast("Ledger", ledger), cast("AuditLog", log))
    assert [await expiry.look(), await expiry.look()] == [1, 0]

    body = log.records[0].body
    assert (body["typ"], body["reservation"], body["reserved_us"]) == ("ledger.expired", LEFT.reservation, 77)
    assert (body["requests"], body["tokens"], body["usd_micros"]) == (1, 20, 300)
    assert body["keys"] == ["hr/team:hr", "daily/user"]


async def test_what_the_log_does_not_take_is_found_again() -> None:
    """A full disk loses no record of it."""
    ledger = Left()
    with pytest.raises(LogUnavailable):
        await Expiry(cast("Ledger", ledger), cast("AuditLog", Log(takes=False))).look()

    assert ledger.known
