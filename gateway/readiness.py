"""Whether calls can be decided and recorded right now: what a load balancer wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.engine.ruling import rule
from gateway.question import ADMISSION
from gateway.reasons import REASONS
from gateway.types import Deny, Question

if TYPE_CHECKING:
    from gateway.ports import Ports


async def trouble(house: Ports) -> str | None:
    """The reason code of what is in the way, None if nothing is.

    The engine is asked an empty question, which every policy that is active denies with a reason of its own.
    """
    if not house.log.available:
        return "log.not_durable"
    if not house.vouched():
        return "log.unwitnessed"
    decision = await rule(house.policies.current(), ADMISSION, Question({}))
    if isinstance(decision, Deny) and decision.reasons[0].id in REASONS:
        return decision.reasons[0].id
    return None
