"""`clamp`: the completion has at most so many tokens. Several clamps take the smallest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.content.fields import lowered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.obligations.terms import Terms
    from gateway.types import Clamp


def enforce(terms: Terms, clamps: Sequence[Clamp]) -> None:
    """Lower every limit that the client set; where it set none of OpenAI's, `forward` adds the provider's."""
    ceiling = min(clamp.max_tokens for clamp in clamps)
    terms.body = lowered(terms.body, ceiling)
    terms.max_tokens = ceiling if terms.max_tokens is None else min(ceiling, terms.max_tokens)
