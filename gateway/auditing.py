"""Opens the configured audit log: in a folder, or in the database that many replicas share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.log import AuditLog
from audit.reading.source import FolderSource, Source
from audit.vault.keys import read_sealing_key
from audit.vault.sealing import Seal

if TYPE_CHECKING:
    from gateway.settings import Audit


def open_log(chosen: Audit) -> AuditLog:
    """Open it, as one more writer. Blocks.

    Raises:
        LogUnavailable: it can't be opened, or its database isn't fit for a log.
        LogDamaged: it isn't what it was, or another log.
    """
    keep_questions = chosen.questions == "keep"
    key = chosen.sealing_key_file
    seal = Seal(read_sealing_key(key), chosen.sealed_bytes) if key else None
    if chosen.postgres is None:
        return AuditLog.open(
            chosen.folder,
            chosen.origin,
            keep_questions=keep_questions,
            durability=chosen.durability,
            post_quantum=chosen.post_quantum,
            seal=seal,
        )
    from audit.postgres.log import Place, open_log  # noqa: PLC0415 - needs a package that is optional

    return open_log(
        Place(chosen.postgres.target(), chosen.folder, chosen.postgres.replica),
        chosen.origin,
        keep_questions=keep_questions,
        post_quantum=chosen.post_quantum,
        seal=seal,
    )


def open_source(chosen: Audit) -> Source:
    """What its readers need besides the files of the merged log."""
    if chosen.postgres is None:
        return FolderSource(chosen.folder)
    from audit.postgres.source import TableSource  # noqa: PLC0415 - needs a package that is optional

    return TableSource(chosen.postgres.target())
