"""Sums over what is indexed: SQLite groups, period by period, and only groups come up here."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from audit.index import row, schema
from audit.index.row import request_of
from audit.index.search import Search
from audit.index.words import Naming
from audit.usage import periods
from audit.usage.parts import EXPIRED, USAGE, Parts, exactly
from audit.usage.wanted import TAG_SET, UNPRICED, Dimension, Wanted
from audit.usage.worth import set_of

_IDS = frozenset({"sref", "request_id"})
_LABELS = frozenset({"tags", "keys"})
_LED = ("sref", "deployment", "team", "tenant", "model")
"""Fields with an index of the table, best first, along which fewer rows need a look than along time."""
_ONCE = (
    "kind <> 1 AND kind = ? AND NOT EXISTS (SELECT 1 FROM record AS told INDEXED BY record_request_id "
    "WHERE told.request_id = record.request_id AND told.kind = record.kind "
    "AND told.log_index < record.log_index) AND NOT settled(log_index)"
)
"""Two gateways may tell of the same reservation; and one that was settled after all counts as its request."""
_UNPRICED = "(cost_micro IS NULL AND deployment IS NOT NULL)"


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows that count.

    Args:
        table: `record` or `loose`.
        kind: what their lines are about.
        index: along which to walk, if not along the one that `only` suggests.
        condition: SQL that makes them count; and its values.
    """

    table: Literal["record", "loose"]
    kind: int
    index: str | None
    condition: str
    values: tuple[Any, ...] = ()


def gather(db: sqlite3.Connection, search: Search, naming: Naming, wanted: Wanted, parts: Parts) -> None:
    """Add up what the index has, all of the moment that `db` sees.

    Args:
        search: the index.
        parts: knows already of what isn't indexed yet, for an end there may be a reservation's that is.

    Raises:
        UsageTooLarge: `usage.too_large`.
        sqlite3.Error: it can't be read, or the search was stopped.
    """
    aborted = naming.number("aborted")
    sources = [_Source("record", USAGE, None, "end IS NOT NULL")]
    if all(each.ended for each, _ in wanted.only):
        sources.append(_Source("loose", USAGE, "loose_t_us", "end IS NOT NULL"))
    expired = naming.number(row.EXPIRED)
    if expired is not None:
        settled = _settled(db, search, parts, expired)
        # What counts nothing has no period either, so it is left out by the query itself.
        db.create_function("settled", 1, settled.__contains__)
        sources.append(_Source("record", EXPIRED, "record_kind", _ONCE, (expired,)))
    for source in sources:
        query = _Query(db, naming, wanted, source, aborted)
        if query.possible:
            query.run(parts)


def _settled(db: sqlite3.Connection, search: Search, parts: Parts, expired: int) -> set[int]:
    """Where records of reservations stand whose requests ended after all: nobody was gone, only frozen."""
    query = "SELECT log_index, request_id FROM record INDEXED BY record_kind WHERE kind <> 1 AND kind = ?"
    found = set()
    for log_index, reservation in db.execute(query, (expired,)):
        ref = request_of(schema.unpacked(reservation) or "")
        if parts.has_end(ref) or search.ended(ref):
            found.add(log_index)
    return found


class _Query:
    """One source's rows, summed."""

    def __init__(
        self, db: sqlite3.Connection, naming: Naming, wanted: Wanted, source: _Source, aborted: int | None
    ) -> None:
        self._db, self._naming, self._wanted, self._source = db, naming, wanted, source
        conditions, values = [source.condition], list(source.values)
        self.possible = True
        for dimension, text in wanted.only:
            value = schema.packed(text) if dimension.field in _IDS else naming.number(text)
            self.possible = self.possible and value is not None  # a word that no record has
            conditions.append(f"{dimension.field} = ?")
            values.append(value)
        self._values = values
        led = {dimension.field for dimension, _ in wanted.only}
        index = source.index or next((f"record_{each}" for each in _LED if each in led), "record_t_us")
        self._rows = (
            f"FROM {source.table} INDEXED BY {index} "
            f"WHERE {' AND '.join(conditions)} AND t_us >= ? AND t_us < ?"
        )
        self._sums = (
            f"count(*), sum(end = {aborted or 0}), "  # words have numbers from 1 on
            "sum(tokens_in), sum(tokens_out), sum(cached), sum(reasoning), sum(cost_micro), "
            f"sum({_UNPRICED}), sum(estimated)"
        )

    def run(self, parts: Parts) -> None:
        """Add everything up, one period after the other; those without records cost nothing."""
        wanted = self._wanted
        at_us = wanted.since_us
        next_one = f"SELECT t_us {self._rows} ORDER BY t_us LIMIT 1"
        while found := self._db.execute(next_one, (*self._values, at_us, wanted.until_us)).fetchone():
            whole = periods.span(wanted.period, wanted.where, found[0])
            self._add(whole.start_us, wanted.clip(whole), parts)
            at_us = whole.end_us

    def _add(self, start_us: int, span: periods.Span, parts: Parts) -> None:
        columns = [self._column(each) for each in self._wanted.by]
        chosen = "".join(f"{each}, " for each in columns)
        grouped = f" GROUP BY {', '.join(map(str, range(1, len(columns) + 1)))}" if columns else ""
        query = f"SELECT {chosen}{self._sums} {self._rows}{grouped}"
        with exactly():
            for found in self._db.execute(query, (*self._values, *span)):
                sums = tuple(each or 0 for each in found[len(columns) :])
                if not sums[0]:
                    continue
                parts.count(self._source.kind, sums)
                for values in self._fan(found[: len(columns)]):
                    parts.add(start_us, self._source.kind, values, sums)

    def _column(self, dimension: Dimension) -> str:
        if dimension is UNPRICED:
            return _UNPRICED
        if self._source.table == "loose" and not dimension.ended:
            return "NULL"
        return "labels" if dimension.field in _LABELS else dimension.field

    def _fan(self, found: tuple[Any, ...]) -> Iterator[tuple[str | None, ...]]:
        """Yield the values of each line that a group stands under."""
        choices = [self._texts(each, value) for each, value in zip(self._wanted.by, found, strict=True)]
        return product(*choices)

    def _texts(self, dimension: Dimension, value: Any) -> list[str | None]:
        if dimension is UNPRICED:
            return [str(value)]
        if dimension.field in _LABELS:
            tags, keys = self._naming.labels(value) if value is not None else ([], [])
            labels = tags if dimension.field == "tags" else keys
            return [set_of(labels)] if dimension is TAG_SET else [*labels] or [None]
        return [schema.unpacked(value) if dimension.field in _IDS else self._naming.texts[value]]
