"""Legal holds: what must stay, on a subject, on a tenant, or on the whole log.

Kept durably in the vault. A hold protects from the moment that it stands there until the moment that it
doesn't; its record in the log follows the one and precedes the other, so no crash leaves something open
that the log says is held. Holds on one thing for different bases stand beside each other.
"""

import sqlite3
from collections.abc import Callable, Collection
from typing import NamedTuple

from audit.errors import VaultRefused
from audit.vault import database

_COLUMNS = "sref, tenant, basis, actor, since_us, recorded"


class Hold(NamedTuple):
    """A hold; with neither pseudonym nor tenant it is on everything.

    Attributes:
        sref: pseudonym of the subject that is held.
        tenant: the tenant that is held.
        basis: why, as a code.
        by: who ordered it.
        since_us: when, wall clock, microseconds UTC.
        recorded: whether the log has its record; if not, setting it again mends that.
    """

    sref: str | None
    tenant: str | None
    basis: str
    by: str
    since_us: int
    recorded: bool = True

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it stands in the database."""
        return self.sref or "", self.tenant or "", self.basis


def standing(db: sqlite3.Connection) -> list[Hold]:
    """Return all holds, the oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM hold ORDER BY since_us, sref, tenant, basis")  # noqa: S608 - a constant
    return [
        Hold(sref or None, tenant or None, basis, by, since_us, bool(recorded))
        for sref, tenant, basis, by, since_us, recorded in rows
    ]


def put(db: sqlite3.Connection, hold: Hold) -> bool:
    """Make a hold stand, durably; tell whether its record is still to be written."""
    with database.transaction(db):
        db.execute(
            "INSERT OR IGNORE INTO hold VALUES (?, ?, ?, ?, ?, 0)", (*hold.place, hold.by, hold.since_us)
        )
    found = db.execute(
        "SELECT recorded FROM hold WHERE sref = ? AND tenant = ? AND basis = ?", hold.place
    ).fetchone()
    return not found[0]


def confirm(db: sqlite3.Connection, hold: Hold) -> None:
    """Note that the log has the hold's record."""
    with database.transaction(db):
        db.execute("UPDATE hold SET recorded = 1 WHERE sref = ? AND tenant = ? AND basis = ?", hold.place)


def remove(db: sqlite3.Connection, hold: Hold) -> None:
    """End a hold, durably; its record stands in the log already."""
    with database.transaction(db):
        db.execute("DELETE FROM hold WHERE sref = ? AND tenant = ? AND basis = ?", hold.place)


def insist_free(
    found: Collection[Hold], sref: str | None, tenants: Callable[[], Collection[str | None]]
) -> None:
    """Make sure that nothing of a subject is held.

    Args:
        found: all holds that stand.
        sref: the subject's pseudonym.
        tenants: gives the tenants that the subject's records are in; asked only where a tenant is held.

    Raises:
        VaultRefused: `vault.held`.
    """
    held = [hold for hold in found if hold.tenant is None and hold.sref in (None, sref)]
    by_tenant = [hold for hold in found if hold.tenant is not None]
    if not held and by_tenant:
        names = tenants()
        held = [hold for hold in by_tenant if hold.tenant in names and hold.sref in (None, sref)]
    _refuse(held)


def insist_none(db: sqlite3.Connection) -> None:
    """Make sure that there is no hold at all.

    Raises:
        VaultRefused: `vault.held`.
    """
    _refuse(standing(db))


def _refuse(held: list[Hold]) -> None:
    if held:
        bases = ", ".join(sorted({hold.basis for hold in held}))
        raise VaultRefused("vault.held", f"a legal hold stands ({bases}); nothing was erased")
