"""Who the log in a database is: said once by its first process, and held against whoever comes later.

The keys themselves stay in a folder of each replica: whoever administers the database can't sign.
"""

from pathlib import Path
from typing import NamedTuple

from audit import origin as origins
from audit.errors import LogDamaged, LogUnavailable
from audit.keys import LogKeys
from audit.postgres.session import Session


class Said(NamedTuple):
    """What the database says.

    Attributes:
        document: the bytes of `origin.json`.
        verifier: the log's Ed25519 verifier key.
    """

    document: bytes
    verifier: str


def said(session: Session) -> Said | None:
    """Return who the log is; None before its first process.

    Raises:
        OSError: the database can't be asked.
    """
    row = session.row("SELECT document, verifier FROM origin")
    return row and Said(row["document"], row["verifier"])


def settle(session: Session, origin: str, ours: LogKeys, created_us: int) -> origins.Origin:
    """Say who this log is if nobody has; return who it is.

    Raises:
        LogUnavailable: `log.cannot_open`: the origin is none.
        LogDamaged: `log.origin`, `log.key`: it is another log, or has another key.
        OSError: the database can't be asked.
    """
    document, verifier = origins.document(origin, created_us), str(ours.ed25519.verifier)
    row = session.row("SELECT document, verifier FROM settle($1, $2)", document, verifier)
    _insist(ours, row["verifier"])
    return origins.read(row["document"], origin, "the database")


def make_keys(session: Session, folder: Path, origin: str, *, post_quantum: bool) -> LogKeys:
    """Return the keys in the folder, made there only for a log that has none anywhere.

    Raises:
        LogUnavailable: `log.no_key`: the log has a key, and it isn't in the folder.
        LogDamaged: `log.key`: what is there is no key, of another log, or open to others; `log.origin`.
        OSError: the database can't be asked, or a file not read or written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = said(session)
    if known is None:
        return LogKeys.settle(folder, origin, post_quantum=post_quantum)
    origins.read(known.document, origin, "the database")
    return keys(folder, origin, known.verifier)


def keys(folder: Path, origin: str, verifier: str) -> LogKeys:
    """Return the keys in the folder, which must be those of `verifier`; raises as `make_keys`."""
    try:
        found = LogKeys.read(folder, origin)
    except LogUnavailable as error:
        raise LogUnavailable(
            "log.no_key", f"this log has a key already: put it into {folder / 'keys'}, from another replica"
        ) from error
    _insist(found, verifier)
    return found


def _insist(ours: LogKeys, verifier: str) -> None:
    if str(ours.ed25519.verifier) != verifier:
        raise LogDamaged(
            "log.key", "the log in the database has another key than this replica: it must have the same"
        )
