"""What every counter can do, whatever it counts; and how one is made, and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import orjson

from gateway.ledger import names
from gateway.ledger.calls import CallCount
from gateway.ledger.periods import after, span
from gateway.ledger.purses import PeriodCount, RollingCount
from gateway.ledger.rates import RateCount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.accounts import Amount, Overdrawn, Standing, Warned
    from gateway.ledger.holds import Hold


class Count(Protocol):
    """**Protocol:** the state of one counter, in memory for one transaction.

    The allowance is whichever the caller's policy names, as long as it counts here.
    """

    def fits(self, allowance: Any, amount: Amount, now_us: int, /) -> bool:
        """Tell whether `amount` may be taken; who takes nothing of a quantity is never refused."""
        ...

    def refusals(self, allowance: Any, amount: Amount, now_us: int, /) -> Iterable[Overdrawn]:
        """Say of each quantity that doesn't fit when it would."""
        ...

    def take(self, allowance: Any, amount: Amount, now_us: int, /) -> tuple[Warned, ...]:
        """Count a call from now on, whether it fits or not; return the marks that it passes."""
        ...

    def settle(self, allowance: Any, hold: Hold, actual: Amount, now_us: int, /) -> tuple[Warned, ...]:
        """Put the fact where the estimate stands; return the marks that it passes."""
        ...

    def expire(self, hold: Hold, now_us: int, /) -> None:
        """Give back what only a living caller can hold; the estimate stands."""
        ...

    def standings(self, allowance: Any, now_us: int, /) -> tuple[Standing, ...]:
        """Say how it stands."""
        ...

    def until_us(self) -> int:
        """Return from when on the count means nothing and may be forgotten."""
        ...

    def facts(self) -> list[Any]:
        """Return all there is to know of it."""
        ...


def fresh(name: bytes) -> Count:
    """Return the counter of a name that nobody has used yet."""
    kind = name[:1]
    if kind == names.RATE:
        return RateCount(names.window_of(name), 0, [], [])
    if kind == names.AT_ONCE:
        return CallCount(0)
    if kind == names.ROLLING:
        return RollingCount(names.window_of(name), 0, [], 0, 0, [])
    period, zone, start_us = names.period_of(name)
    given = span(period, zone, start_us)
    return PeriodCount(given.end_us, after(period, zone, given).end_us, 0, 0, 0, 0, 0, [])


def loaded(name: bytes, state: bytes) -> Count:
    """Return a counter as it was written down.

    Raises:
        ValueError, TypeError: it wasn't written here.
    """
    kind = name[:1]
    facts: list[Any] = orjson.loads(state)
    if kind == names.RATE:
        return RateCount(names.window_of(name), *facts)
    if kind == names.AT_ONCE:
        return CallCount(*facts)
    if kind == names.ROLLING:
        return RollingCount(names.window_of(name), *facts)
    return PeriodCount(*facts)


def written(count: Count) -> bytes:
    """Return a counter's state as text."""
    return orjson.dumps(count.facts())
