"""Where a log lives, for commands of its vault: a folder, or what a house has in its place."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from audit.commands.journal import Journal, origin
from audit.ports import Ports
from audit.reading.stream import events
from audit.vault import database, erasure, gates, holds, pseudonyms
from audit.vault.erasure import Counts, Erasure, Records
from audit.vault.holds import Hold

Announce = Callable[[Erasure], None]


class Holding(Protocol):
    """**Protocol:** the holds of a vault, which nobody else changes meanwhile."""

    def settle(self, subject: str) -> str:
        """Return the pseudonym of a subject, made if there is none."""
        ...

    def sref_of(self, subject: str) -> str | None:
        """Return the pseudonym of a subject, None of a stranger."""
        ...

    def name_of(self, sref: str) -> str | None:
        """Return whose pseudonym it is."""
        ...

    def standing(self) -> list[Hold]:
        """Return all holds, the oldest first."""
        ...

    def put(self, hold: Hold) -> bool:
        """Make a hold stand, durably; tell whether its record is still to be written."""
        ...

    def confirm(self, hold: Hold) -> None:
        """Note that the log has the hold's record."""
        ...

    def remove(self, hold: Hold) -> None:
        """End a hold, durably."""
        ...


@runtime_checkable
class Home(Protocol):
    """**Protocol:** a log and its vault.

    Where it can't be used, everything raises `LogUnavailable`: `log.cannot_open`, `vault.busy`,
    `vault.unavailable`.
    """

    def journal(self) -> Journal:
        """Return what writes records; nothing is opened before there is one.

        Raises:
            LogUnavailable: `log.cannot_open`: there is no such log.
        """
        ...

    def events(self, typ: str) -> Iterator[dict[str, Any]]:
        """Yield the records of one kind, writer by writer, oldest first."""
        ...

    def holding(self) -> AbstractContextManager[Holding]:
        """Be the only one who erases, holds or prunes."""
        ...

    def looking(self) -> AbstractContextManager[Holding]:
        """Look at the holds, and change nothing."""
        ...

    def erase_subject(self, subject: str, announce: Announce) -> Counts:
        """See `audit.vault.erasure.erase_subject`."""
        ...

    def erase_record(self, record_id: str, announce: Announce) -> Counts:
        """See `audit.vault.erasure.erase_record`."""
        ...

    def resume(self, meant: Erasure) -> Counts:
        """See `audit.vault.erasure.resume`."""
        ...


class FolderHome:
    """**Adapter** of a folder to `Home`.

    Args:
        folder: the log.
        naming: names the records of a pseudonym; the log is searched without it.
        ports: the disk; None for the machine's own.
    """

    def __init__(self, folder: Path, naming: Records | None = None, ports: Ports | None = None) -> None:
        self._folder = folder
        self._naming = naming
        self._ports = ports

    def journal(self) -> Journal:
        """See `Home.journal`."""
        origin(self._folder)
        return Journal(self._folder)

    def events(self, typ: str) -> Iterator[dict[str, Any]]:
        """See `Home.events`."""
        return events(self._folder, typ)

    @contextmanager
    def holding(self) -> "Iterator[FolderHolding]":
        """See `Home.holding`."""
        vault = self._folder / "vault"
        with gates.administration(vault), database.opened(vault / database.NAME) as db:
            yield FolderHolding(db)

    @contextmanager
    def looking(self) -> "Iterator[FolderHolding]":
        """See `Home.looking`."""
        with database.reading(self._folder / "vault" / database.NAME) as db:
            yield FolderHolding(db)

    def erase_subject(self, subject: str, announce: Announce) -> Counts:
        """See `Home.erase_subject`."""
        return erasure.erase_subject(
            self._folder, subject, records=self._naming, announce=announce, ports=self._ports
        )

    def erase_record(self, record_id: str, announce: Announce) -> Counts:
        """See `Home.erase_record`."""
        return erasure.erase_record(self._folder, record_id, announce=announce, ports=self._ports)

    def resume(self, meant: Erasure) -> Counts:
        """See `Home.resume`."""
        return erasure.resume(self._folder, meant, records=self._naming, ports=self._ports)


class FolderHolding:
    """**Adapter** of a vault's SQLite file to `Holding`.

    Args:
        db: open.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def settle(self, subject: str) -> str:
        """See `Holding.settle`."""
        return pseudonyms.settle(self._db, subject)

    def sref_of(self, subject: str) -> str | None:
        """See `Holding.sref_of`."""
        return pseudonyms.sref_of(self._db, subject)

    def name_of(self, sref: str) -> str | None:
        """See `Holding.name_of`."""
        return pseudonyms.name_of(self._db, sref)

    def standing(self) -> list[Hold]:
        """See `Holding.standing`."""
        return holds.standing(self._db)

    def put(self, hold: Hold) -> bool:
        """See `Holding.put`."""
        return holds.put(self._db, hold)

    def confirm(self, hold: Hold) -> None:
        """See `Holding.confirm`."""
        holds.confirm(self._db, hold)

    def remove(self, hold: Hold) -> None:
        """See `Holding.remove`."""
        holds.remove(self._db, hold)


def at(where: Path | Home) -> Home:
    """Return the home that is meant: a path is a folder's."""
    return FolderHome(where) if isinstance(where, Path) else where
