"""Settling beside the calls: tried again while the ledger is away, given up in the end, never in the way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import structlog

from gateway.accounts import Amount, Purse, Rate, Reservation, Settled, Warned
from gateway.errors import LedgerError
from gateway.ledger.settling import BackgroundSettling

if TYPE_CHECKING:
    from gateway.ports import Ledger

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
    """Settling without pauses, three tries in all."""
    told = warned if warned is not None else []
    return BackgroundSettling(cast("Ledger", ledger), told.extend, pauses_s=(0, 0))


async def test_it_is_tried_again_until_the_ledger_answers() -> None:
    """What a call took isn't lost because the ledger was away when it ended."""
    ledger = Away(2)
    await settling(ledger).begin(HELD, Amount(1, 2, 3))
    assert ledger.done == [Amount(1, 2, 3)]


async def test_what_never_left_is_released() -> None:
    """Without a fact nothing counts."""
    ledger = Away(1)
    await settling(ledger).begin(HELD, None)
    assert ledger.done == [None]


async def test_what_cannot_be_settled_is_said() -> None:
    """It expires and counts in full; whoever reads the log learns why."""
    with structlog.testing.capture_logs() as lines:
        await settling(Away(3)).begin(HELD, Amount(1))
    assert [(line["event"], line["code"]) for line in lines] == [("ledger.unsettled", "ledger.unavailable")]


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
    ledger = Away(1)
    background = settling(ledger)
    begun = background.begin(HELD, Amount(1))
    await background.close()
    await begun
    assert ledger.done == [Amount(1)]
    await asyncio.wait_for(background.close(), 1)
