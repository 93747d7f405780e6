"""Settles beside the calls: no answer waits for a slow ledger, and nothing is lost while it is down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from gateway.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gateway.accounts import Amount, Reservation, Warned
    from gateway.ports import Ledger

PAUSES_S = (0.05, 0.2, 1.0, 5.0, 15.0, 60.0)
"""Between one try and the next. Longer than a lease: what is given up has expired, and counts in full."""

CLOSE_S = 5.0


class BackgroundSettling:
    """`Settling` over a ledger.

    Args:
        ledger: where to.
        warn: told of budgets that a settlement brought past a mark.
        pauses_s: seconds before each further try.
    """

    def __init__(
        self,
        ledger: Ledger,
        warn: Callable[[Sequence[Warned]], None],
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self._ledger = ledger
        self._warn = warn
        self._pauses_s = pauses_s
        self._running: set[asyncio.Task[None]] = set()

    def begin(self, reservation: Reservation, actual: Amount | None) -> Awaitable[None]:
        """Settle, or release if `actual` is None; see `Settling`."""
        task = asyncio.get_running_loop().create_task(self._settle(reservation, actual))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def close(self) -> None:
        """Wait for what was begun, for some seconds; what isn't settled by then expires."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=CLOSE_S)
            for task in late:
                task.cancel()

    async def _settle(self, reservation: Reservation, actual: Amount | None) -> None:
        for pause_s in (*self._pauses_s, None):
            try:
                await self._once(reservation, actual)
            except LedgerError as error:
                if pause_s is None:
                    structlog.get_logger("regent").error("ledger.unsettled", code=error.code)
                    return
                await asyncio.sleep(pause_s)
            else:
                return

    async def _once(self, reservation: Reservation, actual: Amount | None) -> None:
        if actual is None:
            await self._ledger.release(reservation)
            return
        settled = await self._ledger.settle(reservation, actual)
        if settled.warnings:
            self._warn(settled.warnings)
        if settled.late:
            structlog.get_logger("regent").warning("ledger.settled_late", reservation=reservation.id)
