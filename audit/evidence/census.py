"""What a pack's records say in numbers, counted as they pass; bounded, however many they are.

Callers choose some of the names (a model, a deployment of a policy's making), so that each table counts so
many names one by one and the rest together.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from audit.index.row import ENDS, OPEN, Row, end_of, row_of

MOST_NAMES = 500
OTHERS = "(others)"
MOST_ROWS = 200
MOST_EVENTS = 100

_EVENTS = frozenset({"key.rotate", "erasure", "legal_hold", "prune", "policy.transition", "config.change"})
_MISSING = ("lost", "refused", "dropped")


class Table(Counter[str]):
    """Counts by name; beyond so many names, what comes new is counted together."""

    def count(self, name: str | None, n: int = 1) -> None:
        """Count a name; none is not counted."""
        if name is None:
            return
        if name not in self and len(self) >= MOST_NAMES:
            name = OTHERS
        self[name] += n


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy bundle that decided, as records name it.

    Attributes:
        revision: its revision.
        digest: its digest, `sha256:...`; empty where the engine tells none.
        engine: who evaluated it.
    """

    revision: str
    digest: str
    engine: str


@dataclass(slots=True)
class Census:
    """Counts of the records that were seen.

    Attributes:
        kinds: records by `typ`.
        decisions: `allow`, `deny`, and failed authentications.
        reasons: by reason code, of decisions and of ends before the answer was complete.
        rules: rules that fired.
        controls: what those rules serve; once for each record.
        models: models asked for.
        deployments: who answered.
        regions: where.
        policies: bundles that decided; how many decisions each.
        writers: records by writer.
        first_us: the earliest time that a record states; 0 where none does.
        last_us: the latest.
        rows: the first decisions, each with its end.
        gaps: records in which the log admits that something is missing; (index, record).
        events: records that an auditor looks for: keys, erasures, holds, policies; (index, record).
        missing: how many records the gaps admit to be missing.
        unread: entries that are no records.
        opened: ids of allowed requests whose end was not met.
    """

    kinds: Table = field(default_factory=Table)
    decisions: Table = field(default_factory=Table)
    reasons: Table = field(default_factory=Table)
    rules: Table = field(default_factory=Table)
    controls: Table = field(default_factory=Table)
    models: Table = field(default_factory=Table)
    deployments: Table = field(default_factory=Table)
    regions: Table = field(default_factory=Table)
    policies: Counter[Policy] = field(default_factory=Counter)
    writers: Table = field(default_factory=Table)
    first_us: int = 0
    last_us: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    gaps: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    missing: int = 0
    unread: int = 0
    opened: set[str] = field(default_factory=set)

    @property
    def decided(self) -> int:
        """Decisions that were seen."""
        return self.kinds["decision"]

    def see(self, index: int, record: Any) -> None:
        """Count an entry's record; what is none of version 1 is counted as that."""
        try:
            self._see(index, record)
        except (KeyError, TypeError, AttributeError, ValueError):
            self.unread += 1

    def _see(self, index: int, record: dict[str, Any]) -> None:
        kind, t_us = record["typ"], record["t_us"]
        row = self._seen(index, record, kind)
        self.kinds.count(kind)
        self.writers.count(record["writer"]["id"])
        self.first_us = min(self.first_us or t_us, t_us)
        self.last_us = max(self.last_us, t_us)
        if row is not None and len(self.rows) < MOST_ROWS:
            self.rows[row.id] = row
        if kind in _EVENTS and len(self.events) < MOST_EVENTS:
            self.events.append((index, record))

    def _seen(self, index: int, record: dict[str, Any], kind: str) -> Row | None:
        if kind == "decision":
            return self._decision(index, record)
        if kind in ENDS:
            self._end(index, record)
        elif kind == "auth_failure":
            self.decisions.count("failed authentication", record["n"])
            self.reasons.count(record["reason_code"], record["n"])
        elif kind == "gap":
            self.missing += sum(record["gap"].get(name, 0) for name in _MISSING)
            if len(self.gaps) < MOST_EVENTS:
                self.gaps.append((index, record))
        return None

    def _decision(self, index: int, record: dict[str, Any]) -> Row:
        row = row_of(record, 0, OPEN, index)
        self.decisions.count(row.action)
        self.reasons.count(row.reason_code)
        self.models.count(row.model)
        for rule in row.rules:
            self.rules.count(rule)
        for control in row.controls:
            self.controls.count(control)
        policy = record["policy"]
        if policy["revision"] or policy["bundle"]:
            used = Policy(policy["revision"] or "", policy["bundle"] or "", policy["engine"])
            if used in self.policies or len(self.policies) < MOST_NAMES:
                self.policies[used] += 1
        if row.action == "allow" and record["decision"]["final"]:
            self.opened.add(row.id)
        return row

    def _end(self, index: int, record: dict[str, Any]) -> None:
        end = end_of(record, index)
        self.opened.discard(record["ref"])
        self.deployments.count(end.deployment)
        self.regions.count(end.region)
        if end.end_reason is not None:
            self.reasons.count(end.end_reason)
        row = self.rows.get(record["ref"])
        if row is not None:
            for name, value in end._asdict().items():
                setattr(row, name, value)
