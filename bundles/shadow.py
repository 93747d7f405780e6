"""Adds up what gateways wrote about a candidate in their shadow: one total per pair of bundles.

A period is the `policy` and `shadow` of one record: candidate, active revision, since when, until when,
counts, reasons, examples. Several gateways and worker processes write their own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_EXAMPLES = 5


@dataclass(slots=True)
class Total:
    """What is known of one candidate beside one active bundle.

    Args:
        candidate: its revision.
        active: the revision that decided.
        since_us, until_us: the first period's beginning and the last one's end, microseconds UTC.
        counts: as in the records.
        rules: how often, by (change, rule).
        examples: ids of decisions, the latest, by change.
    """

    candidate: str
    active: str
    since_us: int
    until_us: int
    counts: Counter[str] = field(default_factory=Counter)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, period: Mapping[str, Any]) -> None:
        """Add one period's record."""
        facts = period["shadow"]
        self.since_us = min(self.since_us, facts["since_us"])
        self.until_us = max(self.until_us, period["t_us"])
        self.counts.update(facts["counts"])
        for each in facts["reasons"]:
            self.rules[each["change"], each["rule"]] += each["n"]
        for change, ids in facts["examples"].items():
            self.examples[change] = [*self.examples.get(change, ()), *ids][-MAX_EXAMPLES:]

    def document(self) -> dict[str, Any]:
        """The total as a JSON object."""
        return {
            "candidate": self.candidate,
            "active": self.active,
            "since_us": self.since_us,
            "until_us": self.until_us,
            "counts": dict(sorted(self.counts.items())),
            "rules": [
                {"change": change, "rule": rule, "n": n} for (change, rule), n in self.rules.most_common()
            ],
            "examples": self.examples,
        }


def totals(periods: Iterable[Mapping[str, Any]]) -> list[Total]:
    """Add up records of `policy.shadow`; the pair that was seen last comes first."""
    found: dict[tuple[str, str], Total] = {}
    for period in periods:
        pair = period["policy"]["revision"], period["shadow"]["active"]
        total = found.setdefault(pair, Total(*pair, period["shadow"]["since_us"], period["t_us"]))
        total.add(period)
    return sorted(found.values(), key=lambda total: -total.until_us)
