"""What the benches of both ledgers reserve and settle: the same calls under the same allowances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.accounts import Amount, Concurrency, Purse, Rate

if TYPE_CHECKING:
    from gateway.accounts import Allowance

ESTIMATE, ACTUAL = Amount(1, 1500, 900), Amount(1, 1200, 700)
MINUTE_US = 60_000_000
PLENTY = 2**52
CALLERS = (1, 64)


def one_allowance(key: str) -> tuple[Allowance, ...]:
    """A rate by requests."""
    return (Rate(key, MINUTE_US, PLENTY),)


def three_levels(key: str) -> tuple[Allowance, ...]:
    """Of a user, a team and an organisation."""
    rate = Rate(f"user:{key}", MINUTE_US, PLENTY, PLENTY)
    return (rate, Concurrency(f"team:{key}", PLENTY), Purse(f"org:{key}", PLENTY, "month"))
