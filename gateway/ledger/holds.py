"""A reservation as the counters meet it: how much, since when, and whether it had expired."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gateway.accounts import Amount


class Hold(NamedTuple):
    """What a counter holds for one call.

    Args:
        amount: the estimate.
        at_us: when it was reserved; says in which slice or period it is.
        late: whether it has expired: then its place is gone and its money counted as spent.
    """

    amount: Amount
    at_us: int
    late: bool = False
