"""Under which terms a call is made, as far as they change its price."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gateway.types import Call


class Terms(NamedTuple):
    """What a price depends on besides the tokens.

    Args:
        at_us: when, microseconds since the epoch (UTC): some prices begin on a day, or hold by night.
        service_tier: what the client wants of the upstream (`flex`, `priority`); empty if nothing special.
        modalities: what goes in or is asked for, as in `Call.modalities`: a list may price sound apart.
        batch: whether the call is part of a batch.
    """

    at_us: int
    service_tier: str = ""
    modalities: tuple[str, ...] = ("text",)
    batch: bool = False


def of(call: Call) -> Terms:
    """The terms of a call, from its arrival to its settlement: what was reserved is settled by the same."""
    wanted = call.body.get("service_tier")
    return Terms(call.received_us, wanted if isinstance(wanted, str) else "", call.modalities)
