"""Whether calls can be decided and recorded right now: what a load balancer wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.accounts import Concurrency
from gateway.engine.ruling import rule
from gateway.errors import LedgerError
from gateway.question import ADMISSION
from gateway.reasons import REASONS
from gateway.types import Deny, Question

if TYPE_CHECKING:
    from gateway.ports import Ledger, Ports


LOST = "ledger.lost"
_PROBE = (Concurrency("regent/readiness", 1),)


async def trouble(house: Ports) -> str | None:
    """The reason code of what is in the way, None if nothing is.

    The engine is asked an empty question, which every policy that is active denies with a reason of its own.
    """
    if not house.log.available:
        return "log.not_durable"
    if not house.vouched():
        return "log.unwitnessed"
    if house.counting is not None and await _has_forgotten(house.counting.ledger):
        return LOST
    decision = await rule(house.policies.current(), ADMISSION, Question({}))
    if isinstance(decision, Deny) and decision.reasons[0].id in REASONS:
        return decision.reasons[0].id
    return None


async def _has_forgotten(ledger: Ledger) -> bool:
    """Whether somebody must look at the ledger.

    One that is only out of reach comes back by itself, and calls that nothing limits are served meanwhile:
    for that no load balancer is to send all callers away.
    """
    try:
        await ledger.usage(_PROBE)
    except LedgerError as error:
        return error.code == LOST
    return False
