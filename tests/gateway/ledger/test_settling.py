"""Settling beside the calls: never in the way, and never lost, since the ledger owes what it couldn't do."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sqlite3
from typing import TYPE_CHECKING, Any, cast

import pytest
import structlog

from gateway.accounts import Amount, Purse, Rate, Reservation, Settled, Warned
from gateway.errors import LedgerError
from gateway.ledger.redis import RedisLedger, Terms
from gateway.ledger.redis_target import Target
from gateway.ledger.settling import BackgroundSettling
from gateway.ledger.sqlite import SqliteLedger
from tests.gateway.ledger.places import held

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.ports import Ledger
    from tests.servers.redis_server import RedisServer

HELD = Reservation("ab" * 16, (Rate("k", 1, 1),), Amount(1), 0, ())
WARNED = Warned(Purse("k", 10, "day"), 800_000, 8, 10, 0)


class Away:
    """A ledger that doesn't answer the first so many times.

    Attributes:
        done: what was settled, and what was released (None).
    """

    def __init__(self, times: int, found: Settled | None = None) -> None:
        self._times = times
        self._found = found or Settled()
        self.done: list[Amount | None] = []

    async def settle(self, _: Reservation, actual: Amount) -> Settled:
        self._answer()
        self.done.append(actual)
        return self._found

    async def release(self, _: Reservation) -> None:
        self._answer()
        self.done.append(None)

    def _answer(self) -> None:
        self._times -= 1
        if self._times >= 0:
            raise LedgerError("ledger.unavailable", "away")


def settling(ledger: Away, warned: list[Any] | None = None) -> BackgroundSettling:
    """Settling over a double."""
    told = warned if warned is not None else []
    return BackgroundSettling(cast("Ledger", ledger), told.extend)


async def test_what_never_left_is_released() -> None:
    """Without a fact nothing counts."""
    ledger = Away(0)
    await settling(ledger).begin(HELD, None)
    assert ledger.done == [None]


async def test_what_fails_is_said_and_not_tried_again() -> None:
    """The ledger makes up for it; a second hand would only hold up a stop."""
    ledger = Away(1)
    with structlog.testing.capture_logs() as lines:
        await settling(ledger).begin(HELD, Amount(1))
    assert [(line["event"], line["code"]) for line in lines] == [
        ("ledger.settled_later", "ledger.unavailable")
    ]
    assert ledger.done == []


async def test_marks_that_a_settlement_passes_are_told() -> None:
    """A call that took more than was held can be what brings a budget past its mark."""
    warned: list[Warned] = []
    await settling(Away(0, Settled((WARNED,))), warned).begin(HELD, Amount(1))
    assert warned == [WARNED]


async def test_what_comes_late_is_said() -> None:
    """A process that was frozen for longer than its lease shows in the log."""
    with structlog.testing.capture_logs() as lines:
        await settling(Away(0, Settled(late=True))).begin(HELD, Amount(1))
    assert [line["event"] for line in lines] == ["ledger.settled_late"]


async def test_closing_waits_for_what_was_begun() -> None:
    """A gateway that stops settles first."""
    ledger = Away(0)
    background = settling(ledger)
    begun = background.begin(HELD, Amount(1))
    await background.close()
    await begun
    assert ledger.done == [Amount(1)]
    await asyncio.wait_for(background.close(), 1)


async def test_sqlite_makes_up_for_a_settlement(tmp_path: Path) -> None:
    """Held by another process for longer than the deadline: once it is free, nothing stays reserved."""
    ledger = SqliteLedger.open(tmp_path / "ledger.db", deadline_s=0.01)
    purse = Purse("k", 100, "day")
    call = held(await ledger.reserve([purse], Amount(1, 0, 60)))
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    background = BackgroundSettling(ledger, lambda _: None)
    await background.begin(call, Amount(1, 0, 7))
    other.execute("ROLLBACK")
    other.close()
    await ledger.usage([purse])
    (standing,) = await ledger.usage([purse])

    assert (standing.used, standing.reserved) == (7, 0)
    await ledger.close()


async def test_sqlite_makes_up_for_it_at_the_latest_when_it_stops(tmp_path: Path) -> None:
    """A stop waits for no more than one deadline."""
    ledger = SqliteLedger.open(tmp_path / "ledger.db", deadline_s=0.01)
    purse = Purse("k", 100, "day")
    call = held(await ledger.reserve([purse], Amount(1, 0, 60)))
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    background = BackgroundSettling(ledger, lambda _: None)
    begun = background.begin(call, Amount(1, 0, 7))
    await background.close()
    await begun
    other.execute("ROLLBACK")
    other.close()
    await ledger.close()
    ledger = SqliteLedger.open(tmp_path / "ledger.db")
    (standing,) = await ledger.usage([purse])

    assert (standing.used, standing.reserved) == (7, 0)
    await ledger.close()


@pytest.mark.server
async def test_redis_makes_up_for_a_settlement(redis_server: RedisServer) -> None:
    """The server stands still for longer than the deadline; when it goes on, nothing stays reserved."""
    terms = Terms(f"t-{secrets.token_hex(8)}", 1.0)
    ledger = RedisLedger(Target(redis_server.url), terms)
    purse = Purse("k", 100, "day")
    call = held(await ledger.reserve([purse], Amount(1, 0, 60)))
    redis_server.pause()
    try:
        background = BackgroundSettling(ledger, lambda _: None)
        await background.begin(call, Amount(1, 0, 7))
    finally:
        redis_server.resume()
    standing = None
    async with asyncio.timeout(30):
        while standing is None or standing.reserved:
            with contextlib.suppress(LedgerError):
                (standing,) = await ledger.usage([purse])
            await asyncio.sleep(0.01)

    assert (standing.used, standing.reserved) == (7, 0)
    await ledger.close()
