"""What the vault in a database holds of records, for who may open it: nonces, questions, sealed payloads.

A row counts only as far as it opens the commitment in its record. One that is gone was erased if the vault
says so, of the record, of its decision or of its subject.
"""

from collections.abc import Iterable
from typing import Any, Literal

from audit.postgres.keyring import OpenedKeys
from audit.postgres.session import Session
from audit.vault import keys, nonces, payloads
from audit.vault.commitment import opens
from audit.vault.questions import LABEL
from audit.vault.sealing import opened_by

Gone = Literal["erased", "absent", "altered"]

_ROWS = "SELECT record, nonces, question, sealed FROM {vault}.kept WHERE record = ANY ($1::bytea[])"
_ERASED = "SELECT id FROM {vault}.erased WHERE id = ANY ($1::text[])"


class TableContents:
    """Rows of the vault, some records at a time.

    Args:
        vault: connected as a member of the erasers.
    """

    def __init__(self, vault: Session) -> None:
        self._vault = vault
        self._names: dict[str, list[str]] = {}
        self._rows: dict[str, Any] = {}
        self._gone: set[str] = set()

    def load(self, records: Iterable[dict[str, Any]]) -> None:
        """Have at hand what there is of some records, and of no others.

        Raises:
            OSError: the vault can't be asked.
        """
        self._names = {record["id"]: _names(record) for record in records}
        rows = self._ask(_ROWS, [bytes.fromhex(each) for each in self._names])
        self._rows = {row["record"].hex(): row for row in rows}
        lacking = {name for key, names in self._names.items() if key not in self._rows for name in names}
        gone = {row["id"] for row in self._ask(_ERASED, sorted(lacking))} if lacking else set()
        self._gone = {key for key, names in self._names.items() if not gone.isdisjoint(names)}

    def get(self, record_id: str, commitment: str) -> bytes | Gone:
        """Return the question that a loaded record commits to; see `audit.vault.questions.Questions.get`."""
        row = self._rows.get(record_id)
        if row is None:
            return self._why(record_id)
        data, nonce = row["question"], nonces.unpack(row["nonces"], LABEL)
        if data is None or not nonce:
            return "absent"
        return bytes(data) if opens(commitment, nonce=nonce, label=LABEL, data=data) else "altered"

    def opening(
        self, record: dict[str, Any], label: str, commitment: str, master: bytes | None
    ) -> tuple[bytes, bytes] | Gone:
        """Return nonce and content of a field; see `audit.evidence.released.Contents.opening`."""
        if record["id"] not in self._names:
            self.load([record])
        row = self._rows.get(record["id"])
        if row is None:
            return self._why(record["id"])
        nonce = nonces.unpack(row["nonces"], label)
        if label == LABEL:
            data = self.get(record["id"], commitment)
        elif master is None:
            return "absent"
        else:
            found, kept = payloads.unpack(row["sealed"] or b""), OpenedKeys(self._vault)
            data = opened_by(found, record["id"], label, lambda sref: keys.all_of(kept, master, sref))
        if isinstance(data, str):
            return data
        if not nonce:
            return "absent"
        return (nonce, data) if opens(commitment, nonce=nonce, label=label, data=data) else "altered"

    def close(self) -> None:
        """Part from the vault."""
        self._vault.close()

    def _why(self, record_id: str) -> Gone:
        return "erased" if record_id in self._gone else "absent"

    def _ask(self, query: str, *values: object) -> list[Any]:
        return self._vault.fetch(query.format(vault=f"{self._vault.target.schema}_vault"), *values)


def _names(record: dict[str, Any]) -> list[str]:
    return [name for field in ("id", "ref", "sref") if isinstance(name := record.get(field), str)]
