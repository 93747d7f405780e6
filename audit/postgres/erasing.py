"""Erasing what the vault in a database holds: of one subject, or of one decision. The log itself stays whole.

Done by a member of the erasers, the only role that can look into the vault or delete from it. Each step is
one transaction and can be done again, as in a folder (`audit.vault.erasure`):
1. the subject is parted from its pseudonym, its data keys go, and a tombstone stands: under the lock that
   groups on their way share, so that those of before are in the table and those of after keep nothing;
2. the rows of the vault go;
3. the name itself goes last.
Deleted rows are swept up by the server's autovacuum, which is set to look at these tables for each of them;
its write-ahead log and backups need their own rules.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from audit.postgres.session import Session
from audit.vault.erasure import Counts, Erasure

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_ASIDE = """
INSERT INTO {vault}.leaving SELECT sref, subject FROM {vault}.subject WHERE sref = $1 ON CONFLICT DO NOTHING
"""
_KEYS = "DELETE FROM {vault}.data_key WHERE sref = $1"
_NAME = "DELETE FROM {vault}.subject WHERE sref = $1"
_BURY = "INSERT INTO {vault}.erased (id) VALUES ($1)"
_FORGET = "DELETE FROM {vault}.leaving WHERE sref = $1"
_WHOSE = """
SELECT subject FROM {vault}.subject WHERE sref = $1 UNION SELECT subject FROM {vault}.leaving WHERE sref = $1
"""
_UNSIGNED = "SELECT EXISTS (SELECT FROM {vault}.kept WHERE sref IS NULL AND ref IS NULL) AS there"
_GONE = """
WITH gone AS (
  DELETE FROM {vault}.kept
  WHERE {meant}
  RETURNING question IS NOT NULL AS asked, payloads, length(nonces) / 64 AS nonces
)
SELECT count(*) FILTER (WHERE asked) AS question, coalesce(sum(payloads), 0) AS payload,
  coalesce(sum(nonces), 0) AS nonce FROM gone
"""
_BY_RECORD = "record = ANY ($1::bytea[]) OR ref = ANY ($1::bytea[])"
_BY_SUBJECT = "sref = $1::bytea"
_UNSAID = """
sref IS NULL AND (record = ANY ($1::bytea[]) OR position($3::bytea IN question) > 0
  AND convert_from(question, 'UTF8')::jsonb #>> '{{subject,id}}' = $2)
"""


class _Went(NamedTuple):
    question: int
    payload: int
    nonce: int


class Eraser:
    """Deletes rows of the vault.

    Args:
        vault: connected as a member of the erasers, with patience.
    """

    def __init__(self, vault: Session) -> None:
        self._vault = vault

    def erase(self, meant: Erasure, ids: Callable[[], Collection[bytes]]) -> Counts:
        """Do all of it; for a second time, what is left.

        Args:
            meant: what is to be erased.
            ids: names its records; asked where the vault doesn't say it by itself.

        Raises:
            OSError: the database can't be asked; doing it again finishes it.
        """
        if meant.scope == "record":
            self._part(meant.record or "", None)
            return Counts(**self._delete(_BY_RECORD, list(ids()))._asdict())
        sref = meant.sref or ""
        row = self._ask(_WHOSE, sref)
        names, keys = self._part(sref, sref)
        went = self._delete(_BY_SUBJECT, bytes.fromhex(sref))
        if self._ask(_UNSIGNED)["there"]:  # kept by version 1, which didn't say whose it is
            name = row["subject"] if row else ""
            more = self._delete(_UNSAID, list(ids()), name, orjson.dumps(name))
            went = _Went(*map(sum, zip(went, more, strict=True)))
        self._run(_FORGET, sref)
        return Counts(names, keys, *went)

    def _part(self, tombstone: str, sref: str | None) -> tuple[int, int]:
        """Put up a tombstone; return how many names and keys went with it."""
        names = keys = 0
        self._vault.run("BEGIN")
        try:
            self._vault.row(_LOCK, f"{self._vault.target.schema}/erasing")
            if sref is not None:
                self._run(_ASIDE, sref)
                keys = _count(self._run(_KEYS, sref))
                names = _count(self._run(_NAME, sref))
            self._run(_BURY, tombstone)
            self._vault.run("COMMIT")
        except OSError:
            with suppress(OSError):
                self._vault.run("ROLLBACK")
            raise
        return names, keys

    def _delete(self, meant: str, *values: object) -> _Went:
        row = self._ask(_GONE.replace("{meant}", meant), *values)
        return _Went(int(row["question"]), int(row["payload"]), int(row["nonce"]))

    def _ask(self, query: str, *values: object) -> Any:
        return self._vault.row(query.format(vault=f"{self._vault.target.schema}_vault"), *values)

    def _run(self, query: str, *values: object) -> str:
        return self._vault.run(query.format(vault=f"{self._vault.target.schema}_vault"), *values)


def _count(said: str) -> int:
    """Return how many rows a statement has changed, from what it says: `DELETE 1`."""
    return int(said.rpartition(" ")[2])
