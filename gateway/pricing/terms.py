"""Under which terms a call is made, as far as they change its price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.accounts import PriceTerms as Terms

if TYPE_CHECKING:
    from gateway.types import Call

__all__ = ["Terms", "of"]


def of(call: Call) -> Terms:
    """The terms of a call, from its arrival to its settlement: what was reserved is settled by the same."""
    wanted = call.body.get("service_tier")
    return Terms(call.received_us, wanted if isinstance(wanted, str) else "", call.modalities)
