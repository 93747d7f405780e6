"""A ledger of its own on a real Redis, whose scripts read the time from a key that tests set."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING

import redis

from gateway.ledger.redis import RedisLedger, Terms
from gateway.ledger.redis_scripts import read_scripts
from gateway.ledger.redis_target import Target
from tests.gateway.ledger.places import LEASE_US, NOON_US

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.ports import Ledger

SET_TIME = "local time = redis.call('LRANGE', string.match(KEYS[1], '^{.-}:') .. 'clock', 0, 1)"
PATIENT_S = 20.0
"""A deadline that a busy machine keeps, where the deadline isn't what is tested."""


class RedisPlace:
    """A ledger's keys, and the clock that its scripts go by.

    Args:
        url: of the server.
    """

    def __init__(self, url: str) -> None:
        self.now_us = NOON_US
        self.terms = Terms(f"t-{secrets.token_hex(8)}", PATIENT_S, LEASE_US)
        self.target = Target(url)
        self._server = redis.Redis.from_url(url)
        self._scripts = read_scripts(SET_TIME)
        self._opened: list[RedisLedger] = []
        self._set_clock()

    async def opened(self) -> RedisLedger:
        ledger = RedisLedger(self.target, self.terms, self._scripts)
        self._opened.append(ledger)
        await ledger.begin()
        return ledger

    async def kill(self, ledger: Ledger) -> None:
        assert isinstance(ledger, RedisLedger)
        self._opened.remove(ledger)
        ledger.abandon()

    async def advance(self, us: int) -> None:
        self.now_us += us
        self._set_clock()

    async def jump(self, us: int) -> None:
        """The server has one clock, by which leases run as well."""
        await self.advance(us)

    async def close(self) -> None:
        while self._opened:
            await self._opened.pop().close()
        self._server.close()

    def names(self) -> list[bytes]:
        """Every key of the ledger, and nobody else's; not the test's own clock."""
        found = self._server.scan_iter(match=f"{{regent:{self.terms.name}}}:*", count=1000)
        return sorted(key for key in found if not key.endswith(b":clock"))

    def _set_clock(self) -> None:
        seconds, micros = divmod(self.now_us, 1_000_000)
        key = f"{{regent:{self.terms.name}}}:clock"
        with self._server.pipeline() as both:
            both.delete(key)
            both.rpush(key, seconds, micros)
            both.execute()


@contextlib.asynccontextmanager
async def redis_place(url: str) -> AsyncIterator[RedisPlace]:
    """A ledger that nobody has used yet."""
    place = RedisPlace(url)
    try:
        yield place
    finally:
        await place.close()
