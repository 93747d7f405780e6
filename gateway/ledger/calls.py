"""The count of a `Concurrency`: calls in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.accounts import Overdrawn, Standing
from gateway.ledger.slices import FOREVER_US

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.accounts import Amount, Concurrency, Warned
    from gateway.ledger.holds import Hold


class CallCount:
    """Reservations that have neither ended nor expired; for its methods see `Count`.

    Args:
        calls: how many.
    """

    __slots__ = ("_calls",)

    def __init__(self, calls: int) -> None:
        self._calls = calls

    def fits(self, limit: Concurrency, _amount: Amount, _now_us: int) -> bool:
        """There is a place for the call itself."""
        return self._calls < limit.calls

    def refusals(self, limit: Concurrency, amount: Amount, now_us: int) -> Iterator[Overdrawn]:
        """When there will be a place nobody knows."""
        if not self.fits(limit, amount, now_us):
            yield Overdrawn(self.standings(limit, now_us)[0], 1, None, now_us)

    def take(self, _limit: Concurrency, _amount: Amount, _now_us: int) -> tuple[Warned, ...]:
        """A place is taken."""
        self._calls += 1
        return ()

    def settle(self, _limit: Concurrency, hold: Hold, _actual: Amount, now_us: int) -> tuple[Warned, ...]:
        """The place is free, if it hasn't been given to others already."""
        if not hold.late:
            self.expire(hold, now_us)
        return ()

    def expire(self, _hold: Hold, _now_us: int) -> None:
        """The place is free."""
        self._calls = max(0, self._calls - 1)

    def standings(self, limit: Concurrency, _now_us: int) -> tuple[Standing, ...]:
        """How many are in flight."""
        return (Standing(limit, "concurrent", limit.calls, 0, self._calls, 0),)

    def until_us(self) -> int:
        """As long as there are any."""
        return FOREVER_US if self._calls else 0

    def facts(self) -> list[Any]:
        """Their number."""
        return [self._calls]
