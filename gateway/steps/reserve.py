"""reserve: what the call may take is held under all its limits and budgets at once, or it is refused.

Each try that may be charged is held for. One that failed in a way that may cost money keeps its hold, and
another deployment is asked only if the call fits once more: no number of tries overspends a budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.accounts import Amount, Overdrawn, Purse, counts_length
from gateway.errors import LedgerError, Refused
from gateway.pricing.terms import of as terms_of
from gateway.quotas import refusal
from gateway.types import Lost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.accounts import Allowance, Reservation
    from gateway.ports import Counting, Ports, Tokens
    from gateway.types import Deployment, PermittedCall, Trail


async def reserve(permitted: PermittedCall, counting: Counting | None, tokens: Tokens) -> Reservation | None:
    """Hold the call's estimate; None where nothing limits it, and then nothing is estimated or asked.

    Raises:
        Refused: `limit.*` or `budget.*`: it doesn't fit; `ledger.*`: nobody can tell.
    """
    if not permitted.allowances:
        return None
    if counting is None:
        raise Refused("ledger.unavailable")
    most = _most(permitted, permitted.deployments, counting, tokens)
    # By the decision's id, so that the log tells whose a reservation was that expired.
    return await _held(counting, permitted.allowances, most, permitted.call.decision_id)


async def reserve_again(trail: Trail, house: Ports, place: Deployment) -> None:
    """Hold the call's tokens and money once more, for the next try; the request itself counts once.

    Args:
        trail: learns of the try that is over, and of the new hold.
        place: where that was; it may charge for it.

    Raises:
        Refused: as for `reserve`: nobody else is asked.
    """
    held, counting, permitted = trail.reservation, house.counting, trail.permitted
    trail.lost.append(Lost(place, len(trail.attempts) - 1, held))
    if held is None or counting is None or permitted is None:
        return
    allowances = [each for each in held.allowances if counts_length(each)]
    if not allowances:
        return
    trail.asking = False
    left = permitted.deployments[len(trail.attempts) :]
    most = _most(permitted, left, counting, house.tokens)._replace(requests=0)
    name = f"{permitted.call.decision_id}{len(trail.lost):02x}"
    trail.reservation = await _held(counting, allowances, most, name)
    trail.asking = True


async def _held(
    counting: Counting, allowances: Sequence[Allowance], amount: Amount, name: str
) -> Reservation:
    try:
        held = await counting.ledger.reserve(allowances, amount, name)
    except LedgerError as error:
        raise Refused(error.code) from error
    if isinstance(held, Overdrawn):
        raise refusal(held)
    if held.warnings:
        counting.warn(held.warnings)
    return held


def _most(
    permitted: PermittedCall, places: Sequence[Deployment], counting: Counting, tokens: Tokens
) -> Amount:
    """What the call can take: the prompt, and as many replies as it asks for at their full length.

    Money is held by what no text exceeds, since what is paid can't be had back. A window of tokens would
    then refuse prompts of a quarter of its size: there what is hardly ever exceeded has to do.
    """
    if not any(counts_length(each) for each in permitted.allowances):
        return Amount(1)
    paid = any(isinstance(each, Purse) for each in permitted.allowances)
    prompt = tokens.prompt(permitted.body, [each.model for each in places])
    completion = (permitted.max_tokens or counting.completion_tokens) * (permitted.call.choices or 1)
    # Without a price it is free: the policy says so, or `enforce` had left the deployment out.
    priced = [each for each in places if counting.prices.priced(each)]
    cost = (
        counting.prices.estimate(priced, prompt.bound, completion, terms_of(permitted.call))
        if paid and priced
        else 0
    )
    return Amount(1, prompt.upper + completion, cost or 0)
