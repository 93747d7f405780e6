"""From a question to SQL: the conditions, and the index of the table along which few rows need a look.

SQLite keeps no figures about these tables, and would guess. An id or a subject leads to few rows; of other
words the first entries are counted, and the rarest leads the way.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from audit.index import schema
from audit.index.wanted import Filter
from audit.index.words import Naming

_BRANCHES = 64
_PROBE = 1_000


@dataclass(frozen=True, slots=True)
class Branch:
    """One index of the table to walk along, newest first; several make a way.

    Attributes:
        index: its name.
        condition: what its first column must be, with one parameter; empty for time alone.
        value: the parameter.
    """

    index: str
    condition: str = ""
    value: Any = None


Way = list[Branch]


@dataclass(frozen=True, slots=True)
class Plan:
    """A question as conditions, and the ways to walk.

    Attributes:
        conditions: SQL that all must hold.
        values: their parameters.
        sure: ways that lead to few rows, best first.
        ways: other ways, of which the shortest is to be found out.
    """

    conditions: list[str]
    values: list[Any]
    sure: list[Way]
    ways: list[Way]


class Planner:
    """Makes plans for one index.

    Args:
        db: the index.
        naming: its words.
    """

    def __init__(self, db: sqlite3.Connection, naming: Naming) -> None:
        self._db = db
        self._naming = naming

    def plan(self, wanted: Filter, sref: str | None) -> Plan | None:
        """Return how to look for it; None where a word was never met, so that nothing can match."""
        plan = Plan([], [], [], [])
        for column, text in (("id", wanted.id), ("request_id", wanted.request_id), ("sref", sref)):
            if text is not None:
                value = schema.packed(text)
                plan.conditions.append(f"{column} = ?")
                plan.values.append(value)
                plan.sure.append([Branch(f"record_{column}", f"{column} = ?", value)])
        words: tuple[tuple[tuple[str, ...], str | None], ...] = (
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

    def _add_word(self, plan: Plan, columns: tuple[str, ...], text: str) -> bool:
        number = self._naming.number(text)
        if number is None:
            return False
        # One that only the action has is no way to walk: half of all rows allow.
        plan.conditions.append(f"({' OR '.join(f'{column} = ?' for column in columns or ('action',))})")
        plan.values.extend([number] * max(1, len(columns)))
        if columns:
            plan.ways.append([Branch(f"record_{each}", f"{each} = ?", number) for each in columns])
        return True

    def _add_fired(self, plan: Plan, table: str, text: str) -> bool:
        number = self._naming.number(text)
        query = f"SELECT fired FROM {table} WHERE word = ?"  # noqa: S608 - one of two names
        found = self._db.execute(f"{query} LIMIT ?", (number, _BRANCHES + 1)).fetchall()
        if not found:
            return False
        plan.conditions.append(f"fired IN ({query})")
        plan.values.append(number)
        # A rule that fires in so many company fires often: rows by time meet it soon enough.
        if len(found) <= _BRANCHES:
            plan.ways.append([Branch("record_fired", "fired = ?", fired) for (fired,) in found])
        return True

    def _add_kinds(self, plan: Plan, kinds: frozenset[str] | None) -> bool:
        if kinds is None:
            return True
        numbers = [number for kind in kinds if (number := self._naming.number(kind)) is not None]
        if not numbers:
            return False
        plan.conditions.append(f"kind IN ({', '.join('?' * len(numbers))})")
        plan.values.extend(numbers)
        if schema.DECISION not in numbers:
            branches = [
                Branch("record_kind", f"kind <> {schema.DECISION} AND kind = ?", each) for each in numbers
            ]
            plan.ways.append(branches)
        return True

    def best(self, plan: Plan, since_us: int, until_us: int) -> Way:
        """Return the shortest way: the sure one, or what a look at the first entries of each says."""
        if plan.sure:
            return plan.sure[0]
        by_time = [Branch("record_t_us")]
        if not plan.ways:
            return by_time
        best, fewest = by_time, _PROBE
        for way in plan.ways:
            count = sum(self._count(branch, since_us, until_us, fewest) for branch in way)
            if best is by_time or count < fewest:
                best, fewest = way, min(count, _PROBE)
        return best

    def _count(self, branch: Branch, since_us: int, until_us: int, most: int) -> int:
        query = (
            f"SELECT count(*) FROM (SELECT 1 FROM record INDEXED BY {branch.index} "  # noqa: S608 - as above
            f"WHERE {branch.condition} AND t_us >= ? AND t_us < ? LIMIT ?)"
        )
        return int(self._db.execute(query, (branch.value, since_us, until_us, most)).fetchone()[0])
