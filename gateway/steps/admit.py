"""admit: Principal + Call -> Decision. May they call this at all? Asked before anything costly is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.engine.ruling import rule
from gateway.question import ADMISSION, describe

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine
    from gateway.types import Call, Candidates, Decision, Principal


async def admit(
    call: Call, principal: Principal, candidates: Candidates, engine: PolicyEngine, now_us: int
) -> Decision:
    """Ask the entrypoint `gateway/admission`; every failure on the way is a deny."""
    return await rule(engine, ADMISSION, describe(call, principal, now_us, candidates.documents))
