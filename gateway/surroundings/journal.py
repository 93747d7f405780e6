"""Steps of policies, written into the configured audit log before they are taken."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from audit import record as records
from audit.commands.journal import origin
from audit.errors import AuditError, LogUnavailable
from audit.postgres.target import Target, read_dsn
from audit.reading.stream import events
from bundles.store.errors import StoreError
from gateway.auditing import open_log, open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from audit.commands.homes import Home
    from audit.postgres.contents import TableContents
    from audit.reading.source import Source
    from audit.rotation import Rotation
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
    if chosen.postgres is None or not _is_copy(chosen, folder):
        return None

    async def append(record: records.Record) -> None:
        async with open_log(chosen) as log:
            await log.append(record)

    return lambda record: asyncio.run(append(record))


def source(chosen: settings.Audit, folder: Path) -> Source | None:
    """What readers of a copy of the configured log need besides; None where the folder is no such copy.

    Raises:
        LogUnavailable, LogDamaged: the copy can't be brought up to date.
        OSError: likewise.
    """
    if chosen.postgres is None or not _is_copy(chosen, folder):
        return None
    if (
        folder.absolute() == chosen.folder.absolute()
    ):  # another copy stays what whoever made it wants it to be
        from audit.postgres.source import refresh  # noqa: PLC0415 - needs a package that is optional

        refresh(chosen.postgres.target(), folder)
    return open_source(chosen)


def home(chosen: settings.Audit, folder: Path) -> Home | None:
    """Where log and vault are that `folder` is a copy of; None where it is the log itself.

    Raises:
        LogUnavailable: `vault.unavailable`: no login for the vault is named; `log.cannot_open`.
    """
    if chosen.postgres is None or not _is_copy(chosen, folder):
        return None
    from audit.postgres.home import DatabaseHome  # noqa: PLC0415 - needs a package that is optional

    vault = _vault(chosen.postgres)
    if vault is None:
        raise _no_vault()
    return DatabaseHome(chosen.postgres.target(), vault, folder, partial(open_log, chosen))


def contents(chosen: settings.Audit, folder: Path) -> TableContents | None:
    """What the vault of the configured log holds; None where it is in `folder`, which then is the log itself.

    Raises:
        LogUnavailable: as for `home`.
    """
    if chosen.postgres is None or not _is_copy(chosen, folder):
        return None
    from audit.postgres.contents import TableContents  # noqa: PLC0415 - needs a package that is optional
    from audit.postgres.session import Session  # noqa: PLC0415

    vault = _vault(chosen.postgres)
    if vault is None:
        raise _no_vault()
    return TableContents(Session(vault, "regent reader of the vault"))


def events_of(chosen: settings.Audit, folder: Path, typ: str) -> Iterator[dict[str, Any]]:
    """Yield the records of one kind of a log, writer by writer, oldest first.

    Raises:
        LogUnavailable: `log.cannot_open`.
    """
    if chosen.postgres is None or not _is_copy(chosen, folder):
        return events(folder, typ)
    from audit.postgres.events import events as in_rows  # noqa: PLC0415 - needs a package that is optional

    return in_rows(chosen.postgres.target(), typ)


def rotation(chosen: settings.Audit, folder: Path) -> Callable[[], Rotation] | None:
    """What changes the key of the configured log in a database; None where `folder` is the log itself.

    Raises:
        LogUnavailable: `log.cannot_open`: there is no log in the folder.
    """
    if chosen.postgres is None or not _is_copy(chosen, folder):
        return None
    from audit.postgres.rotating import rotate  # noqa: PLC0415 - needs a package that is optional

    return partial(rotate, chosen.postgres.target(), folder, chosen.origin, partial(open_log, chosen))


def _no_vault() -> LogUnavailable:
    return LogUnavailable("vault.unavailable", "audit.postgres.vault_dsn_file names no login for the vault")


def _vault(chosen: settings.Postgres) -> Target | None:
    path = chosen.vault_dsn_file
    return Target(read_dsn(path), chosen.schema_name) if path is not None else None


def _is_copy(chosen: settings.Audit, folder: Path) -> bool:
    return folder.absolute() == chosen.folder.absolute() or origin(folder) == chosen.origin


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
