"""`retain`: what the record may keep of the payload. Several take the more private and the shorter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.types import Retain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.obligations.terms import Terms


def enforce(terms: Terms, retentions: Sequence[Retain]) -> None:
    """Keep nothing of the payload if one of them says so, and all of it for the fewest days."""
    days = min(retention.days for retention in retentions)
    nothing = any(retention.payload == "none" for retention in retentions)
    terms.retain = Retain(payload="none" if nothing else "digest", days=days)
