"""enforce: Call + Decisions -> PermittedCall.

The only place that makes one, and the only one that turns a deny into a refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import obligations
from gateway.accounts import counts_length
from gateway.content.fields import lowered
from gateway.errors import Refused
from gateway.obligations.terms import Terms
from gateway.types import Deny, PermittedCall

if TYPE_CHECKING:
    from gateway.ports import Counting
    from gateway.types import Allow, Call, Candidates, Decision, Principal


def insist(decision: Decision) -> Allow:
    """The decision, if it allows.

    Raises:
        Refused: the first reason's id and its text for the user; HTTP 403 for a policy's own reason,
            the code's status where the policy could not be asked.
    """
    if isinstance(decision, Deny):
        reason = decision.reasons[0]
        raise Refused(reason.id, reason.user, decision=decision)
    return decision


def enforce(
    call: Call,
    principal: Principal,
    candidates: Candidates,
    admission: Allow,
    decision: Decision,
    counting: Counting | None = None,
) -> PermittedCall:
    """Obey: apply the obligations of both decisions, or refuse.

    Args:
        counting: what limits and budgets are counted with; None where nothing can be.

    Raises:
        Refused: the decision denies, an obligation is unknown, or no deployment is left;
            `budget.unpriced`: none that has a price; `ledger.unavailable`: limits that nobody can count.
    """
    allow = insist(decision)
    terms = Terms(candidates=candidates.deployments, body=call.body, max_tokens=call.max_tokens)
    obligations.enforce(terms, (*admission.obligations, *allow.obligations))
    if not terms.permitted:
        # Without a route the policy named no place where this may run, so there is none.
        raise Refused("obligation.no_route")
    if terms.allowances:
        _countable(terms, counting)
    return PermittedCall(
        call=call,
        principal=principal,
        deployments=terms.permitted,
        body=terms.body,
        max_tokens=terms.max_tokens,
        retain=terms.retain,
        decision=allow,
        advice=admission.advice + allow.advice,
        allowances=terms.allowances,
    )


def _countable(terms: Terms, counting: Counting | None) -> None:
    """Leave only what can be counted: deployments with a price, and a reply that has an end."""
    if counting is None:
        raise Refused("ledger.unavailable")
    if terms.priced:
        terms.permitted = tuple(each for each in terms.permitted if counting.prices.priced(each))
        if not terms.permitted:
            raise Refused("budget.unpriced")
    if any(counts_length(each) for each in terms.allowances):
        # What has no bound can't be reserved, and what isn't reserved can be overspent.
        terms.max_tokens = terms.max_tokens or counting.completion_tokens
        # Upstreams differ in which of two names they obey: a second, larger bound would go unreserved.
        terms.body = lowered(terms.body, terms.max_tokens)
