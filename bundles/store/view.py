"""What is in the store, for people to look at: states, who did what and when, tests; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundles.store import pointers, report, revisions, words
from bundles.store.desk import state_of
from bundles.store.errors import StoreError
from bundles.store.lifecycle import Action, State
from bundles.store.revisions import Entry, key_of

if TYPE_CHECKING:
    from bundles.store.blobs import Blobs
    from bundles.store.report import Report
    from bundles.store.revisions import Record
    from bundles.trust import Trust


@dataclass(frozen=True, slots=True)
class Row:
    """One revision as it stands.

    Args:
        revision: which one.
        state: by the pointers and its history.
        author: who published it.
        approvals: whose approvals count, by the settings' keys.
        since_us: when it came into this state.
        by: who brought it there.
        tests: its report; None where there is none.
        history: oldest first, with each approval.
        damage: why its files can't be read; then little else is known.
    """

    revision: str
    state: State | None
    author: str
    approvals: tuple[str, ...]
    since_us: int
    by: str
    tests: Report | None
    history: tuple[Entry, ...]
    damage: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The row as a JSON object."""
        tests = self.tests
        return {
            "revision": self.revision,
            "state": self.state,
            "author": self.author,
            "approvals": list(self.approvals),
            "since_us": self.since_us,
            "by": self.by,
            "tests": tests
            and {
                "passed": tests.passed,
                "failed": list(tests.failed),
                "skipped": list(tests.skipped),
                "coverage": tests.coverage,
                "threshold": tests.threshold,
                "inherited_from": tests.inherited_from,
            },
            "damage": self.damage,
        }


def rows(blobs: Blobs, trust: Trust) -> list[Row]:
    """Every revision, the one that moved last first.

    Raises:
        StoreError: `store.unavailable`, or `store.damaged` for `active.json` or `shadow.json`.
    """
    active, tried = (pointers.read(blobs, key) for key in (pointers.ACTIVE, pointers.SHADOW))
    found = []
    for revision in revisions.names(blobs):
        try:
            record, _ = revisions.load(blobs, revision)
            found.append(_row(blobs, trust, record, state_of(record, active, tried)))
        except StoreError as error:
            if error.code != "store.damaged":
                raise
            found.append(Row(revision, None, "", (), 0, "", None, (), error.detail))
    return sorted(found, key=lambda row: (row.since_us, row.revision), reverse=True)


def _row(blobs: Blobs, trust: Trust, record: Record, state: State) -> Row:
    approvals = [word for word, _ in words.valid(blobs, record.revision, record.author, trust)]
    tests = blobs.read(key_of(record.revision, report.FILE))
    # The last one that was asked for stands in the history already, as the step to `approved`.
    noted = {entry.by for entry in record.history if entry.action is Action.APPROVE}
    given = [
        Entry(Action.APPROVE, State.TESTED, State.TESTED, word.name, word.at_us)
        for word in approvals
        if word.name not in noted
    ]
    last = record.history[-1]
    return Row(
        revision=record.revision,
        state=state,
        author=record.author,
        approvals=tuple(word.name for word in approvals),
        since_us=last.at_us,
        by=last.by,
        tests=report.parse(tests[0], record.revision) if tests else None,
        history=tuple(sorted((*record.history, *given), key=lambda entry: entry.at_us)),
    )
