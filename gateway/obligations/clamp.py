"""`clamp`: at most so many tokens, at a temperature of at most so much. Several clamps take the smallest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.content.fields import cooled, lowered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.obligations.terms import Terms
    from gateway.types import Clamp


def enforce(terms: Terms, clamps: Sequence[Clamp]) -> None:
    """Lower whatever the client set that is more.

    Where it set none of OpenAI's limits of tokens, `forward` adds the provider's.
    """
    ceilings = [clamp.max_tokens for clamp in clamps if clamp.max_tokens is not None]
    if ceilings:
        ceiling = min(ceilings)
        terms.body = lowered(terms.body, ceiling)
        terms.max_tokens = ceiling if terms.max_tokens is None else min(ceiling, terms.max_tokens)
    temperatures = [clamp.temperature for clamp in clamps if clamp.temperature is not None]
    if temperatures:
        terms.body = cooled(terms.body, min(temperatures))
