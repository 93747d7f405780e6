"""Legal holds in a database: rows of the vault, with the same promises as `audit.vault.holds`."""

import secrets
from typing import Any

from audit.postgres.session import Session
from audit.vault.holds import Hold

_STANDING = "SELECT * FROM {vault}.hold ORDER BY since_us, sref, tenant, basis"
_PUT = "INSERT INTO {vault}.hold VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
_RECORDED = "SELECT recorded FROM {vault}.hold WHERE sref = $1 AND tenant = $2 AND basis = $3"
_CONFIRM = "UPDATE {vault}.hold SET recorded = true WHERE sref = $1 AND tenant = $2 AND basis = $3"
_REMOVE = "DELETE FROM {vault}.hold WHERE sref = $1 AND tenant = $2 AND basis = $3"
_SETTLE = "INSERT INTO {vault}.subject VALUES ($1, $2) ON CONFLICT DO NOTHING"
_SREF = "SELECT sref AS found FROM {vault}.subject WHERE subject = $1"
_NAME = """
SELECT subject AS found FROM {vault}.subject WHERE sref = $1
UNION SELECT subject FROM {vault}.leaving WHERE sref = $1
"""


class TableHolding:
    """**Adapter** of the vault's tables to `audit.commands.homes.Holding`.

    Args:
        vault: connected as a member of the erasers.
    """

    def __init__(self, vault: Session) -> None:
        self._vault = vault

    def settle(self, subject: str) -> str:
        """See `Holding.settle`."""
        self._run(_SETTLE, subject, secrets.token_hex(16))
        return str(self._one(_SREF, subject)["found"])

    def sref_of(self, subject: str) -> str | None:
        """See `Holding.sref_of`."""
        row = self._one(_SREF, subject)
        return str(row["found"]) if row else None

    def name_of(self, sref: str) -> str | None:
        """See `Holding.name_of`."""
        row = self._one(_NAME, sref)
        return str(row["found"]) if row else None

    def standing(self) -> list[Hold]:
        """See `Holding.standing`."""
        rows = self._vault.fetch(_STANDING.format(vault=self._schema))
        return [
            Hold(
                row["sref"] or None,
                row["tenant"] or None,
                row["basis"],
                row["actor"],
                row["since_us"],
                row["recorded"],
            )
            for row in rows
        ]

    def put(self, hold: Hold) -> bool:
        """See `Holding.put`."""
        self._run(_PUT, *hold.place, hold.by, hold.since_us)
        return not self._one(_RECORDED, *hold.place)["recorded"]

    def confirm(self, hold: Hold) -> None:
        """See `Holding.confirm`."""
        self._run(_CONFIRM, *hold.place)

    def remove(self, hold: Hold) -> None:
        """See `Holding.remove`."""
        self._run(_REMOVE, *hold.place)

    @property
    def _schema(self) -> str:
        return f"{self._vault.target.schema}_vault"

    def _run(self, query: str, *values: object) -> None:
        self._vault.run(query.format(vault=self._schema), *values)

    def _one(self, query: str, *values: object) -> Any:
        return self._vault.row(query.format(vault=self._schema), *values)
