"""`clamp`: the completion has at most so many tokens. Several clamps take the smallest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.content.chat import LIMIT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.obligations.terms import Terms
    from gateway.types import Clamp


def enforce(terms: Terms, clamps: Sequence[Clamp]) -> None:
    """Lower the limits that the client set; where it set none, `forward` adds one in the provider's field."""
    ceiling = min(clamp.max_tokens for clamp in clamps)
    body = terms.body
    lowered = {
        field: ceiling
        for field in LIMIT_FIELDS
        if isinstance(limit := body.get(field), int) and limit > ceiling
    }
    if lowered:
        terms.body = {**body, **lowered}
    terms.max_tokens = ceiling if terms.max_tokens is None else min(ceiling, terms.max_tokens)
