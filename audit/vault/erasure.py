"""Erasing what the vault holds of one subject, or of one decision. The log itself and its proofs stay whole.

Each step may be interrupted and done again:
1. the subject's pseudonym is parted from its name, and its data keys are destroyed;
2. a tombstone tells every running process, and every writer is waited for: from then on nothing of it is
   remembered, and nothing that comes late is kept;
3. questions, sealed payloads and nonces are overwritten in place, in this order: what is left after a crash
   is a nonce, which betrays nothing;
4. the name itself goes last, because an interrupted erasure needs it to find questions.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from audit.errors import LogUnavailable, VaultRefused
from audit.ports import Ports
from audit.vault import belonging, database, gates, holds, nonces, payloads, pseudonyms, questions, tombstones

Records = Callable[[str], Iterable[str]]
"""Names the records of a pseudonym: decisions and their ends, by id."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to be erased.

    Attributes:
        scope: everything of a subject, or one decision with its end.
        sref: pseudonym of the subject; None for a decision about nobody.
        record: id of the decision, where that is the scope.
    """

    scope: Literal["subject", "record"]
    sref: str | None
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pieces were overwritten, by kind; those of an interrupted attempt count again.

    Attributes:
        pseudonym: links of a subject to its pseudonym.
        key: data keys.
        question: questions that policies were asked.
        payload: sealed payloads.
        nonce: nonces of commitments.
        unread: segments of the log that couldn't be read to their end, so that records may be missing here.
    """

    pseudonym: int = 0
    key: int = 0
    question: int = 0
    payload: int = 0
    nonce: int = 0
    unread: int = 0

    def facts(self) -> dict[str, int]:
        """Return the counts as they stand in a record."""
        return asdict(self)


def erase_subject(
    folder: Path,
    subject: str,
    *,
    records: Records | None = None,
    announce: Callable[[Erasure], None] | None = None,
    ports: Ports | None = None,
) -> Counts:
    """Erase everything that the vault holds of a subject; gateways may run meanwhile.

    A gateway that knows the subject by its old pseudonym uses that for a second at most. What the subject
    asks while the erasure runs may be erased along.

    Args:
        folder: the log.
        subject: full id, `<sub>@<issuer's name>`.
        records: names the records of a pseudonym; the log's segments are searched without it.
        announce: called when nothing stands against it and before anything goes; what it raises ends it all.
        ports: the disk; None for the machine's own.

    Raises:
        VaultRefused: `vault.unknown`, `vault.held`.
        LogUnavailable: `log.cannot_open`, `vault.unavailable`, `vault.busy`.
    """
    with _administered(folder) as db:
        row = db.execute("SELECT sref FROM subject WHERE subject = ?", (subject,)).fetchone()
        if row is None:
            raise VaultRefused("vault.unknown", "the vault knows no such subject")
        return _erase(folder, db, Erasure("subject", row[0]), records, announce, ports or Ports())


def erase_record(
    folder: Path,
    record_id: str,
    *,
    announce: Callable[[Erasure], None] | None = None,
    ports: Ports | None = None,
) -> Counts:
    """Erase what the vault holds of a decision and of its end, given the id of either.

    Args:
        folder: the log.
        record_id: 32 hex digits.
        announce: as for `erase_subject`.
        ports: likewise.

    Raises:
        VaultRefused: `vault.unknown`, `vault.held`.
        LogUnavailable: as for `erase_subject`.
    """
    with _administered(folder) as db:
        found = belonging.of_record(folder, record_id)
        if found is None:
            raise VaultRefused("vault.unknown", "the log has no such record")
        meant = Erasure("record", found.sref, found.decision)
        return _erase(folder, db, meant, None, announce, ports or Ports())


def resume(
    folder: Path, meant: Erasure, *, records: Records | None = None, ports: Ports | None = None
) -> Counts:
    """Finish an erasure that was announced and interrupted, or do it again after a backup came back.

    Raises:
        VaultRefused: `vault.held`.
        LogUnavailable: as for `erase_subject`.
    """
    with _administered(folder) as db:
        return _erase(folder, db, meant, records, None, ports or Ports())


def _erase(
    folder: Path,
    db: sqlite3.Connection,
    meant: Erasure,
    records: Records | None,
    announce: Callable[[Erasure], None] | None,
    ports: Ports,
) -> Counts:
    holds.insist_free(holds.standing(db), meant.sref, lambda: _search(folder, meant).tenants)
    if announce is not None:
        announce(meant)
    vault, subject, names, keys = folder / "vault", None, 0, 0
    if meant.scope == "subject" and meant.sref:
        subject = pseudonyms.name_of(db, meant.sref)
        names, keys = pseudonyms.part(db, vault / database.NAME, meant.sref)
    tombstones.bury(vault, [meant.record or meant.sref or ""], ports)
    gates.pass_all(vault)
    unread = 0
    if records is not None and meant.scope == "subject" and meant.sref:
        ids = {bytes.fromhex(each) for each in records(meant.sref)}
    else:
        found = _search(folder, meant)
        ids, unread = found.ids, len(found.unread)
    asked = questions.erase(vault, ids, ports, subject)
    sealed = payloads.erase(vault, ids, ports, meant.sref if meant.scope == "subject" else None)
    count = nonces.erase_all(vault, ids.union(sealed), ports)
    if meant.scope == "subject" and meant.sref:
        pseudonyms.forget(db, vault / database.NAME, meant.sref)
    return Counts(names, keys, len(asked), len(sealed), count, unread)


def _search(folder: Path, meant: Erasure) -> belonging.Belonging:
    if meant.scope == "subject":
        return belonging.of_subject(folder, meant.sref or "")
    return belonging.of_record(folder, meant.record or "") or belonging.Belonging()


@contextmanager
def _administered(folder: Path) -> Iterator[sqlite3.Connection]:
    """The vault's database, under the vault's lock.

    Raises:
        LogUnavailable: `vault.busy`, `vault.unavailable`, or `log.cannot_open` when a file can't be used.
    """
    with (
        gates.administration(folder / "vault"),
        database.opened(folder / "vault" / database.NAME) as db,
        _told(folder),
    ):
        yield db


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"cannot use {folder}: {error}") from error
