"""What a reservation, a settlement, an expiry and a correction do to counters: the ledger without its store.

A store begins a transaction, opens a `Book` on it, calls one of these, and writes down the counters that
changed. Everything is checked before anything changes, so what is refused has changed nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gateway.accounts import Overdrawn, Reservation, Settled
from gateway.ledger import names
from gateway.ledger.names import name_of, period_name
from gateway.ledger.periods import before, span
from gateway.ledger.purses import PeriodCount, PurseCount
from gateway.ledger.slices import MOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.accounts import Allowance, Amount, Correction, Purse, Standing, Warned
    from gateway.ledger.counts import Count
    from gateway.ledger.holds import Hold


class Book(Protocol):
    """**Protocol:** the counters as one transaction sees them."""

    def count(self, name: bytes) -> Count:
        """Return a counter; the same object each time, a fresh one if nobody has used it."""
        ...

    def find(self, name: bytes) -> Count | None:
        """Return a counter that somebody has used."""
        ...

    def change(self, name: bytes) -> None:
        """Have a counter written down at the transaction's end."""
        ...


def checked(amount: Amount) -> Amount:
    """Return `amount`.

    Raises:
        ValueError: a number in it is negative, which would give to whoever takes, or too large.
    """
    requests, tokens, usd_micros = amount
    if not (0 <= requests <= MOST and 0 <= tokens <= MOST and 0 <= usd_micros <= MOST):
        raise ValueError("an amount has numbers from 0 to 2^53 - 1")
    return amount


def reserve(
    book: Book, reservation: str, allowances: tuple[Allowance, ...], amount: Amount, now_us: int
) -> Reservation | Overdrawn:
    """Hold `amount` under every allowance, or under none.

    Args:
        reservation: its id.
        allowances: merged.
    """
    named = [name_of(allowance, now_us) for allowance in allowances]
    pairs = [(allowance, book.count(name)) for allowance, name in zip(allowances, named, strict=True)]
    if not all(count.fits(allowance, amount, now_us) for allowance, count in pairs):
        refusals = (each for it, count in pairs for each in count.refusals(it, amount, now_us))
        return max(refusals, key=_until)
    standings: list[Standing] = []
    warnings: list[Warned] = []
    for (allowance, count), name in zip(pairs, named, strict=True):
        warnings += count.take(allowance, amount, now_us)
        standings += count.standings(allowance, now_us)
        book.change(name)
    return Reservation(reservation, allowances, amount, now_us, tuple(standings), tuple(warnings))


def settle(book: Book, allowances: Iterable[Allowance], hold: Hold, actual: Amount, now_us: int) -> Settled:
    """Put the fact in the place of the estimate; for a call that was never made, that is `NOTHING`."""
    warnings: list[Warned] = []
    for allowance in allowances:
        name = name_of(allowance, hold.at_us)
        warnings += book.count(name).settle(allowance, hold, actual, now_us)
        book.change(name)
    return Settled(tuple(warnings), late=hold.late)


def expire(book: Book, named: Iterable[bytes], hold: Hold, now_us: int) -> None:
    """Give back what only a living caller can hold; what it may have used counts as used."""
    for name in named:
        book.count(name).expire(hold, now_us)
        book.change(name)


def usage(book: Book, allowances: Sequence[Allowance], now_us: int) -> tuple[Standing, ...]:
    """Say how allowances stand, in their order."""
    return tuple(
        standing
        for allowance in allowances
        for standing in book.count(name_of(allowance, now_us)).standings(allowance, now_us)
    )


def correct(book: Book, purse: Purse, correction: Correction, now_us: int) -> Standing:
    """Change a purse's present period; return how it stands then.

    Raises:
        ValueError: a rolling purse has nothing to carry over.
    """
    name = name_of(purse, now_us)
    count = book.count(name)
    if not isinstance(count, PurseCount):
        raise TypeError("only a purse is corrected")
    if correction.kind == "reset":
        count.reset(purse, now_us)
    elif correction.kind == "top_up":
        count.top_up(purse, correction.usd_micros, now_us)
    elif isinstance(count, PeriodCount):
        count.carry_over(purse, _left_before(book, purse, now_us), now_us)
    else:
        raise ValueError("a rolling purse has no period before it to carry over from")
    book.change(name)
    return count.standings(purse, now_us)[0]


def _left_before(book: Book, purse: Purse, now_us: int) -> int:
    if purse.period is None:
        return 0
    present = span(purse.period, purse.time_zone, now_us)
    past = before(purse.period, purse.time_zone, present)
    found = book.find(period_name(purse.key, purse.period, purse.time_zone, past))
    return found.left() if isinstance(found, PeriodCount) else 0


def _until(refusal: Overdrawn) -> float:
    """For how long it will refuse; `max` takes the first of equals."""
    return float("inf") if refusal.retry_at_us is None else refusal.retry_at_us


def keys_of(named: Iterable[bytes]) -> tuple[str, ...]:
    """Return the keys of counters, each once, in order."""
    return tuple(dict.fromkeys(map(names.key_of, named)))
