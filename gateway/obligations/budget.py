"""`budget`: so much money in a period. All of them hold, and each is paid from."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from gateway.accounts import WHOLE_PPM, Purse
from gateway.errors import Refused
from gateway.ledger.periods import is_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.obligations.terms import Terms
    from gateway.types import Budget

_SECOND_US = 1_000_000


def enforce(terms: Terms, budgets: Sequence[Budget]) -> None:
    """Note what is to be reserved, and whether a deployment without a price may serve.

    Raises:
        Refused: `obligation.unknown`: a time zone that this machine doesn't know has no midnight here.
    """
    if not all(is_zone(each.time_zone) for each in budgets if each.time_zone is not None):
        raise Refused("obligation.unknown")
    terms.allowances += tuple(_purse(each) for each in budgets)
    terms.priced = terms.priced or any(each.unpriced != "free" for each in budgets)


def _purse(budget: Budget) -> Purse:
    return Purse(
        key=budget.key,
        usd_micros=budget.usd_micros,
        period=budget.period,
        window_us=None if budget.window_s is None else budget.window_s * _SECOND_US,
        time_zone=budget.time_zone or "UTC",
        # By the decimal that was written: 0.07 is 70,000 millionths and not one more.
        warn_ppm=tuple(sorted({ceil(Fraction(str(mark)) * WHOLE_PPM) for mark in budget.warn_at or ()})),
        hard=budget.hard,
        share=budget.share,
    )
