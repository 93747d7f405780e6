"""reserve: what the call may take is held under all its limits and budgets at once, or it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.accounts import Amount, Overdrawn, Purse, Rate
from gateway.errors import LedgerError, Refused
from gateway.pricing.terms import of as terms_of
from gateway.quotas import refusal

if TYPE_CHECKING:
    from gateway.accounts import Reservation
    from gateway.ports import Counting, Tokens
    from gateway.types import PermittedCall


async def reserve(permitted: PermittedCall, counting: Counting | None, tokens: Tokens) -> Reservation | None:
    """Hold the call's estimate; None where nothing limits it, and then nothing is estimated or asked.

    Raises:
        Refused: `limit.*` or `budget.*`: it doesn't fit; `ledger.*`: nobody can tell.
    """
    if not permitted.allowances:
        return None
    if counting is None:
        raise Refused("ledger.unavailable")
    try:
        # By the decision's id, so that the log tells whose a reservation was that expired.
        name = permitted.call.decision_id
        held = await counting.ledger.reserve(permitted.allowances, _most(permitted, counting, tokens), name)
    except LedgerError as error:
        raise Refused(error.code) from error
    if isinstance(held, Overdrawn):
        raise refusal(held)
    if held.warnings:
        counting.warn(held.warnings)
    return held


def _most(permitted: PermittedCall, counting: Counting, tokens: Tokens) -> Amount:
    """What the call can take: the prompt, and as many replies as it asks for at their full length."""
    counted = any(isinstance(each, Rate) and each.tokens is not None for each in permitted.allowances)
    paid = any(isinstance(each, Purse) for each in permitted.allowances)
    if not counted and not paid:
        return Amount(1)
    prompt = tokens.prompt(permitted.body, [each.model for each in permitted.deployments]).upper
    completion = (permitted.max_tokens or counting.completion_tokens) * (permitted.call.choices or 1)
    # Without a price it is free: the policy says so, or `enforce` had left the deployment out.
    priced = [each for each in permitted.deployments if counting.prices.priced(each)]
    cost = (
        counting.prices.estimate(priced, prompt, completion, terms_of(permitted.call))
        if paid and priced
        else 0
    )
    return Amount(1, prompt + completion, cost or 0)
