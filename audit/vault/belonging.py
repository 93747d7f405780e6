"""Which records belong to a subject or to a decision, found in the segments themselves, from front to back.

Reads the whole log, at about the speed of the disk; an index may answer faster, but only the log is complete.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from audit.reading.stream import Bodies, segments

# Anything a caller wrote has its quotes escaped, so nothing else in a record can look like these.
_REF = re.compile(rb'"ref":"([0-9a-f]{32})"')
_DECISION = b'"typ":"decision"'
_ENDS = (b'"typ":"outcome"', b'"typ":"aborted"')
_ID = re.compile(r"[0-9a-f]{32}")
# A group that is being written; as much as the writer puts into one.
_MOST_UNFINISHED_BYTES = 2 << 20


@dataclass(slots=True)
class Belonging:
    """What was found.

    Attributes:
        sref: pseudonym of the subject; None for nobody.
        decision: id of the decision that was looked for, if it was one.
        tenants: tenants of the decisions.
        ids: ids of the decisions and of their ends.
        unread: segments that couldn't be read to their end.
    """

    sref: str | None = None
    decision: str | None = None
    tenants: set[str | None] = field(default_factory=set)
    ids: set[bytes] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)

    def add(self, record: dict[str, Any]) -> None:
        """Add a decision."""
        self.tenants.add(record.get("tenant"))
        self.ids.add(bytes.fromhex(record["id"]))


def of_subject(folder: Path, sref: str) -> Belonging:
    """Return the records of a subject.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log.
        OSError: when a segment can't be read.
    """
    found, needle = Belonging(sref), orjson.dumps({"sref": sref})[1:-1]
    for body in bodies(folder, found):
        if needle in body and _DECISION in body:
            record = orjson.loads(body)
            if record["sref"] == sref:
                found.add(record)
        elif found.ids:
            add_end(found, body)
    return found


def of_record(folder: Path, record_id: str) -> Belonging | None:
    """Return a decision with its end, given the id of either; None where the log has no such record.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log.
        OSError: when a segment can't be read.
    """
    if not _ID.fullmatch(record_id):
        return None
    found, needle = Belonging(), orjson.dumps({"id": record_id})[1:-1]
    for body in bodies(folder, found):
        if needle in body:
            record = orjson.loads(body)
            if record["id"] != record_id:
                continue
            if record["typ"] != "decision":
                ended = record.get("ref")
                return of_record(folder, ended) if ended and any(each in body for each in _ENDS) else None
            found.sref, found.decision = record.get("sref"), record_id
            found.add(record)
        elif found.ids:
            add_end(found, body)
    return found if found.decision else None


def add_end(found: Belonging, body: bytes) -> None:
    """Add a record if it is the end of a decision that was found."""
    if any(each in body for each in _ENDS):
        ref = _REF.search(body)
        if ref and bytes.fromhex(ref[1].decode()) in found.ids:
            found.ids.add(bytes.fromhex(orjson.loads(body)["id"]))


def bodies(folder: Path, found: Belonging) -> Iterator[bytes]:
    """Yield each record of a log, writer by writer; note in `found` what couldn't be read.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log.
        OSError: when a segment can't be read.
    """
    for slot, paths in segments(folder).items():
        for path in paths:
            try:
                file = path.open("rb")
            except FileNotFoundError:  # pruned meanwhile
                continue
            with file:
                reading = Bodies(file)
                yield from reading
            if reading.left > (_MOST_UNFINISHED_BYTES if path is paths[-1] else 0):
                found.unread.append(f"{slot}/{path.stem}")
