"""inspect: Call -> Findings. Counts and labels, never text, and only the facts that the policy reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.content import chat
from gateway.question import PROMPT_TOKENS, REQUEST
from gateway.types import Findings

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine
    from gateway.types import Call

# English prose is near four bytes a token in the current encodings; other text has fewer.
_BYTES_PER_TOKEN = 4


def inspect(call: Call, engine: PolicyEngine) -> Findings:
    """Find what the active plan asks for: the declared labels always, the token estimate if it is read."""
    tokens = _estimated_tokens(call) if engine.reads(REQUEST, PROMPT_TOKENS) else None
    return Findings(labels=call.labels, prompt_tokens=tokens)


def _estimated_tokens(call: Call) -> int:
    """The prompt's size in tokens, estimated from its UTF-8 length, rounded up."""
    size = sum(len(text.encode()) for text in chat.texts(call.body))
    return -(-size // _BYTES_PER_TOKEN)
