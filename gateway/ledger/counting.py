"""What a reservation, a settlement, an expiry and a correction do to counters: the ledger without its store.

A store begins a transaction, opens a `Book` on it, calls one of these, and writes down the counters that
changed. Everything is checked before anything changes, so what is refused has changed nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from gateway.accounts import Overdrawn, Reservation, Settled
from gateway.errors import unfit_correction, unknown_account
from gateway.ledger.names import key_of, name_of, period_name
from gateway.ledger.periods import before, span
from gateway.ledger.purses import PeriodCount
from gateway.ledger.slices import MOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.accounts import Allowance, Amount, Correction, Purse, Standing, Warned
    from gateway.errors import LedgerError
    from gateway.ledger.counts import Count
    from gateway.ledger.holds import Hold
    from gateway.ledger.purses import PurseCount


Named = dict[bytes, "Allowance"]


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


def named(allowances: Iterable[Allowance], at_us: int) -> Named:
    """Return allowances by the names of their counters at a moment.

    Args:
        allowances: merged.

    Raises:
        ValueError: a time zone that is unknown here.
    """
    return {name_of(allowance, at_us): allowance for allowance in allowances}


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
    book: Book, reservation: str, named: Named, amount: Amount, now_us: int
) -> Reservation | Overdrawn:
    """Hold `amount` under every allowance, or under none.

    Args:
        reservation: its id.
        named: the merged allowances, with their counters' names at `now_us`.
    """
    counts = [book.count(name) for name in named]
    for count, allowance in zip(counts, named.values(), strict=True):
        if not count.fits(allowance, amount, now_us):
            return _refusal(zip(counts, named.values(), strict=True), amount, now_us)
    standings: list[Standing] = []
    warnings: list[Warned] = []
    for count, (name, allowance) in zip(counts, named.items(), strict=True):
        warnings += count.take(allowance, amount, now_us)
        standings += count.standings(allowance, now_us)
        book.change(name)
    return Reservation(reservation, (*named.values(),), amount, now_us, (*standings,), (*warnings,))


def settle(book: Book, allowances: Iterable[Allowance], hold: Hold, actual: Amount, now_us: int) -> Settled:
    """Put the fact in the place of the estimate; for a call that was never made, that is `NOTHING`."""
    warnings: list[Warned] = []
    for allowance in allowances:
        name = name_of(allowance, hold.at_us)
        warnings += book.count(name).settle(allowance, hold, actual, now_us)
        book.change(name)
    return Settled(tuple(warnings), late=hold.late)


def expire(book: Book, names: Iterable[bytes], hold: Hold, now_us: int) -> None:
    """Give back what only a living caller can hold; what it may have used counts as used."""
    for name in names:
        book.count(name).expire(hold, now_us)
        book.change(name)


def usage(book: Book, allowances: Sequence[Allowance], now_us: int) -> tuple[Standing, ...]:
    """Say how allowances stand, in their order."""
    return tuple(
        standing
        for allowance in allowances
        for standing in book.count(name_of(allowance, now_us)).standings(allowance, now_us)
    )


def standing(book: Book, purse: Purse, now_us: int) -> Standing | LedgerError:
    """Say how a purse stands, or that nothing is counted of it."""
    if not _is_known(book, purse, now_us):
        return unknown_account()
    return usage(book, (purse,), now_us)[0]


def correct(book: Book, purse: Purse, correction: Correction, now_us: int) -> Standing | LedgerError:
    """Change a purse's present period; return how it stands then, or why nothing was changed.

    Raises:
        ValueError: a rolling purse has nothing to carry over.
    """
    name = name_of(purse, now_us)
    if correction.known and not _is_known(book, purse, now_us):
        return unknown_account()
    is_new = book.find(name) is None
    count = cast("PurseCount", book.count(name))
    if is_new:
        count.know(purse)
    fits = True
    if correction.kind == "reset":
        count.reset(purse, now_us)
    elif correction.kind == "top_up":
        fits = count.top_up(purse, correction.usd_micros, now_us)
    elif isinstance(count, PeriodCount):
        fits = count.carry_over(purse, _left_before(book, purse, now_us), now_us)
    else:
        raise ValueError("a rolling purse has no period before it to carry over from")
    if not fits:
        return unfit_correction()
    book.change(name)
    return count.standings(purse, now_us)[0]


def _is_known(book: Book, purse: Purse, now_us: int) -> bool:
    return book.find(name_of(purse, now_us)) is not None or _before(book, purse, now_us) is not None


def _left_before(book: Book, purse: Purse, now_us: int) -> int:
    found = _before(book, purse, now_us)
    return found.left() if isinstance(found, PeriodCount) else 0


def _before(book: Book, purse: Purse, now_us: int) -> Count | None:
    """The count of the period before, if there is one."""
    if purse.period is None:
        return None
    present = span(purse.period, purse.time_zone, now_us)
    past = before(purse.period, purse.time_zone, present)
    return book.find(period_name(purse.key, purse.period, purse.time_zone, past))


def _refusal(counts: Iterable[tuple[Count, Allowance]], amount: Amount, now_us: int) -> Overdrawn:
    """The one that will refuse for longest; the first of equals."""
    return max((each for count, it in counts for each in count.refusals(it, amount, now_us)), key=_until)


def _until(refusal: Overdrawn) -> float:
    return float("inf") if refusal.retry_at_us is None else refusal.retry_at_us


def keys_of(names: Iterable[bytes]) -> tuple[str, ...]:
    """Return the keys of counters, each once, in order."""
    return tuple(dict.fromkeys(map(key_of, names)))
