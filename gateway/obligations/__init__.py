"""What a policy may ask for and how it is carried out: one file per kind, one visible table.

A kind that isn't in the table denies the call, because an obligation that nobody enforces was
a condition of the permission.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.errors import Refused
from gateway.ledger.merging import merged
from gateway.obligations import budget, clamp, limit, retain, route
from gateway.obligations.terms import Terms
from gateway.types import Budget, Clamp, Limit, Retain, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gateway.accounts import Allowance
    from gateway.types import Obligation

ENFORCERS: Mapping[type, Callable[[Terms, Sequence[Any]], None]] = {
    Route: route.enforce,
    Clamp: clamp.enforce,
    Retain: retain.enforce,
    Limit: limit.enforce,
    Budget: budget.enforce,
}


def enforce(terms: Terms, obligations: Iterable[Obligation]) -> None:
    """Apply every obligation to `terms`; those of one kind are merged first, always to the stricter.

    Raises:
        Refused: `obligation.unknown` for a kind without an enforcer, `obligation.no_route` if no
            deployment is left.
    """
    by_kind: dict[type, list[object]] = {}
    for obligation in obligations:
        by_kind.setdefault(type(obligation), []).append(obligation)
    for kind, same in by_kind.items():
        enforcer = ENFORCERS.get(kind)
        if enforcer is None:
            raise Refused("obligation.unknown")
        enforcer(terms, same)


def allowances(obligations: Iterable[Obligation]) -> tuple[Allowance, ...]:
    """Return what limits and budgets among `obligations` allow, merged; nothing is applied to any call.

    Raises:
        Refused: `obligation.unknown`, as `enforce`.
    """
    terms = Terms(candidates=(), body={})
    enforce(terms, [each for each in obligations if isinstance(each, Limit | Budget)])
    return merged(terms.allowances)
