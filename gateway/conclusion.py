"""How a request ends when it doesn't end well: one record and one clear answer for every way of failing."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING

import structlog

from gateway import answers, logs
from gateway.errors import Refused
from gateway.steps import record
from gateway.steps.settle import settle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from gateway.ports import Ports
    from gateway.types import Answer, Trail

    Deliver = Callable[[Answer], Awaitable[None]]


class Conclusion:
    """Around the steps of a request: turns what they raise into a record and an answer.

    Args:
        trail: how far the request has come.
        deliver: hands an answer to the client.
    """

    def __init__(self, trail: Trail, house: Ports, deliver: Deliver) -> None:
        self._trail = trail
        self._house = house
        self._deliver = deliver

    async def __aenter__(self) -> None:
        """Nothing to prepare."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Record and answer; only a cancellation, or a failure after the first byte, goes further up."""
        try:
            return await self._conclude(error)
        finally:
            logs.request(self._trail, self._house.now_us())
            if self._house.shadow is not None:
                self._house.shadow.consider(self._trail.raw.decision_id, self._trail.decisions)

    async def _conclude(self, error: BaseException | None) -> bool:
        if error is None:
            return True
        cut = isinstance(error, asyncio.CancelledError)
        await settle(self._trail, self._house, cut=cut)
        if cut:
            await record.abandoned(self._trail, self._house.log, self._house.now_us())
            return False
        refusal = error if isinstance(error, Refused) else _unexpected(error)
        await record.refusal(self._trail, self._house.log, refusal.code, self._house.now_us())
        if self._trail.delivery.status:
            # An answer has begun: cutting the connection is the only honest end.
            return False
        await self._refuse(refusal)
        return True

    async def _refuse(self, refusal: Refused) -> None:
        raw, decision = self._trail.raw, self._trail.decision
        revision = decision.origin.revision if decision else None
        self._trail.delivery.status = refusal.status
        names = answers.naming(raw.request_id, raw.decision_id, revision, self._trail.delivery.receipt)
        await self._deliver(answers.refused(refusal, names, raw.decision_id))


def _unexpected(error: BaseException) -> Refused:
    """Log where it happened, but not the exception's text: it may quote the prompt."""
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    structlog.get_logger("regent").error("gateway.error", exception=type(error).__qualname__, frames=frames)
    return Refused("gateway.error")
