"""What must hold across all writers: ids are unique, and each allowed request has exactly one end.

Ids are kept as bare bytes in buckets, 16 bytes a record, and compared when everything was read: a set of
them would take eight times as much. Only the requests that are still open are kept with their place.
"""

from dataclasses import dataclass
from typing import Any

from audit.verify.numbering import NoRecord
from audit.verify.verdict import Report, Verdict

ID_BYTES = 16
_ID_DIGITS = 2 * ID_BYTES


@dataclass(frozen=True, slots=True)
class Allowed:
    """Where a request was allowed that has no end yet."""

    writer: str
    boot: int
    where: str | int


class Pairs:
    """Ids, allowed requests and their ends, fed in any order of writers.

    Args:
        report: takes what is wrong.
        begins: false where earlier records are not there, as in a pack or a pruned log.
        ends: false where later ones are not.
    """

    def __init__(self, report: Report, *, begins: bool = True, ends: bool = True) -> None:
        self._report, self._begins, self._ends = report, begins, ends
        self._allow_ids = [bytearray() for _ in range(256)]
        self._other_ids = [bytearray() for _ in range(256)]
        self._open: dict[bytes, Allowed] = {}
        self._unmatched: list[tuple[bytes, str | int]] = []

    def take(self, record: dict[str, Any], typ: str, where: str | int) -> None:
        """Note a record's id, and what it begins or ends.

        Raises:
            NoRecord, KeyError, TypeError, ValueError: when it lacks what its kind has.
        """
        key = _id(record["id"])
        if typ == "decision":
            facts = record["decision"]
            action, final = facts["action"], facts["final"]
            if type(final) is not bool or action not in {"allow", "deny"}:
                raise NoRecord("a decision allows or denies, for good or not")
            if final and action == "allow":
                self._allow_ids[key[0]] += key
                self._open[key] = Allowed(record["writer"]["id"], record["writer"]["boot"], where)
                return
        elif typ in {"outcome", "aborted"}:
            ref = _id(record["ref"])
            if self._open.pop(ref, None) is None:
                # Its decision may stand in another writer's log and come later; or it has ended before.
                self._unmatched.append((ref, where))
        elif typ == "gap":
            counts = ", ".join(f"{name} {value}" for name, value in sorted(record["gap"].items()))
            self._report.add(Verdict.INCOMPLETE, place(where), f"the log admits a gap: {counts}")
        self._other_ids[key[0]] += key

    def finish(self, open_boots: set[tuple[str, int]]) -> None:
        """Report ids that stand twice, ends without a beginning, and beginnings without an end.

        Args:
            open_boots: boots without a close, as (writer, boot): their requests may still be served.
        """
        bucket, allowed_ids = -1, set[bytes]()
        for ref, where in sorted(self._unmatched, key=lambda each: each[0]):
            if self._open.pop(ref, None) is not None:
                continue
            if ref[0] != bucket:
                bucket, allowed_ids = ref[0], _chunks(self._allow_ids[ref[0]])
            if ref in allowed_ids:
                self._report.add(Verdict.TAMPERED, place(where), "it ends a request that has ended")
            elif self._begins:
                what = "it ends a request that no record in this log allowed"
                self._report.add(Verdict.INCOMPLETE, place(where), what)
        for allow_ids, other_ids in zip(self._allow_ids, self._other_ids, strict=True):
            self._check_unique(allow_ids + other_ids)
        living = 0
        for key, allowed in self._open.items():
            if not self._ends or (allowed.writer, allowed.boot) in open_boots:
                living += 1
            else:
                what = f"request allowed by {key.hex()} has no outcome"
                self._report.add(Verdict.INCOMPLETE, place(allowed.where), what)
        if living:
            why = "the end may lie outside of the pack" if not self._ends else "in boots without a close"
            self._report.notes.append(f"{living} allowed requests are still open: {why}")

    def _check_unique(self, ids: bytearray) -> None:
        if len(_chunks(ids)) * ID_BYTES == len(ids):
            return
        seen: set[bytes] = set()
        for at in range(0, len(ids), ID_BYTES):
            key = bytes(ids[at : at + ID_BYTES])
            if key in seen:
                self._report.add(Verdict.TAMPERED, f"id {key.hex()}", "it stands in the log twice")
            seen.add(key)


def place(where: str | int) -> str:
    """Return the words for a place: an entry of the merged log has a number only."""
    return where if isinstance(where, str) else f"entry {where}"


def _id(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != ID_BYTES or len(text) != _ID_DIGITS:
        raise NoRecord("an id is 32 hex digits")
    return key


def _chunks(ids: bytearray) -> set[bytes]:
    data = bytes(ids)
    return {data[at : at + ID_BYTES] for at in range(0, len(data), ID_BYTES)}
