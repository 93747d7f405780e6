"""decide: Question -> Decision. The policy says allow, with obligations, or deny, with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.engine.ruling import rule
from gateway.errors import Refused
from gateway.question import REQUEST, with_content

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine
    from gateway.types import Call, Candidates, Decision, Findings, Question


async def decide(
    question: Question, call: Call, candidates: Candidates, findings: Findings, engine: PolicyEngine
) -> Decision:
    """Ask the entrypoint `gateway/request`; every failure on the way is a deny.

    Raises:
        Refused: `model.unknown` if no deployment serves the model. Only admitted callers learn that.
    """
    if not candidates.deployments:
        raise Refused("model.unknown", param="model")
    return await rule(engine, REQUEST, with_content(question, call, findings))
