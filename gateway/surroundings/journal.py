"""Steps of policies, written into the configured audit log before they are taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from audit import record as records
from audit.commands.journal import origin
from audit.errors import AuditError
from bundles.store.errors import StoreError
from gateway.auditing import open_log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bundles.store.journal import Transition
    from gateway import settings


class AuditJournal:
    """**Adapter** of the audit log to `Journal`: one more writer beside the gateways', open while it writes.

    Args:
        chosen: where the log is and what it is called.
    """

    def __init__(self, chosen: settings.Audit) -> None:
        self._chosen = chosen

    def record(self, steps: Sequence[Transition]) -> None:
        """Make each step a record; durable on return.

        Raises:
            StoreError: `store.journal`.
        """
        try:
            asyncio.run(self._append([_record(step) for step in steps]))
        except AuditError as error:
            raise StoreError(
                "store.journal", f"nothing was done, since the audit log said: {error}"
            ) from None

    async def _append(self, found: list[records.Record]) -> None:
        async with open_log(self._chosen) as log:
            for each in found:
                await log.append(each)


def recorder(chosen: settings.Audit, folder: Path) -> Callable[[records.Record], None] | None:
    """What makes a record durable in the configured database; None where the folder is the log itself.

    Raises:
        LogUnavailable: `log.cannot_open`: there is no log in the folder.
    """
    if chosen.postgres is None or origin(folder) != chosen.origin:
        return None

    async def append(record: records.Record) -> None:
        async with open_log(chosen) as log:
            await log.append(record)

    return lambda record: asyncio.run(append(record))


def _record(step: Transition) -> records.Record:
    return records.policy_transition(
        action=step.action.value,
        revision=step.revision,
        bundle=f"sha256:{step.digest}" if step.digest else None,
        before=step.before.value if step.before else None,
        after=step.after.value,
        by=step.by,
        approvals=step.approvals,
        result="void" if step.void else "accepted",
        reason_code=step.reason_code,
    )
