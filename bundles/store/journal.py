"""What is handed to the audit log before a revision moves on; knows no log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bundles.store.lifecycle import Action, State


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of one revision.

    Args:
        action: what is done.
        revision: to which revision.
        digest: SHA-256, hex, of the bundle that is put in force by it; None where none is.
        before: the state that it was in; None for one that is new.
        after: the state that it goes to; the same for an approval that isn't the last one needed.
        by: who does it, by the name in the gateway's settings.
        approvals: how many valid approvals it has.
        void: the step was recorded, and then wasn't taken after all.
        reason_code: why it is void.
    """

    action: Action
    revision: str
    digest: str | None
    before: State | None
    after: State
    by: str
    approvals: int
    void: bool = False
    reason_code: str | None = None


class Journal(Protocol):
    """**Protocol:** where steps are recorded for auditors."""

    def record(self, steps: Sequence[Transition]) -> None:
        """Record steps that are about to be taken together; durable on return.

        Raises:
            StoreError: `store.journal`; then none of them is taken.
        """
        ...
