"""Asks the index: rows that match, newest first, a page at a time.

Holds no transaction between two pages, so that a slow reader doesn't hold up the writer's housekeeping.
What was indexed behind the first page is left out: whoever asks reads that part of the log elsewhere.
"""

import heapq
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from audit.errors import LogDamaged, LogUnavailable
from audit.index import merged, schema
from audit.index.place import Place
from audit.index.plan import Branch, Plan, Planner
from audit.index.row import Row
from audit.index.wanted import Filter
from audit.index.words import Naming
from audit.tlog.tree import Frontier

_PAGE = 256
_LEAST = 8
_FOREVER_US = 1 << 62
_STEPS = 20_000  # of SQLite's machine, less than a millisecond

_COLUMNS = (
    'log_index, t_us, kind, id, request_id, sref, writer, "index", tenant, team, op, model, action, '
    "reason_code, revision, fired, n, by, end, end_index, end_reason, deployment, provider, region, "
    "resp_model, tokens_in, tokens_out, cost_micro, total_us, cached, reasoning, estimated, prices, "
    "cost_center, labels"
)


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
            OSError: the checkpoint can't be read.
        """
        db = schema.connect_to_read(folder)
        if db is None:
            return None
        try:
            found = _standing(db)
            goal = merged.checkpoint(folder)  # after the index: it only grows
            fits = found is not None and goal is not None and _fits(found, folder, goal)
            search = cls(db, found) if fits and found else None
        except (sqlite3.Error, ValueError, KeyError, TypeError, LogDamaged):
            search = None
        except BaseException:
            db.close()
            raise
        if search is None:
            db.close()
        return search

    @contextmanager
    def moment(self) -> Iterator[tuple[sqlite3.Connection, Naming]]:
        """Have all questions that follow see one moment of the index, of which `size` and `places` are then.

        Raises:
            LogUnavailable: `index.rebuilt`: it was made anew since it was opened; ask again.
            sqlite3.Error: it can't be read.
        """
        self._db.execute("BEGIN")
        try:
            found = _stands(self._db)
            if found is None or found["built"] != self._built:
                raise LogUnavailable("index.rebuilt", "the index was made anew meanwhile; ask again")
            self.size, self.places = int(found["size"]), found["places"]
            yield self._db, self._naming
        finally:
            self._db.execute("ROLLBACK")

    def heed(self, stopped: Callable[[], bool]) -> None:
        """Have questions end with `sqlite3.OperationalError` once `stopped` says so."""
        self._db.set_progress_handler(stopped, _STEPS)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def rows(self, wanted: Filter, sref: str | None) -> Iterator[Row]:
        """Yield the rows that match, newest first; `wanted.limit` and `wanted.subject` are not looked at.

        Raises:
            LogUnavailable: `index.rebuilt`: it was made anew meanwhile; ask again.
            sqlite3.Error: it can't be read.
        """
        planner = Planner(self._db, self._naming)
        plan = planner.plan(wanted, sref)
        if plan is None:
            return
        since_us = wanted.since_us if wanted.since_us is not None else -_FOREVER_US
        until_us = wanted.until_us if wanted.until_us is not None else _FOREVER_US
        way = planner.best(plan, since_us, until_us)
        page = max(_LEAST, min(_PAGE, wanted.limit or _PAGE) // len(way))
        branches = [self._walk(branch, plan, (since_us, until_us), page) for branch in way]
        if len(branches) == 1:
            yield from branches[0]
            return
        last = -1
        for row in heapq.merge(*branches, key=lambda row: (row.t_us, row.log_index), reverse=True):
            if row.log_index != last:
                last = row.log_index or 0
                yield row

    def by_id(self, record_id: str) -> Row | None:
        """Return the row of a decision that has not ended as far as the index knows."""
        query = (
            f"SELECT {_COLUMNS} FROM record INDEXED BY record_id "  # noqa: S608 - constants
            "WHERE id = ? AND kind = 1 AND end IS NULL AND log_index < ? ORDER BY log_index LIMIT 1"
        )
        found = self._page(query, [schema.packed(record_id), self.size])
        return found[0] if found else None

    def has(self, kind: str, request_id: str) -> bool:
        """Tell whether a record of a kind is about a request, or a reservation."""
        query = "SELECT 1 FROM record INDEXED BY record_request_id WHERE request_id = ? AND kind = ?"
        values = (schema.packed(request_id), self._naming.number(kind))
        return self._db.execute(query, values).fetchone() is not None

    def ended(self, record_id: str) -> bool:
        """Tell whether the end of a decision is indexed."""
        query = "SELECT 1 FROM record INDEXED BY record_id WHERE id = ? AND kind = 1 AND end IS NOT NULL"
        return self._db.execute(query, (schema.packed(record_id),)).fetchone() is not None

    def _walk(self, branch: Branch, plan: Plan, span: tuple[int, int], page: int) -> Iterator[Row]:
        since_us, t_us = span
        log_index = -1
        conditions = [branch.condition] if branch.condition else []
        conditions += ["log_index < ?", "t_us >= ?", "t_us <= ?", "(t_us, log_index) < (?, ?)"]
        conditions += plan.conditions
        query = (
            f"SELECT {_COLUMNS} FROM record INDEXED BY {branch.index} "  # noqa: S608 - constants of this room
            f"WHERE {' AND '.join(conditions)} ORDER BY t_us DESC, log_index DESC LIMIT ?"
        )
        values = [branch.value] if branch.condition else []
        while True:
            bounds = [self.size, since_us, t_us, t_us, log_index]
            found = self._page(query, [*values, *bounds, *plan.values, page])
            yield from found
            if len(found) < page:
                return
            t_us, log_index = found[-1].t_us, found[-1].log_index or 0
            page = min(2 * page, _PAGE)

    def _page(self, query: str, values: list[Any]) -> list[Row]:
        """Return rows with their words, all of one moment and of the index that was opened."""
        held = self._db.in_transaction
        if not held:
            self._db.execute("BEGIN")
        try:
            (built,) = self._db.execute("SELECT value FROM standing WHERE name = 'built'").fetchone()
            if built != self._built:
                raise LogUnavailable("index.rebuilt", "the index was made anew meanwhile; ask again")
            return [self._row(found) for found in self._db.execute(query, values).fetchall()]
        finally:
            if not held:
                self._db.execute("COMMIT")

    def _row(self, found: tuple[Any, ...]) -> Row:
        """Return a row of `_COLUMNS`, which stand in the order of the table, as a `Row`."""
        texts = self._naming.texts
        rules, controls = self._naming.fired(found[15])
        tags, keys = self._naming.labels(found[34])
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
            found[29],
            found[30],
            None if found[31] is None else bool(found[31]),
            texts[found[32]],
            texts[found[33]],
            list(tags),
            list(keys),
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
        return _stands(db)
    finally:
        db.execute("COMMIT")


def _stands(db: sqlite3.Connection) -> dict[str, Any] | None:
    found: dict[str, Any] = dict(schema.standing(db))
    writers = db.execute("SELECT name, size, boot, wseq, segment, offset FROM writer").fetchall()
    if "size" not in found:
        return None
    return found | {"places": {name: Place(*rest) for name, *rest in writers}}
