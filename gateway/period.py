"""What a shadow counted in one period about one pair of bundles, and the record that tells it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from audit import record as records

if TYPE_CHECKING:
    from audit.record import Record
    from bundles.backtest.effect import Change, Difference, Effect

MAX_RULES = 256
MAX_EXAMPLES = 5
TOLD_RULES = 32
OTHERS = "(others)"


class Period:
    """Counts since one moment.

    Args:
        digest: digest of the candidate.
        candidate: its revision.
        since_us: the moment, microseconds since the epoch.
        active: the revision that decides meanwhile; empty while none has.

    Attributes:
        counts: `considered`, `dropped`, `costly` (the candidate took more steps than a shadow may), `failed`
            (the comparison itself), and the differences by change.
    """

    def __init__(self, digest: str, candidate: str, since_us: int, active: str = "") -> None:
        self._digest = digest
        self._candidate = candidate
        self._since_us = since_us
        self.active = active
        self.counts: Counter[str] = Counter()
        self._rules: Counter[tuple[Change, str]] = Counter()
        self._examples: dict[str, list[str]] = {}

    def count(self, decision_id: str, found: Difference | None, after: Effect) -> None:
        """Count one request.

        Args:
            decision_id: id of its decision.
            found: how the candidate differs.
            after: what the candidate makes of it.
        """
        self.counts["considered"] += 1
        if "engine.budget_exceeded" in after.reasons:
            self.counts["costly"] += 1
            return
        if found is None:
            return
        self.counts[found.change.value] += 1
        for rule in found.rules:
            known = (found.change, rule) in self._rules or len(self._rules) < MAX_RULES
            self._rules[found.change, rule if known else OTHERS] += 1
        examples = self._examples.setdefault(found.change.value, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(decision_id)

    def record(self) -> Record:
        """The counts as a record of the log."""
        return records.policy_shadow(
            bundle=self._digest,
            revision=self._candidate,
            active=self.active,
            since_us=self._since_us,
            counts=dict(self.counts),
            reasons=[
                {"change": change.value, "rule": rule, "n": n}
                for (change, rule), n in self._rules.most_common(TOLD_RULES)
            ],
            examples=self._examples,
        )

    def next(self, now_us: int) -> Period:
        """The period that follows this one."""
        return Period(self._digest, self._candidate, now_us, self.active)
