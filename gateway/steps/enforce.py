"""enforce: Call + Decisions -> PermittedCall.

The only place that makes one, and the only one that turns a deny into a refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import obligations
from gateway.errors import Refused
from gateway.obligations.terms import Terms
from gateway.types import Deny, PermittedCall

if TYPE_CHECKING:
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
    call: Call, principal: Principal, candidates: Candidates, admission: Allow, decision: Decision
) -> PermittedCall:
    """Obey: apply the obligations of both decisions, or refuse.

    Raises:
        Refused: the decision denies, an obligation is unknown, or no deployment is left.
    """
    allow = insist(decision)
    terms = Terms(candidates=candidates.deployments, body=call.body, max_tokens=call.max_tokens)
    obligations.enforce(terms, (*admission.obligations, *allow.obligations))
    if not terms.permitted:
        # Without a route the policy named no place where this may run, so there is none.
        raise Refused("obligation.no_route")
    return PermittedCall(
        call=call,
        principal=principal,
        deployments=terms.permitted,
        body=terms.body,
        max_tokens=terms.max_tokens,
        retain=terms.retain,
        decision=allow,
        advice=admission.advice + allow.advice,
    )
