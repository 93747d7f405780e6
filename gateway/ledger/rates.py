"""The count of a `Rate`: requests and tokens of one window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.accounts import Overdrawn, Quantity, Standing
from gateway.ledger.slices import Slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.accounts import Amount, Rate, Warned
    from gateway.ledger.holds import Hold

REQUESTS, TOKENS = 0, 1
_QUANTITIES: tuple[Quantity, Quantity] = ("requests", "tokens")


class RateCount:
    """Requests and tokens, both counted whichever is limited; for its methods see `Count`.

    Args:
        window_us, first: as for `Slices`.
        requests, tokens: its uses.
    """

    __slots__ = ("_slices",)

    def __init__(self, window_us: int, first: int, requests: list[int], tokens: list[int]) -> None:
        self._slices = Slices(window_us, first, (requests, tokens))

    def fits(self, rate: Rate, amount: Amount, now_us: int) -> bool:
        """Each limited quantity of which something is asked has room for it."""
        self._slices.turn(now_us)
        most = rate.requests
        if most is not None and amount.requests and self._slices.total(REQUESTS) + amount.requests > most:
            return False
        most = rate.tokens
        return most is None or not amount.tokens or self._slices.total(TOKENS) + amount.tokens <= most

    def refusals(self, rate: Rate, amount: Amount, now_us: int) -> Iterator[Overdrawn]:
        """It fits when enough slices have left."""
        for standing in self.standings(rate, now_us):
            at = REQUESTS if standing.quantity == "requests" else TOKENS
            asked, over = amount[at], standing.used + amount[at] - standing.most
            if asked and over > 0:
                retry_at_us = None if asked > standing.most else self._slices.free_us(at, over)
                yield Overdrawn(standing, asked, retry_at_us, now_us)

    def take(self, _rate: Rate, amount: Amount, now_us: int) -> tuple[Warned, ...]:
        """What is reserved counts as used."""
        self._slices.add(now_us, (amount.requests, amount.tokens), now_us)
        return ()

    def settle(self, _rate: Rate, hold: Hold, actual: Amount, now_us: int) -> tuple[Warned, ...]:
        """In the slice of the reservation, as long as that counts."""
        estimate = hold.amount
        changes = (actual.requests - estimate.requests, actual.tokens - estimate.tokens)
        if changes != (0, 0):
            self._slices.add(hold.at_us, changes, now_us)
        return ()

    def expire(self, _hold: Hold, _now_us: int) -> None:
        """Nothing changes: it counts as used already."""

    def standings(self, rate: Rate, now_us: int) -> tuple[Standing, ...]:
        """Of each limited quantity; requests first."""
        self._slices.turn(now_us)
        if rate.tokens is None:
            return () if rate.requests is None else (self._standing(rate, REQUESTS, rate.requests, now_us),)
        tokens = self._standing(rate, TOKENS, rate.tokens, now_us)
        if rate.requests is None:
            return (tokens,)
        return (self._standing(rate, REQUESTS, rate.requests, now_us), tokens)

    def until_us(self) -> int:
        """When its last slice has left."""
        return self._slices.gone_us()

    def facts(self) -> list[Any]:
        """The slices."""
        return [self._slices.first, *self._slices.uses]

    def _standing(self, rate: Rate, at: int, most: int, now_us: int) -> Standing:
        used = self._slices.total(at)
        resets_at_us = self._slices.empty_us(at) if used else now_us
        return Standing(rate, _QUANTITIES[at], most, used, 0, resets_at_us or now_us)
