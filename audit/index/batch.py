"""Entries of the merged log on their way into the index: parsed, numbered, each joined with its end.

Pure memory but for the numbers of texts. What is no record is counted and passed over: the index must not
be stopped by an entry that `audit.verify` will name.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

import orjson

from audit.frames import HEADER_BYTES
from audit.index.place import Place
from audit.index.row import END_COLUMNS, ENDS, EXPIRED, OPEN, End, Row, end_of, expired_of, is_shown, row_of
from audit.index.schema import packed
from audit.index.words import Numbering

_COLUMNS = (
    "log_index", "t_us", "kind", "id", "request_id", "sref", "writer", "index", "tenant", "team", "op",
    "model", "action", "reason_code", "revision", "fired", "n", "by", "cost_center", "labels", *END_COLUMNS,
)  # fmt: skip
_OPEN_VALUES = (None,) * len(END_COLUMNS)

_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_MARKS = ", ".join("?" * len(_COLUMNS))
_ASSIGNED = ", ".join(f'"{name}" = ?' for name in END_COLUMNS)
_INSERT = f"INSERT INTO record ({_NAMES}) VALUES ({_MARKS})"  # noqa: S608 - constants
_UPDATE = f"UPDATE record SET {_ASSIGNED} WHERE id = ? AND kind = 1 AND end IS NULL"  # noqa: S608 - constants
_LOOSE = (
    "INSERT INTO loose (log_index, t_us, end, deployment, provider, region, resp_model, "
    "tokens_in, tokens_out, cost_micro, cached, reasoning, estimated, prices) "
    "VALUES (:end_index, :t_us, :end, :deployment, :provider, :region, :resp_model, "
    ":tokens_in, :tokens_out, :cost_micro, :cached, :reasoning, :estimated, :prices)"
)


class Batch:
    """Entries that become one transaction.

    Args:
        places: how far each writer is; moved on.
        segments: where each writer's segments begin.
        numbering: of texts; inside the transaction.

    Attributes:
        skipped: entries that are no records.
    """

    def __init__(
        self, places: dict[str, Place], segments: dict[str, frozenset[int]], numbering: Numbering
    ) -> None:
        self._places = places
        self._segments = segments
        self._numbering = numbering
        self._rows: list[tuple[Any, ...]] = []
        self._ends: dict[int, tuple[Any, ...]] = {}
        self._opened: dict[str, int] = {}
        self._late: list[tuple[bytes | str | None, int, tuple[Any, ...]]] = []
        self.skipped = 0

    def write(self, db: sqlite3.Connection) -> None:
        """Write the rows, then the ends of decisions in earlier batches; an end without one is kept apart."""
        db.executemany(_INSERT, self._inserts())
        for ref, t_us, values in self._late:
            if not db.execute(_UPDATE, (*values, ref)).rowcount:
                db.execute(_LOOSE, {"t_us": t_us, **dict(zip(END_COLUMNS, values, strict=True))})

    def _inserts(self) -> Iterator[tuple[Any, ...]]:
        for at, values in enumerate(self._rows):
            yield values + self._ends.get(at, _OPEN_VALUES)

    def add(self, body: bytes, log_index: int) -> None:
        """Take one entry."""
        try:
            record = orjson.loads(body)
            writer = record["writer"]
            place, boot, wseq = self._place(writer["id"]), writer["boot"], record["wseq"]
        except (ValueError, KeyError, TypeError, AttributeError):
            self.skipped += 1
            return
        try:
            self._take(record, place.size, log_index)
        except (KeyError, TypeError, AttributeError):
            self.skipped += 1
        place.size += 1
        place.offset += HEADER_BYTES + len(body)
        place.boot, place.wseq = boot, wseq

    def _take(self, record: dict[str, Any], index: int, log_index: int) -> None:
        kind = record["typ"]
        if kind in ENDS:
            self._end(record["ref"], record["t_us"], end_of(record, log_index))
        elif is_shown(kind):
            row = row_of(record, index, OPEN, log_index)
            values = _values(row, self._numbering)
            if kind == "decision":
                self._opened[row.id] = len(self._rows)
            elif kind == EXPIRED:
                self._ends[len(self._rows)] = _end_values(expired_of(record), self._numbering)
            self._rows.append(values)

    def _place(self, writer: str) -> Place:
        place = self._places.get(writer)
        if place is None:
            place = self._places[writer] = Place()
        if place.size in self._segments.get(writer, ()):
            place.segment, place.offset = place.size, 0
        return place

    def _end(self, ref: str, t_us: int, end: End) -> None:
        values = _end_values(end, self._numbering)
        at = self._opened.pop(ref, None)
        if at is None:
            self._late.append((packed(ref), t_us, values))
        else:
            self._ends[at] = values


def _values(row: Row, numbering: Numbering) -> tuple[Any, ...]:
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
        word(row.cost_center),
        numbering.labels(row.tags, row.keys),
    )


def _end_values(end: End, numbering: Numbering) -> tuple[Any, ...]:
    word = numbering.word
    return (
        word(end.end),
        word(end.end_reason),
        word(end.deployment),
        word(end.resp_model),
        end.tokens_in,
        end.tokens_out,
        end.total_us,
        word(end.provider),
        word(end.region),
        end.cost_micro,
        end.end_index,
        end.cached,
        end.reasoning,
        end.estimated,
        word(end.prices),
    )
