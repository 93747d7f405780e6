"""What an auditor asks for: whom to trust, what was kept, what is demanded. Decided by nobody else."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from audit.verify.trust import Policy

DEFAULT_MAX_AGE_S = 600


class Entries(StrEnum):
    """What the entries of the log are said to be.

    The log has no say in it: a log that could declare its records foreign could switch their check off.
    """

    REGENT = "regent"  # Regent's records: each is checked, and what they say must agree
    ANY = "any"  # anything: only that they are the entries of this tree


def _nothing(done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What one check is to establish.

    Attributes:
        policy: whom the auditor trusts; without one the key in the log's own folder is used.
        kept: checkpoints kept earlier, as they were.
        heads: writers' heads kept earlier, as JSON; see `check.head`.
        receipts: lines of receipts that the gateway gave to its callers.
        receipts_at: where each of them stands, for whoever looks for it; their number where nothing is said.
        require_witness: a policy without witnesses is not enough.
        max_age_s: the log must have been seen by the quorum (or have grown) within so many seconds.
        entries: what the entries are.
        deep: check each record's canonical form, and open the commitments that are disclosed.
        now_us: the auditor's clock, microseconds since 1970.
        progress: told how many of how many records were read, now and then.
    """

    policy: Policy | None = None
    kept: tuple[bytes, ...] = ()
    heads: dict[str, Any] | None = None
    receipts: tuple[str, ...] | None = None
    receipts_at: tuple[str, ...] = ()
    require_witness: bool = False
    max_age_s: int | None = None
    entries: Entries = Entries.REGENT
    deep: bool = False
    now_us: int = field(default_factory=lambda: time.time_ns() // 1000)
    progress: Callable[[int, int], None] = _nothing
