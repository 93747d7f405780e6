"""Settles beside the calls: no answer waits for a slow ledger.

What fails isn't tried again here: the ledger owes it, and makes up for it once it answers (`Ledger.settle`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from gateway.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gateway.accounts import Amount, Reservation, Warned
    from gateway.ports import Ledger


class BackgroundSettling:
    """`Settling` over a ledger.

    Args:
        ledger: where to.
        warn: told of budgets that a settlement brought past a mark.
    """

    def __init__(self, ledger: Ledger, warn: Callable[[Sequence[Warned]], None]) -> None:
        self._ledger = ledger
        self._warn = warn
        self._running: set[asyncio.Task[None]] = set()

    def begin(self, reservation: Reservation, actual: Amount | None) -> Awaitable[None]:
        """Settle, or release if `actual` is None; see `Settling`."""
        task = asyncio.get_running_loop().create_task(self._settle(reservation, actual))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def close(self) -> None:
        """Wait for what was begun: no longer than the ledger's own deadline, which ends each."""
        if self._running:
            await asyncio.wait(self._running)

    async def _settle(self, reservation: Reservation, actual: Amount | None) -> None:
        try:
            await self._once(reservation, actual)
        except LedgerError as error:
            structlog.get_logger("regent").warning(
                "ledger.settled_later", code=error.code, reservation=reservation.id
            )

    async def _once(self, reservation: Reservation, actual: Amount | None) -> None:
        if actual is None:
            await self._ledger.release(reservation)
            return
        settled = await self._ledger.settle(reservation, actual)
        if settled.warnings:
            self._warn(settled.warnings)
        if settled.late:
            structlog.get_logger("regent").warning("ledger.settled_late", reservation=reservation.id)
