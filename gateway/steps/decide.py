"""decide: Question -> Decision. The policy says allow, with obligations, or deny, with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.engine.ruling import rule
from gateway.errors import Refused
from gateway.question import REQUEST, describe

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine
    from gateway.types import Call, Candidates, Decision, Findings, Principal


async def decide(
    call: Call,
    principal: Principal,
    candidates: Candidates,
    findings: Findings,
    engine: PolicyEngine,
    now_us: int,
) -> Decision:
    """Ask the entrypoint `gateway/request`; every failure on the way is a deny.

    Raises:
        Refused: `model.unknown` if no deployment serves the model. Only admitted callers learn that.
    """
    if not candidates.deployments:
        raise Refused("model.unknown", param="model")
    return await rule(engine, REQUEST, describe(call, principal, now_us, candidates.documents, findings))
