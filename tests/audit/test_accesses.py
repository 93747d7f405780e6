"""Pins that reading file by file leaves one record a reader and period, and never none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from audit.accesses import Accesses
from audit.errors import LogUnavailable
from audit.record import Record, access
from audit.writing.group import Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PERIOD_S = 0.05
LONG_S = 60.0


class Log:
    """Keeps records, once it may."""

    def __init__(self) -> None:
        self.kept: list[Record] = []
        self.failing = False
        self.refused = 0
        self.open = asyncio.Event()
        self.open.set()

    async def append(self, record: Record) -> Receipt:
        await self.open.wait()
        if self.failing:
            self.refused += 1
            raise LogUnavailable("log.not_durable", "no")
        self.kept.append(record)
        return Receipt("w0", 0, len(self.kept), 0, "", 0)

    def certify(self, receipt: Receipt) -> str:
        return f"receipt {receipt.wseq}"

    @property
    def counts(self) -> list[int]:
        """What the records say."""
        return [record.body["n"] for record in self.kept]


@pytest.fixture
def log() -> Log:
    """A log that takes records."""
    return Log()


def made(n: int) -> Record:
    """A record of so many accesses."""
    return access(what="audit.log", filters={}, n=n, actor={"kind": "user"})


async def test_the_first_access_is_durable_before_it_is_answered(log: Log) -> None:
    """Whoever came at the same time waits for the same record, and all are told of it."""
    accesses = Accesses(log, LONG_S)
    log.open.clear()
    waiting = [asyncio.ensure_future(accesses.count("alice", made)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    log.open.set()
    told = {await each for each in waiting}

    assert told == {(log.kept[0].id, "receipt 1")}
    await accesses.close()
    assert sum(log.counts) == 3


async def test_what_follows_is_told_in_one_record_at_the_periods_end(
    log: Log, until: Callable[..., Awaitable[None]]
) -> None:
    """That record opens the next period, whose accesses name it; nobody reads: nothing is written."""
    accesses = Accesses(log, PERIOD_S)
    for _ in range(1_000):
        await accesses.count("alice", made)
    assert log.counts == [1]
    await until(lambda: len(log.kept) == 2)
    later = await accesses.count("alice", made)

    assert log.counts == [1, 999]
    assert later.id == log.kept[1].id
    await until(lambda: not accesses._periods)
    assert log.counts == [1, 999, 1]


async def test_each_reader_and_each_right_has_periods_of_its_own(log: Log) -> None:
    """One record speaks of one pseudonym and one policy."""
    accesses = Accesses(log, LONG_S)
    for reader in (("alice", "r-1"), ("bob", "r-1"), ("alice", "r-2"), ("bob", "r-1")):
        await accesses.count(reader, made)

    assert log.counts == [1, 1, 1]
    await accesses.close()
    assert log.counts == [1, 1, 1, 1]


async def test_an_access_that_cannot_be_recorded_is_refused_and_not_counted(log: Log) -> None:
    """The next one tries again, and the record speaks of that one alone."""
    accesses = Accesses(log, LONG_S)
    log.failing = True
    for _ in range(3):
        with pytest.raises(LogUnavailable, match=r"log\.not_durable"):
            await accesses.count("alice", made)
    log.failing = False
    await accesses.count("alice", made)

    assert log.counts == [1]
    await accesses.close()


async def test_a_count_that_cannot_be_recorded_is_kept(
    log: Log, until: Callable[..., Awaitable[None]]
) -> None:
    """While the log is down nobody reads on, and what was read before is told when it is back."""
    accesses = Accesses(log, PERIOD_S)
    for _ in range(5):
        await accesses.count("alice", made)
    log.failing = True
    await until(lambda: log.refused > 1)
    with pytest.raises(LogUnavailable):
        await accesses.count("alice", made)
    log.failing = False
    await until(lambda: sum(log.counts) == 5)
    await accesses.close()

    assert sum(log.counts) == 5


async def test_the_number_of_readers_is_bounded(log: Log) -> None:
    """Who comes too many is told so; who is counted already goes on."""
    accesses = Accesses(log, LONG_S, most=1)
    await accesses.count("alice", made)
    with pytest.raises(LogUnavailable, match=r"reading\.busy"):
        await accesses.count("bob", made)
    await accesses.count("alice", made)
    await accesses.close()

    assert log.counts == [1, 1]


async def test_who_leaves_takes_nobodys_record_away(log: Log) -> None:
    """A cancelled reader is counted, and the record that others wait for is written."""
    accesses = Accesses(log, LONG_S)
    log.open.clear()
    first, second = (asyncio.ensure_future(accesses.count("alice", made)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    log.open.set()

    assert (await second).id == log.kept[0].id
    await accesses.close()
    assert sum(log.counts) == 2
