"""The terms under which a call may leave: what obligations act upon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.types import Retain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.accounts import Allowance
    from gateway.types import Deployment

UNROUTED: tuple[Deployment, ...] = ()
DEFAULT_RETENTION = Retain(payload="digest", days=400)


@dataclass(slots=True)
class Terms:
    """A call's conditions: the sheet on which each kind of obligation writes its part.

    Args:
        candidates: every deployment that serves the model.
        permitted: the deployments that a route left; empty until a route was applied, so that a
            decision without a route permits nothing.
        body: the client's body with obligations applied.
        max_tokens: the completion limit that now holds, in tokens; None if there is none.
        retain: what the record may keep.
        allowances: what the call must fit into, and is counted under.
        priced: whether only deployments with a price may serve, because a budget pays.
    """

    candidates: tuple[Deployment, ...]
    body: Mapping[str, object]
    max_tokens: int | None = None
    permitted: tuple[Deployment, ...] = UNROUTED
    retain: Retain = DEFAULT_RETENTION
    allowances: tuple[Allowance, ...] = ()
    priced: bool = False
