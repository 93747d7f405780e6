"""The way to the server: dialled when somebody needs it, again when it is lost; and debts paid over it.

A debt is a settlement or a release whose fate nobody knows, or that couldn't be sent. Both may be carried out
twice, so it is sent until the server has answered: whatever was reserved for a call that has ended is given
back by the process that reserved it, as soon as that is possible.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import structlog

from gateway.errors import LedgerError
from gateway.ledger.redis_call import Call
from gateway.ledger.redis_line import Line
from gateway.ledger.redis_shared import Shared
from gateway.ledger.redis_target import dial

if TYPE_CHECKING:
    from gateway.ledger.redis_call import Witnesses
    from gateway.ledger.redis_scripts import Scripts
    from gateway.ledger.redis_target import Target

AGAIN_AFTER_S = 0.05
"""How long a failed dial answers for those who come after it."""

MAX_DEBTS = 100_000
_AT_ONCE = 64
_PAUSES_S = (0.05, 0.1, 0.2, 0.5)
_LOG = structlog.get_logger("regent")


class Link:
    """One process's way to the server.

    Args:
        target: the address.
        key: any key of the ledger; it says which node of a Cluster.
        scripts: left with the server at each dial.
        deadline_s: how long a call may take, the dial included.
        witnesses: who else must know of a reservation.
    """

    def __init__(
        self, target: Target, key: str, scripts: Scripts, deadline_s: float, witnesses: Witnesses | None
    ) -> None:
        self._target = target
        self._key = key
        self._scripts = scripts
        self._deadline_s = deadline_s
        self._witnesses = witnesses
        self._line: Line | None = None
        self._dialled = Shared(self._dial, AGAIN_AFTER_S)
        self._debts: deque[tuple[bytes, str]] = deque()
        self._paying: asyncio.Task[None] | None = None
        self._is_closed = False

    async def ask(self, call: Call) -> bytes:
        """Have a call carried out.

        Raises:
            LedgerError: `ledger.unavailable`, `ledger.busy` or `ledger.full`.
        """
        line = self._line
        if line is None or not line.is_open:
            if self._is_closed:
                raise LedgerError("ledger.unavailable", "this ledger is closed")
            line = await self._dialled.result(self._deadline_s)
        line.send(call)
        try:
            return await call.answer
        except asyncio.CancelledError:
            # The answer may have come in the very turn in which the caller was cancelled.
            if not call.answer.cancelled() and call.answer.exception() is None and call.stray is not None:
                call.stray(call.answer.result())
            raise

    def owe(self, command: bytes, script: str) -> None:
        """Have a command carried out sooner or later, however often it takes."""
        if self._is_closed:
            return
        if len(self._debts) >= MAX_DEBTS:
            _LOG.error("ledger.debts_dropped", most=MAX_DEBTS)
            return
        self._debts.append((command, script))
        if self._paying is None or self._paying.done():
            self._paying = asyncio.create_task(self._pay())

    def dropped(self, line: Line) -> None:
        """Forget a line that is of no more use."""
        if self._line is line:
            self._line = None

    async def paid(self, within_s: float) -> None:
        """Wait until nothing is owed, but not for ever."""
        if self._paying is not None and not self._paying.done():
            await asyncio.wait([self._paying], timeout=within_s)

    def close(self) -> None:
        """End the connection and whatever is under way."""
        self._is_closed = True
        self._dialled.cancel()
        if self._paying is not None:
            self._paying.cancel()
        if self._line is not None:
            self._line.close()

    async def _dial(self) -> Line:
        opened = await dial(self._target, self._key, [script.source for script in self._scripts])
        line = Line(self, opened.transport, self._deadline_s, self._witnesses, opened.keep)
        if self._is_closed:
            line.close()
            raise LedgerError("ledger.unavailable", "this ledger is closed")
        self._line = line
        return line

    async def _pay(self) -> None:
        failures = 0
        while self._debts:
            some = [self._debts.popleft() for _ in range(min(_AT_ONCE, len(self._debts)))]
            results = await asyncio.gather(
                *(self.ask(Call(command, script)) for command, script in some), return_exceptions=True
            )
            unpaid = [
                debt for debt, result in zip(some, results, strict=True) if isinstance(result, LedgerError)
            ]
            self._debts.extendleft(reversed(unpaid))
            if not unpaid:
                failures = 0
                continue
            await asyncio.sleep(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
            failures += 1
