"""Entries of the merged log on their way into the index: parsed, numbered, each joined with its end.

Pure memory but for the numbers of texts. What is no record is counted and passed over: the index must not
be stopped by an entry that `audit.verify` will name.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import orjson

from audit.frames import HEADER_BYTES
from audit.index.place import Place
from audit.index.row import END_COLUMNS, ENDS, OPEN, End, Row, end_of, is_shown, row_of
from audit.index.schema import packed
from audit.index.words import Numbering

_COLUMNS = (
    "log_index", "t_us", "kind", "id", "request_id", "sref", "writer", "index", "tenant", "team", "op",
    "model", "action", "reason_code", "revision", "fired", "n", "by", *END_COLUMNS,
)  # fmt: skip
_END_WORDS = frozenset({"end", "end_reason", "deployment", "resp_model", "provider", "region"})
_END_PARTS = attrgetter(*END_COLUMNS)
_OPEN_VALUES = (None,) * len(END_COLUMNS)
_END_IS_WORD = tuple(name in _END_WORDS for name in END_COLUMNS)

_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_MARKS = ", ".join("?" * len(_COLUMNS))
_ASSIGNED = ", ".join(f'"{name}" = ?' for name in END_COLUMNS)
INSERT = f"INSERT INTO record ({_NAMES}) VALUES ({_MARKS})"  # noqa: S608 - constants
UPDATE = f"UPDATE record SET {_ASSIGNED} WHERE id = ? AND kind = 1 AND end IS NULL"  # noqa: S608 - constants


class Batch:
    """Entries that become one transaction.

    Args:
        places: how far each writer is; moved on.
        segments: where each writer's segments begin.

    Attributes:
        skipped: entries that are no records.
    """

    def __init__(self, places: dict[str, Place], segments: dict[str, frozenset[int]]) -> None:
        self._places = places
        self._segments = segments
        self._shown: list[tuple[dict[str, Any], int, int]] = []
        self._ends: dict[str, End] = {}
        self.skipped = 0

    def add(self, body: bytes, log_index: int) -> None:
        """Take one entry."""
        try:
            record = orjson.loads(body)
            kind, writer = record["typ"], record["writer"]
            name, boot, wseq = writer["id"], writer["boot"], record["wseq"]
            end = end_of(record, log_index) if kind in ENDS else None
            ref = record["ref"] if end else ""
        except (ValueError, KeyError, TypeError, AttributeError):
            self.skipped += 1
            return
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = Place()
        if place.size in self._segments.get(name, ()):
            place.segment, place.offset = place.size, 0
        if end:
            self._ends.setdefault(ref, end)
        elif is_shown(kind):
            self._shown.append((record, place.size, log_index))
        place.size += 1
        place.offset += HEADER_BYTES + len(body)
        place.boot, place.wseq = boot, wseq

    def rows(self, numbering: Numbering) -> Iterable[tuple[Any, ...]]:
        """Yield the values for `INSERT`. Once, and before `endings`."""
        for record, index, log_index in self._shown:
            end = self._ends.pop(record["id"], OPEN) if record["typ"] == "decision" else OPEN
            try:
                row = row_of(record, index, end, log_index)
            except (KeyError, TypeError, AttributeError):
                self.skipped += 1
                continue
            yield _values(row, end, numbering)

    def endings(self, numbering: Numbering) -> Iterable[tuple[Any, ...]]:
        """Yield the values for `UPDATE`: ends of decisions in earlier batches."""
        for ref, end in self._ends.items():
            yield (*_end_values(end, numbering), packed(ref))


def _values(row: Row, end: End, numbering: Numbering) -> tuple[Any, ...]:
    word = numbering.word
    return (
        row.log_index,
        row.t_us,
        word(row.kind),
        packed(row.id),
        packed(row.request_id),
        packed(row.sref),
        word(row.writer),
        row.index,
        word(row.tenant),
        word(row.team),
        word(row.op),
        word(row.model),
        word(row.action),
        word(row.reason_code),
        word(row.revision),
        numbering.fired(row.rules, row.controls),
        row.n,
        word(row.by),
        *(_OPEN_VALUES if end is OPEN else _end_values(end, numbering)),
    )


def _end_values(end: End, numbering: Numbering) -> list[Any]:
    return [
        numbering.word(value) if is_word else value
        for value, is_word in zip(_END_PARTS(end), _END_IS_WORD, strict=True)
    ]
