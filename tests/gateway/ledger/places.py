"""Where a ledger under test keeps its counts, whatever its backend: its processes and its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gateway.accounts import Overdrawn, Reservation

if TYPE_CHECKING:
    from gateway.ports import Ledger

NOON_US = 1_800_000_000_000_000
"""2027-01-15T08:00:00Z, where every clock under test begins: the start of a minute."""

LEASE_US = 60_000_000


class Place(Protocol):
    """**Protocol:** one ledger's counts and its clock, which stands still until somebody moves it.

    Args:
        now_us: what the clock says.
    """

    now_us: int

    async def opened(self) -> Ledger:
        """A ledger as one more process has it, with a holder of its own; closed with the place."""
        ...

    async def kill(self, ledger: Ledger) -> None:
        """End one as `kill -9` would: nothing is finished, and nobody renews its lease."""
        ...

    async def advance(self, us: int) -> None:
        """Let time pass for clocks and leases."""
        ...

    async def jump(self, us: int) -> None:
        """Set the clock, forwards or backwards, without time passing where the backend can tell."""
        ...


def held(found: Reservation | Overdrawn) -> Reservation:
    """The reservation, which there must be."""
    assert isinstance(found, Reservation), found
    return found


def refused(found: Reservation | Overdrawn) -> Overdrawn:
    """The refusal, which there must be."""
    assert isinstance(found, Overdrawn), found
    return found
