"""Puts on record what crashed processes had reserved: once it is durable, the ledger may forget it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from audit import record as records
from audit.errors import AuditError
from gateway.accounts import recorded
from gateway.errors import LedgerError

if TYPE_CHECKING:
    from audit.log import AuditLog
    from audit.record import Record
    from gateway.accounts import Expired
    from gateway.ports import Ledger

LOOK_S = 15.0


class Expiry:
    """Looks for expired reservations now and then.

    Two gateways that look at once both record what they find: never is one left out.

    Args:
        ledger: where they are.
        log: where they go.
        look_s: seconds between two looks.
    """

    def __init__(self, ledger: Ledger, log: AuditLog, look_s: float = LOOK_S) -> None:
        self._ledger = ledger
        self._log = log
        self._look_s = look_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def look(self) -> int:
        """Record what has expired; return how many reservations that were.

        Raises:
            LedgerError: the ledger doesn't answer.
            AuditError: the log takes nothing; they are found again.
        """
        found = await self._ledger.expired()
        for each in found:
            await self._log.append(_record(each))
        if found:
            await self._ledger.acknowledge([each.reservation for each in found])
            structlog.get_logger("regent").warning("ledger.expired", reservations=len(found))
        return len(found)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            try:
                while await self.look():
                    pass
            except (LedgerError, AuditError) as error:
                structlog.get_logger("regent").error("ledger.expiry_unrecorded", code=error.code)


def _record(expired: Expired) -> Record:
    return records.ledger_expired(
        reservation=expired.reservation,
        keys=[recorded(key) for key in expired.keys],
        requests=expired.amount.requests,
        tokens=expired.amount.tokens,
        usd_micros=expired.amount.usd_micros,
        reserved_us=expired.at_us,
    )
