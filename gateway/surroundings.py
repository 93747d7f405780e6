"""What the commands of other rooms ask of the configured house; each room's `cli` says what it needs."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import typer

from audit import record as records
from audit.errors import AuditError
from audit.log import AuditLog
from bundles.store.errors import StoreError
from gateway import settings
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bundles.store.journal import Journal, Transition
    from bundles.trust import Trust

APPROVALS: Final = 2
"""Approvals besides the author's that a store asks for, unless the settings say another number."""


class Surroundings:
    """The house as commands see it: nothing is read before a command asks for it."""

    def audit_folder(self) -> Path:
        """The audit log's folder.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.audit_folder()

    def trust(self) -> Trust:
        """Whose bundles are accepted: release keys, people, and how many of them must approve.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.trust().root()

    def approving(self) -> Trust:
        """As `trust`, for whoever publishes: two approvals where the settings don't say how many.

        A gateway takes a bundle of any folder unless it is told otherwise; a store is there for four eyes.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            chosen = settings.trust()
            said = "approvals" in chosen.model_fields_set
            return chosen.root() if said else replace(chosen.root(), approvals=APPROVALS)

    def policy_store(self) -> Path | None:
        """The folder of the store of policies; None where the settings name none.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.store()

    def journal(self) -> Journal:
        """Where steps of policies are recorded: the configured audit log.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return AuditJournal(settings.audit())


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
        async with AuditLog.open(self._chosen.folder, self._chosen.origin) as log:
            for each in found:
                await log.append(each)


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


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except GatewayError as error:
        typer.echo(f"regent: {error}", err=True)
        raise typer.Exit(1) from None
