"""Asks the index: rows that match, newest first, a page at a time.

Holds no transaction between two pages, so that a slow reader doesn't hold up the writer's housekeeping.
What was indexed behind the first page is left out: whoever asks reads that part of the log elsewhere.
"""

import heapq
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from audit.errors import LogUnavailable
from audit.index import merged, schema
from audit.index.place import Place
from audit.index.row import Row
from audit.index.wanted import Filter
from audit.index.words import Naming
from audit.tlog.tree import Frontier

_PAGE = 256
_BRANCHES = 64
_PROBE = 1_000
_FOREVER_US = 1 << 62

_COLUMNS = (
    'log_index, t_us, kind, id, request_id, sref, writer, "index", tenant, team, op, model, action, '
    "reason_code, revision, fired, n, by, end, end_index, end_reason, deployment, provider, region, "
    "resp_model, tokens_in, tokens_out, cost_micro, total_us"
)


@dataclass(frozen=True, slots=True)
class _Branch:
    """One index of the table to walk along, newest first; several make a way.

    Attributes:
        index: its name.
        condition: what its first column must be, with one parameter; empty for time alone.
        value: the parameter.
    """

    index: str
    condition: str = ""
    value: Any = None


_Way = list[_Branch]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A question as conditions, and the ways to walk.

    Attributes:
        conditions: SQL that all must hold.
        values: their parameters.
        sure: ways that lead to few rows, best first.
        ways: other ways, of which the shortest is to be found out.
    """

    conditions: list[str]
    values: list[Any]
    sure: list[_Way]
    ways: list[_Way]


class Search:
    """The index as it stood when it was opened.

    Attributes:
        size: entries of the merged log that it covers.
        places: how far it is with each writer.
        skipped: entries that are no records.
    """

    def __init__(self, db: sqlite3.Connection, found: dict[str, Any]) -> None:
        self._db = db
        self._naming = Naming(db)
        self._built = found["built"]
        self.size = int(found["size"])
        self.places: dict[str, Place] = found["places"]
        self.skipped = int(found["skipped"])

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Open the index of a log; None where there is none that fits it and can be read.

        Raises:
            LogDamaged: `log.damaged`: the checkpoint is none.
            OSError: it can't be read.
        """
        db = schema.connect_to_read(folder)
        if db is None:
            return None
        try:
            found = _standing(db)
            goal = merged.checkpoint(folder)  # after the index: it only grows
            if found and goal and _fits(found, folder, goal):
                return cls(db, found)
        except (sqlite3.Error, ValueError, KeyError, TypeError):
            pass
        db.close()
        return None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def rows(self, wanted: Filter, sref: str | None) -> Iterator[Row]:
        """Yield the rows that match, newest first; `wanted.limit` and `wanted.subject` are not looked at.

        Raises:
            LogUnavailable: `index.rebuilt`: it was made anew meanwhile; ask again.
            sqlite3.Error: it can't be read.
        """
        plan = self._plan(wanted, sref)
        if plan is None:
            return
        since_us = wanted.since_us if wanted.since_us is not None else -_FOREVER_US
        until_us = wanted.until_us if wanted.until_us is not None else _FOREVER_US
        way = self._best(plan, since_us, until_us)
        page = min(_PAGE, wanted.limit) if wanted.limit else _PAGE
        branches = [self._walk(branch, plan, (since_us, until_us), page) for branch in way]
        if len(branches) == 1:
            yield from map(self._row, branches[0])
            return
        last = -1
        for found in heapq.merge(*branches, key=lambda values: (values[1], values[0]), reverse=True):
            if found[0] != last:
                last = found[0]
                yield self._row(found)

    def by_id(self, record_id: str) -> Row | None:
        """Return the row of a decision that has not ended as far as the index knows."""
        found = self._db.execute(
            f"SELECT {_COLUMNS} FROM record INDEXED BY record_id "  # noqa: S608 - constants
            "WHERE id = ? AND kind = 1 AND end IS NULL AND log_index < ? ORDER BY log_index LIMIT 1",
            (schema.packed(record_id), self.size),
        ).fetchone()
        return self._row(found) if found else None

    def _walk(
        self, branch: _Branch, plan: _Plan, span: tuple[int, int], page: int
    ) -> Iterator[tuple[Any, ...]]:
        since_us, t_us = span
        log_index = -1
        conditions = [branch.condition] if branch.condition else []
        conditions += ["log_index < ?", "t_us >= ?", "t_us <= ?", "(t_us, log_index) < (?, ?)"]
        conditions += plan.conditions
        query = (
            f"SELECT {_COLUMNS} FROM record INDEXED BY {branch.index} "  # noqa: S608 - constants of this module
            f"WHERE {' AND '.join(conditions)} ORDER BY t_us DESC, log_index DESC LIMIT ?"
        )
        values = [branch.value] if branch.condition else []
        while True:
            bounds = [self.size, since_us, t_us, t_us, log_index]
            found = self._db.execute(query, [*values, *bounds, *plan.values, page]).fetchall()
            yield from found
            if len(found) < page:
                return
            log_index, t_us = found[-1][:2]
            page = _PAGE
            if (_standing(self._db) or {}).get("built") != self._built:
                raise LogUnavailable("index.rebuilt", "the index was made anew meanwhile; ask again")

    def _best(self, plan: _Plan, since_us: int, until_us: int) -> _Way:
        """Return the shortest way: the sure one, or what a look at the first entries of each says."""
        if plan.sure:
            return plan.sure[0]
        by_time = [_Branch("record_t_us")]
        if not plan.ways:
            return by_time
        best, fewest = by_time, _PROBE
        for way in plan.ways:
            count = sum(self._count(branch, since_us, until_us, fewest) for branch in way)
            if best is by_time or count < fewest:
                best, fewest = way, min(count, _PROBE)
        return best

    def _count(self, branch: _Branch, since_us: int, until_us: int, most: int) -> int:
        query = (
            f"SELECT count(*) FROM (SELECT 1 FROM record INDEXED BY {branch.index} "  # noqa: S608 - as above
            f"WHERE {branch.condition} AND t_us >= ? AND t_us < ? LIMIT ?)"
        )
        return int(self._db.execute(query, (branch.value, since_us, until_us, most)).fetchone()[0])

    def _plan(self, wanted: Filter, sref: str | None) -> _Plan | None:
        """Return how to look for it; None where a word was never met, so that nothing can match."""
        plan = _Plan([], [], [], [])
        for column, text in (("id", wanted.id), ("request_id", wanted.request_id), ("sref", sref)):
            if text is not None:
                value = schema.packed(text)
                plan.conditions.append(f"{column} = ?")
                plan.values.append(value)
                plan.sure.append([_Branch(f"record_{column}", f"{column} = ?", value)])
        words: Sequence[tuple[tuple[str, ...], str | None]] = (
            (("deployment",), wanted.deployment),
            (("reason_code", "end_reason"), wanted.reason_code),
            (("model", "resp_model"), wanted.model),
            (("team",), wanted.team),
            (("tenant",), wanted.tenant),
            ((), wanted.action),
        )
        for columns, text in words:
            if text is not None and not self._add_word(plan, columns, text):
                return None
        for table, text in (("rule", wanted.rule), ("control", wanted.control)):
            if text is not None and not self._add_fired(plan, table, text):
                return None
        return plan if self._add_kinds(plan, wanted.kinds) else None

    def _add_word(self, plan: _Plan, columns: tuple[str, ...], text: str) -> bool:
        number = self._naming.number(text)
        if number is None:
            return False
        # One that only the action has is no way to walk: half of all rows allow.
        plan.conditions.append(f"({' OR '.join(f'{column} = ?' for column in columns or ('action',))})")
        plan.values.extend([number] * max(1, len(columns)))
        if columns:
            plan.ways.append([_Branch(f"record_{each}", f"{each} = ?", number) for each in columns])
        return True

    def _add_fired(self, plan: _Plan, table: str, text: str) -> bool:
        number = self._naming.number(text)
        query = f"SELECT fired FROM {table} WHERE word = ?"  # noqa: S608 - one of two names
        found = self._db.execute(f"{query} LIMIT ?", (number, _BRANCHES + 1)).fetchall()
        if not found:
            return False
        plan.conditions.append(f"fired IN ({query})")
        plan.values.append(number)
        # A rule that fires in so many company fires often: rows by time meet it soon enough.
        if len(found) <= _BRANCHES:
            plan.ways.append([_Branch("record_fired", "fired = ?", fired) for (fired,) in found])
        return True

    def _add_kinds(self, plan: _Plan, kinds: frozenset[str] | None) -> bool:
        if kinds is None:
            return True
        numbers = [number for kind in kinds if (number := self._naming.number(kind)) is not None]
        if not numbers:
            return False
        plan.conditions.append(f"kind IN ({', '.join('?' * len(numbers))})")
        plan.values.extend(numbers)
        if schema.DECISION not in numbers:
            branches = [
                _Branch("record_kind", f"kind <> {schema.DECISION} AND kind = ?", each) for each in numbers
            ]
            plan.ways.append(branches)
        return True

    def _row(self, found: tuple[Any, ...]) -> Row:
        """Return a row of `_COLUMNS`, which stand in the order of the table, as a `Row`."""
        texts = self._naming.texts
        rules, controls = self._naming.fired(found[15])
        return Row(
            found[1],
            texts[found[6]] or "",
            found[7],
            schema.unpacked(found[3]) or "",
            schema.unpacked(found[4]),
            texts[found[12]] or "",
            texts[found[13]] or "",
            texts[found[8]],
            texts[found[9]],
            schema.unpacked(found[5]),
            texts[found[10]],
            texts[found[11]],
            list(rules),
            texts[found[14]],
            texts[found[18]],
            texts[found[20]],
            texts[found[21]],
            texts[found[24]],
            found[25],
            found[26],
            found[28],
            found[16],
            texts[found[2]] or "",
            list(controls),
            texts[found[22]],
            texts[found[23]],
            found[27],
            texts[found[17]],
            found[0],
            found[19],
        )


def _fits(found: dict[str, Any], folder: Path, goal: merged.Checkpoint) -> bool:
    """Tell whether the index can be this log's; what only its writer can tell, it tells at its next run."""
    if found["identity"] != schema.identity(folder):
        return False
    size = int(found["size"])
    if size != goal.size:
        return size < goal.size
    return Frontier(size, [bytes.fromhex(each) for each in found["hashes"].split()]).root() == goal.root


def _standing(db: sqlite3.Connection) -> dict[str, Any] | None:
    """Return what the index says of itself, all of one moment; None of an empty one."""
    db.execute("BEGIN")
    try:
        found: dict[str, Any] = dict(schema.standing(db))
        writers = db.execute("SELECT name, size, boot, wseq, segment, offset FROM writer").fetchall()
    finally:
        db.execute("COMMIT")
    if "size" not in found:
        return None
    return found | {"places": {name: Place(*rest) for name, *rest in writers}}
