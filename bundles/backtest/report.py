"""What a backtest found, in numbers that don't grow with the log: counts, names and a few examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bundles.backtest.effect import Change

if TYPE_CHECKING:
    from bundles.backtest.comparison import Compared, Comparison
    from bundles.backtest.recorded import Recorded, Recording

MAX_NAMES = 1000
"""Names that are counted one by one, because callers choose what model they ask for; the rest is OTHERS."""

OTHERS = "(others)"
NOBODY = "(none)"

# What became of a request for a reason that no policy had a part in.
_ELSEWHERE = ("client.", "log.", "gateway.", "upstream.", "input.", "model.unknown")


@dataclass(slots=True)
class Row:
    """The counts of one team, model or rule.

    Args:
        replayed: decisions that were replayed; 0 for a rule.
        changes: how many differ, by change.
        examples: ids of the first decisions, by change.
    """

    replayed: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    examples: dict[Change, list[str]] = field(default_factory=dict)


class Report:
    """The counts of one backtest.

    Args:
        examples: ids that are kept for each change and name.

    Attributes:
        read: decisions in question.
        replayed: those of them that were asked again.
        missing: the others, by reason.
        changes: differences by change.
        diverged: decisions of the active bundle's own revision which it doesn't repeat.
        damaged, torn: places in the log that could not be read.
    """

    def __init__(self, examples: int = 5) -> None:
        self._examples = examples
        self.read = 0
        self.replayed = 0
        self.missing: Counter[str] = Counter()
        self.changes: Counter[Change] = Counter()
        self.diverged = 0
        self.damaged: tuple[str, ...] = ()
        self.torn: tuple[str, ...] = ()
        self.teams: dict[str, Row] = {}
        self.models: dict[str, Row] = {}
        self.rules: dict[str, Row] = {}

    @property
    def doubtful(self) -> bool:
        """Whether part of the log doesn't hold: a question that isn't what was asked, or damage."""
        return bool(self.damaged or self.missing["altered"])

    def skip(self, missing: str) -> None:
        """Count a decision that can't be replayed."""
        self.read += 1
        self.missing[missing] += 1

    def add(self, recorded: Recorded, compared: Compared, revision: str) -> None:
        """Count a decision that was replayed.

        Args:
            revision: the active bundle's.
        """
        self.read += 1
        self.replayed += 1
        team, model = recorded.team or NOBODY, recorded.model or NOBODY
        row, other = self.teams.get(team), self.models.get(model)
        if row is None:
            row = _row(self.teams, team)
        if other is None:
            other = _row(self.models, model)
        row.replayed += 1
        other.replayed += 1
        if recorded.revision == revision and _diverges(recorded, allowed=compared.before.allow):
            self.diverged += 1
        found = compared.difference
        if found is not None:
            self.changes[found.change] += 1
            rules = (_row(self.rules, rule) for rule in found.rules or (NOBODY,))
            for each in (row, other, *rules):
                self._count(each, found.change, recorded.id)

    def end(self, recording: Recording) -> None:
        """Take over what the recording says of itself."""
        self.damaged, self.torn = tuple(recording.damaged), tuple(recording.torn)

    def _count(self, row: Row, change: Change, decision: str) -> None:
        row.changes[change] += 1
        examples = row.examples.setdefault(change, [])
        if len(examples) < self._examples:
            examples.append(decision)

    def document(self, comparison: Comparison) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "candidate": comparison.candidate.revision,
            "against": comparison.active.revision,
            "read": self.read,
            "replayed": self.replayed,
            "not_replayed": dict(sorted(self.missing.items())),
            "diverged": self.diverged,
            "damaged": list(self.damaged),
            "torn": list(self.torn),
            "changes": {change.value: self.changes[change] for change in Change},
            "by_rule": _rows(self.rules),
            "by_team": _rows(self.teams),
            "by_model": _rows(self.models),
        }


def _row(rows: dict[str, Row], name: str) -> Row:
    if name not in rows and len(rows) >= MAX_NAMES:
        name = OTHERS
    return rows.setdefault(name, Row())


def _rows(rows: dict[str, Row]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "replayed": row.replayed,
            "changes": {change.value: n for change, n in sorted(row.changes.items())},
            "examples": {change.value: ids for change, ids in sorted(row.examples.items())},
        }
        for name, row in sorted(rows.items(), key=lambda item: (-item[1].changes.total(), item[0]))
        if row.changes
    ]


def _diverges(recorded: Recorded, *, allowed: bool) -> bool:
    """Whether the same bundle answered otherwise then; a denial may have had other reasons than policy."""
    if recorded.action == "allow":
        return not allowed
    return allowed and not recorded.reason_code.startswith(_ELSEWHERE)
