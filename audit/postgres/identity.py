"""Who the log in a database is: said once by its first process, and held against whoever comes later.

The keys themselves stay in a folder of each replica: whoever administers the database can't sign.
"""

from pathlib import Path
from typing import NamedTuple

from audit import origin as origins
from audit import rotation
from audit.errors import LogDamaged, LogUnavailable
from audit.keys import LogKeys
from audit.postgres.session import Session
from audit.tlog.keys import KeyRefused, VerifierKey


class Said(NamedTuple):
    """What the database says.

    Attributes:
        document: the bytes of `origin.json`.
        verifier: the log's Ed25519 verifier key that signs now.
        keys: all that did, the first one first, each signed in by the one before.
        notes: in which they did that.
    """

    document: bytes
    verifier: str
    keys: tuple[VerifierKey, ...]
    notes: tuple[bytes, ...]


def said(session: Session) -> Said | None:
    """Return who the log is; None before its first process.

    Raises:
        LogDamaged: `log.key`: what stands there as a change of keys is none.
        OSError: the database can't be asked.
    """
    row = session.row("SELECT document, verifier FROM origin")
    if row is None:
        return None
    notes = tuple(each["note"] for each in session.fetch("SELECT note FROM rotation ORDER BY number"))
    try:
        keys = rotation.follow(VerifierKey.parse(row["verifier"]), notes)
    except KeyRefused as error:
        raise LogDamaged("log.key", "the log in the database has no key") from error
    return Said(row["document"], str(keys[-1]), tuple(keys), notes)


def changes(session: Session) -> int:
    """Return how often the log has changed its key.

    Raises:
        OSError: the database can't be asked.
    """
    return int(session.row("SELECT coalesce(max(number), 0) AS number FROM rotation")["number"])


def settle(session: Session, origin: str, ours: LogKeys, created_us: int) -> origins.Origin:
    """Say who this log is if nobody has; return who it is.

    Raises:
        LogUnavailable: `log.cannot_open`: the origin is none.
        LogDamaged: `log.origin`, `log.key`: it is another log, or has another key.
        OSError: the database can't be asked.
    """
    document, verifier = origins.document(origin, created_us), str(ours.ed25519.verifier)
    session.row("SELECT document FROM settle($1, $2)", document, verifier)
    known = said(session)
    if known is None:
        raise LogUnavailable("log.cannot_open", "the database doesn't say whose log it is")
    _insist(ours, known.verifier)
    return origins.read(known.document, origin, "the database")


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
