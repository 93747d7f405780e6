"""inspect: Call -> Findings. Counts and labels, never text, and only the facts that the policy reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.content import tokens
from gateway.question import PROMPT_TOKENS, REQUEST
from gateway.types import Findings

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine
    from gateway.types import Call


def inspect(call: Call, engine: PolicyEngine) -> Findings:
    """Find what the active plan asks for: the declared labels always, the token estimate if it is read."""
    count = tokens.prompt(call.body).expected if engine.reads(REQUEST, PROMPT_TOKENS) else None
    return Findings(labels=call.labels, prompt_tokens=count)
