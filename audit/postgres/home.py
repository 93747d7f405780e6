"""A log and its vault in a database, for the commands that erase and hold.

Two logins: records are written, and the log is read, as a member of the writers; the vault is opened as a
member of the erasers, which a gateway must not be.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.commands.homes import Announce
from audit.commands.journal import Journal
from audit.errors import LogUnavailable, VaultRefused
from audit.log import AuditLog
from audit.postgres import belonging, schema
from audit.postgres.erasing import Eraser
from audit.postgres.events import PATIENCE_S, events
from audit.postgres.holding import TableHolding
from audit.postgres.session import Session
from audit.postgres.target import Target
from audit.vault import holds
from audit.vault.belonging import Belonging
from audit.vault.erasure import Counts, Erasure

_ALONE = "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS ours"


@dataclass(frozen=True, slots=True)
class DatabaseHome:
    """**Adapter** of a database to `audit.commands.homes.Home`.

    Attributes:
        target: as a member of the writers.
        vault: as a member of the erasers.
        folder: with the log's keys.
        opening: opens the log as one more writer.
    """

    target: Target
    vault: Target
    folder: Path
    opening: Callable[[], AuditLog]

    def journal(self) -> Journal:
        """See `Home.journal`."""
        return Journal(self.folder, self.opening)

    def events(self, typ: str) -> Iterator[dict[str, Any]]:
        """See `Home.events`."""
        return events(self.target, typ)

    @contextmanager
    def holding(self) -> Iterator[TableHolding]:
        """See `Home.holding`."""
        with self._alone() as vault:
            yield TableHolding(vault)

    @contextmanager
    def looking(self) -> Iterator[TableHolding]:
        """See `Home.looking`."""
        with self._told("vault.unavailable"), self._session(self.vault) as vault:
            _insist_on_schema(vault)
            yield TableHolding(vault)

    def erase_subject(self, subject: str, announce: Announce) -> Counts:
        """See `Home.erase_subject`."""
        with self._alone() as vault:
            sref = TableHolding(vault).sref_of(subject)
            if sref is None:
                raise VaultRefused("vault.unknown", "the vault knows no such subject")
            return self._erase(vault, Erasure("subject", sref), announce)

    def erase_record(self, record_id: str, announce: Announce) -> Counts:
        """See `Home.erase_record`."""
        with self._alone() as vault:
            with self._session(self.target) as log:
                found = belonging.of_record(log, record_id)
            if found is None:
                raise VaultRefused("vault.unknown", "the log has no such record")
            return self._erase(vault, Erasure("record", found.sref, found.decision), announce)

    def resume(self, meant: Erasure) -> Counts:
        """See `Home.resume`."""
        with self._alone() as vault:
            return self._erase(vault, meant, None)

    def _erase(self, vault: Session, meant: Erasure, announce: Announce | None) -> Counts:
        holds.insist_free(TableHolding(vault).standing(), meant.sref, lambda: self._belonging(meant).tenants)
        if announce is not None:
            announce(meant)
        return Eraser(vault).erase(meant, lambda: self._belonging(meant).ids)

    def _belonging(self, meant: Erasure) -> Belonging:
        with self._session(self.target) as log:
            if meant.scope == "subject":
                return belonging.of_subject(log, meant.sref or "")
            return belonging.of_record(log, meant.record or "") or Belonging()

    @contextmanager
    def _alone(self) -> Iterator[Session]:
        """The vault, for the only one who erases or holds.

        Raises:
            LogUnavailable: `vault.busy`, `vault.unavailable`.
        """
        with self._told("vault.unavailable"), self._session(self.vault) as vault:
            _insist_on_schema(vault)
            if not vault.row(_ALONE, f"{self.vault.schema}/vault")["ours"]:
                raise LogUnavailable("vault.busy", "another command erases or holds")
            yield vault

    @contextmanager
    def _session(self, target: Target) -> Iterator[Session]:
        with closing(Session(replace(target, timeout_s=PATIENCE_S), "regent vault")) as session:
            yield session

    @contextmanager
    def _told(self, code: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LogUnavailable(code, f"the database of the log: {error}") from error


def _insist_on_schema(vault: Session) -> None:
    found = schema.version(vault)
    if found != schema.VERSION:
        raise LogUnavailable(
            "vault.unavailable", f"the tables have version {found}, this is {schema.VERSION}: run `init`"
        )
