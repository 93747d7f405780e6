"""Who holds a reservation: a process with a name and a lease, which it renews for as long as it lives."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.ledger.uptime import boot_id

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Holder:
    """This process, as others see it in the store.

    Args:
        uptime_us: the clock of leases.
        lease_us: how long others take it for alive after it was last heard of.
        name: 64 random bits.
        boot: the start of the machine by which its lease counts.
        until_us: when its lease ends, as the store has it; 0 if it isn't there.
        look_us: until when no other process can have been given up.
    """

    uptime_us: Callable[[], int]
    lease_us: int
    name: bytes = field(default_factory=lambda: secrets.token_bytes(8))
    boot: str = field(default_factory=boot_id)
    until_us: int = 0
    look_us: int = 0

    @property
    def renew_us(self) -> int:
        """When a third of the lease has passed."""
        return self.until_us - 2 * self.lease_us // 3
