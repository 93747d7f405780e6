"""inspect: Call -> Findings. Counts and labels, never text, and only the facts that the policy reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.question import PROMPT_TOKENS, REQUEST
from gateway.types import Findings

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine, Tokens
    from gateway.types import Call, Candidates


def inspect(call: Call, candidates: Candidates, engine: PolicyEngine, tokens: Tokens) -> Findings:
    """Find what the active plan asks for: the declared labels always, the token estimate if it is read."""
    count = None
    if engine.reads(REQUEST, PROMPT_TOKENS):
        count = tokens.prompt(call.body, [each.model for each in candidates.deployments]).expected
    return Findings(labels=call.labels, prompt_tokens=count)
