"""`retain`: what the record may keep of the payload. Several take the more private and the shorter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gateway.types import Retain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.obligations.terms import Terms

_MOST_PRIVATE_FIRST: tuple[Literal["none", "digest", "sealed"], ...] = ("none", "digest", "sealed")


def enforce(terms: Terms, retentions: Sequence[Retain]) -> None:
    """Keep nothing of the payload if one of them says so, seal it if all do; for the fewest days."""
    days = min(retention.days for retention in retentions)
    asked = {retention.payload for retention in retentions}
    terms.retain = Retain(payload=next(kept for kept in _MOST_PRIVATE_FIRST if kept in asked), days=days)
