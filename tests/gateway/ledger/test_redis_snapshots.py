"""A Redis that went back: what it has confirmed and doesn't know any more, nobody may count on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
import redis

from gateway.accounts import Amount, Purse
from gateway.errors import LedgerError
from tests.gateway.ledger.places import LEASE_US, held
from tests.gateway.ledger.redis_place import RedisPlace, redis_place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.ledger.redis import RedisLedger
    from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.server

PURSE = Purse("k", 1000, "year")
CALL = Amount(1, 0, 10)


class Snapshots:
    """A ledger's keys as they were at a moment, and as they are again."""

    def __init__(self, url: str, place: RedisPlace) -> None:
        self._url, self._place = url, place
        self._kept: dict[bytes, bytes] = {}

    def take(self) -> None:
        """Keep everything."""
        with contextlib.closing(redis.Redis.from_url(self._url)) as server:
            self._kept = {name: server.dump(name) or b"" for name in self._place.names()}

    def restore(self) -> None:
        """Have it so again."""
        with contextlib.closing(redis.Redis.from_url(self._url)) as server:
            server.delete(*self._place.names())
            for name, kept in self._kept.items():
                server.restore(name, 0, kept)


@pytest.fixture
async def place(redis_server: RedisServer) -> AsyncIterator[RedisPlace]:
    """An empty ledger."""
    async with redis_place(redis_server.url) as found:
        yield found


@pytest.fixture
def snapshots(redis_server: RedisServer, place: RedisPlace) -> Snapshots:
    """Its snapshots."""
    return Snapshots(redis_server.url, place)


async def is_lost(ledger: RedisLedger) -> bool:
    """Whether it refuses to count."""
    try:
        await ledger.reserve([PURSE], CALL)
    except LedgerError as error:
        return error.code == "ledger.lost"
    return False


async def test_an_old_snapshot_is_noticed_by_all(place: RedisPlace, snapshots: Snapshots) -> None:
    """By the first that meets it, and through it by the others; who starts anew begins afresh."""
    first, second = await place.opened(), await place.opened()
    await first.settle(held(await first.reserve([PURSE], CALL)), CALL)
    snapshots.take()
    for _ in range(3):
        await place.advance(LEASE_US + 1)
        for each in (first, second):
            await each.settle(held(await each.reserve([PURSE], CALL)), CALL)
    snapshots.restore()

    assert await is_lost(second)
    assert await is_lost(first)
    fresh = await place.opened()
    held(await fresh.reserve([PURSE], CALL))
    assert await is_lost(first)
    await first.renew()
    assert not await is_lost(first)


async def test_what_is_younger_than_a_lease_counts_on(place: RedisPlace, snapshots: Snapshots) -> None:
    """As after a failover: the last moments may be missing, and nobody is shut out for them."""
    ledger = await place.opened()
    snapshots.take()
    await place.advance(LEASE_US // 2)
    held(await ledger.reserve([PURSE], CALL))
    snapshots.restore()

    held(await ledger.reserve([PURSE], CALL))


async def test_who_was_frozen_takes_nobody_for_a_snapshot(place: RedisPlace) -> None:
    """However long, and whatever the server's clock did meanwhile."""
    frozen, other = await place.opened(), await place.opened()
    held(await frozen.reserve([PURSE], CALL))
    await place.advance(100 * LEASE_US)
    held(await other.reserve([PURSE], CALL))
    held(await frozen.reserve([PURSE], CALL))
    await place.jump(-50 * LEASE_US)
    held(await other.reserve([PURSE], CALL))
    await place.advance(2 * LEASE_US)
    held(await frozen.reserve([PURSE], CALL))


async def test_what_an_operator_accepts_is_taken_by_all(place: RedisPlace, snapshots: Snapshots) -> None:
    """Gateways that run go on from what the snapshot has, with their next call."""
    ledgers = [await place.opened() for _ in range(2)]
    held(await ledgers[0].reserve([PURSE], CALL))
    snapshots.take()
    await place.advance(3 * LEASE_US)
    for each in ledgers:
        held(await each.reserve([PURSE], CALL))
    snapshots.restore()
    assert await is_lost(ledgers[0])

    operator = await place.opened()
    await operator.accept()
    found = [held(await each.reserve([PURSE], CALL)) for each in ledgers]
    assert [each.standings[0].used + each.standings[0].reserved for each in found] == [20, 30]
