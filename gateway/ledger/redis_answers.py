"""What the scripts answer, as the ledger's words: numbers in the order in which `lua/` writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gateway.accounts import Amount, Concurrency, Expired, Overdrawn, Purse, Rate, Standing, Warned
from gateway.errors import LedgerError, unfit_correction, unknown_account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.accounts import Quantity
    from gateway.ledger.redis_plan import Plan

DONE, OVERDRAWN, LOST, LAPSED, OTHER_PERIOD, ABANDONED, UNKNOWN, UNFIT = range(8)
FINAL = frozenset({DONE, OVERDRAWN, UNKNOWN, UNFIT})
"""Statuses after which nothing is to be done before asking again."""
STATUS, NOW = 0, 1
_STANDING = 4
_WARNING = 5


def numbers(reply: bytes) -> list[int]:
    """Read an answer: a status, the ledger's present, and what belongs to the status.

    Raises:
        LedgerError: it is none.
    """
    try:
        return list(map(int, reply.split()))
    except ValueError as error:
        raise LedgerError("ledger.unavailable", "the server's answer is none of ours") from error


def standings(plan: Plan, found: Sequence[int], at: int = 2) -> tuple[Standing, ...]:
    """Read how each quantity stands, from one place of an answer on."""
    return tuple(
        Standing(allowance, quantity, *found[place : place + _STANDING])
        for (allowance, quantity), place in zip(
            plan.quantities, range(at, len(found), _STANDING), strict=False
        )
    )


def stood(plan: Plan, found: Sequence[int]) -> Standing:
    """Read how the one purse of a plan stands.

    Raises:
        LedgerError: `budget.unknown_account` or `budget.correction_unfit`.
    """
    if found[STATUS] == UNKNOWN:
        raise unknown_account()
    if found[STATUS] == UNFIT:
        raise unfit_correction()
    return standings(plan, found)[0]


def after_standings(plan: Plan) -> int:
    """Where an answer goes on after its standings."""
    return 2 + _STANDING * len(plan.quantities)


def warnings(plan: Plan, found: Sequence[int], at: int) -> tuple[Warned, ...]:
    """Read which marks were passed, from one place of an answer to its end."""
    if at >= len(found):
        return ()
    told = []
    for place in range(at, len(found), _WARNING):
        which, *rest = found[place : place + _WARNING]
        purse = plan.allowances[which]
        if isinstance(purse, Purse):
            told.append(Warned(purse, *rest))
    return tuple(told)


def overdrawn(plan: Plan, found: Sequence[int]) -> Overdrawn:
    """Read a refusal."""
    _, now_us, which, quantity, asked, retry_at_us, *rest = found
    allowance = plan.allowances[which]
    name: Quantity = "usd_micros"
    if isinstance(allowance, Rate):
        name = "requests" if quantity == 1 else "tokens"
    elif isinstance(allowance, Concurrency):
        name = "concurrent"
    standing = Standing(allowance, name, *rest)
    return Overdrawn(standing, asked, retry_at_us if retry_at_us >= 0 else None, now_us)


def expired(reply: bytes) -> tuple[Expired, ...]:
    """Read a list of expired reservations, which follows the first two numbers."""
    return tuple(
        Expired(name, Amount(requests, tokens, usd_micros), tuple(keys), at_us)
        for name, requests, tokens, usd_micros, at_us, keys in json.loads(reply.split(b" ", 2)[2])
    )
