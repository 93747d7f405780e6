"""A new key for a log in a database: on the record, then there for all replicas, then in the folder.

Each step can be repeated: a rotation that broke off is finished by the next call, from the same folder. From
the second step on nobody signs with the old key: the head moves only for who has the one that signs now.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from audit import rotation
from audit.commands.journal import Journal
from audit.errors import LogDamaged, LogUnavailable
from audit.log import AuditLog
from audit.postgres import identity
from audit.postgres.session import Session
from audit.postgres.target import Target

_ROTATE = "SELECT rotate($1, $2, $3) AS verifier"


def rotate(target: Target, folder: Path, origin: str, opening: Callable[[], AuditLog]) -> rotation.Rotation:
    """Give the log a new Ed25519 key, and this folder its secret half.

    Args:
        target: as a member of the writers.
        folder: with the key that signs now.
        origin: name of the log.
        opening: opens the log as one more writer.

    Raises:
        LogUnavailable: `log.no_key`, `log.not_durable`, `log.cannot_open`.
        LogDamaged: `log.key`: another key signs now than the folder's.
        OSError: a file can't be written; a repeated call finishes it.
    """
    change = rotation.prepare(folder, origin)
    before, after = str(change.old.verifier), str(change.new.verifier)
    try:
        with closing(Session(target, "regent rotation")) as session:
            said = identity.said(session)
            if said is None or said.verifier not in {before, after}:
                raise LogDamaged("log.key", "another key signs now than the one in this folder")
            if said.verifier == before:
                with Journal(folder, opening) as journal:
                    journal.record(change.record)
                if session.row(_ROTATE, before, after, change.note)["verifier"] != after:
                    raise LogDamaged("log.key", "the key was changed meanwhile, from another replica")
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"the key is as before: {error}") from error
    rotation.enforce(folder, change)
    return change
