"""Where the ledger of many replicas can't be reached: each gives out its own share, if the policy says so.

Every allowance of the call must name a share, for one without would be given out by each replica in full.
What is given out so is counted here and stays here; the reservation says that it is `local`.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from gateway.accounts import Concurrency, Rate, Reservation
from gateway.errors import LedgerError
from gateway.ledger.merging import merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.accounts import (
        Allowance,
        Amount,
        Correction,
        Expired,
        Overdrawn,
        Purse,
        Settled,
        Standing,
    )
    from gateway.ports import Ledger

OUT_OF_REACH = frozenset({"ledger.unavailable", "ledger.busy"})
"""Failures that end by themselves. A ledger that has forgotten or is full is for somebody to look at."""


class SharingLedger:
    """A `Ledger` over two: the one of all replicas, and this replica's own for what it may give out.

    Args:
        remote: of all replicas.
        local: of this replica alone, for all of its processes.
    """

    def __init__(self, remote: Ledger, local: Ledger) -> None:
        self._remote = remote
        self._local = local

    async def reserve(
        self, allowances: Sequence[Allowance], amount: Amount, name: str | None = None
    ) -> Reservation | Overdrawn:
        """See `gateway.ports.Ledger`."""
        try:
            return await self._remote.reserve(allowances, amount, name)
        except LedgerError as error:
            shares = _shares(allowances) if error.code in OUT_OF_REACH else None
            if shares is None:
                raise
        found = await self._local.reserve(shares, amount, name)
        return replace(found, local=True) if isinstance(found, Reservation) else found

    async def settle(self, reservation: Reservation, actual: Amount) -> Settled:
        """See `gateway.ports.Ledger`: where it was reserved, and nowhere else."""
        return await self._of(reservation).settle(reservation, actual)

    async def release(self, reservation: Reservation) -> None:
        """See `gateway.ports.Ledger`: where it was reserved, and nowhere else."""
        await self._of(reservation).release(reservation)

    async def usage(self, allowances: Sequence[Allowance]) -> tuple[Standing, ...]:
        """See `gateway.ports.Ledger`: of all replicas; while they are out of reach, how this share stands."""
        try:
            return await self._remote.usage(allowances)
        except LedgerError as error:
            shares = _shares(allowances) if error.code in OUT_OF_REACH else None
            if shares is None:
                raise
        return await self._local.usage(shares)

    async def standing(self, purse: Purse) -> Standing:
        """See `gateway.ports.Ledger`: of all replicas."""
        return await self._remote.standing(purse)

    async def correct(self, purse: Purse, correction: Correction) -> Standing:
        """See `gateway.ports.Ledger`: of all replicas."""
        return await self._remote.correct(purse, correction)

    async def expired(self, most: int = 100) -> tuple[Expired, ...]:
        """See `gateway.ports.Ledger`: first what this replica gave out, which is near."""
        own = await self._local.expired(most)
        return own or await self._remote.expired(most)

    async def acknowledge(self, reservations: Sequence[str]) -> None:
        """See `gateway.ports.Ledger`: each takes note of those that it knows."""
        await self._local.acknowledge(reservations)
        await self._remote.acknowledge(reservations)

    async def close(self) -> None:
        """See `gateway.ports.Ledger`."""
        try:
            await self._remote.close()
        finally:
            await self._local.close()

    def _of(self, reservation: Reservation) -> Ledger:
        return self._local if reservation.local else self._remote


def _shares(allowances: Sequence[Allowance]) -> list[Allowance] | None:
    """This replica's part of each; None if one may not be shared."""
    found = []
    for each in merged(allowances):
        if each.share is None:
            return None
        found.append(_share(each, Fraction(repr(each.share))))
    return found


def _share(allowance: Allowance, part: Fraction) -> Allowance:
    if isinstance(allowance, Rate):
        requests, tokens = _part(allowance.requests, part), _part(allowance.tokens, part)
        return replace(allowance, requests=requests, tokens=tokens)
    if isinstance(allowance, Concurrency):
        return replace(allowance, calls=_part(allowance.calls, part) or 0)
    return replace(allowance, usd_micros=_part(allowance.usd_micros, part) or 0)


def _part(most: int | None, part: Fraction) -> int | None:
    """Rounded down, so that the shares of all never come to more than the whole."""
    return None if most is None else int(most * part)
