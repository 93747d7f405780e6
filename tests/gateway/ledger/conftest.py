"""The backends of the ledger, each as a place with a clock that tests set."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from gateway.ledger.sqlite import SqliteLedger
from tests.gateway.ledger.places import LEASE_US, NOON_US
from tests.gateway.ledger.redis_place import redis_place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gateway.ports import Ledger
    from tests.gateway.ledger.places import Place
    from tests.servers.redis_server import RedisServer


class SqlitePlace:
    """A file, and two clocks: the wall's and the one by which leases run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now_us = NOON_US
        self._uptime_us = 0
        self._opened: list[SqliteLedger] = []

    async def opened(self) -> SqliteLedger:
        ledger = SqliteLedger.open(
            self.path,
            now_us=lambda: self.now_us,
            uptime_us=lambda: self._uptime_us,
            lease_us=LEASE_US,
        )
        self._opened.append(ledger)
        return ledger

    async def kill(self, ledger: Ledger) -> None:
        assert isinstance(ledger, SqliteLedger)
        self._opened.remove(ledger)
        ledger._let_go()

    async def advance(self, us: int) -> None:
        self.now_us += us
        self._uptime_us += us

    async def jump(self, us: int) -> None:
        self.now_us += us

    async def close(self) -> None:
        while self._opened:
            await self._opened.pop().close()


@contextlib.asynccontextmanager
async def sqlite_place(folder: Path) -> AsyncIterator[SqlitePlace]:
    """A ledger's file in an empty folder."""
    place = SqlitePlace(folder / "ledger.db")
    try:
        yield place
    finally:
        await place.close()


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.server)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """An empty ledger of each backend in turn."""
    if request.param == "sqlite":
        async with sqlite_place(tmp_path) as file:
            yield file
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    async with redis_place(server.url) as keys:
        yield keys


@pytest.fixture
async def ledger(place: Place) -> Ledger:
    """One process's view of it."""
    return await place.opened()
