"""`vault/subjects.db`: what the vault holds besides sidecars. Opens it; what stands there is others' work.

SQLite with a rollback journal and `secure_delete`: a write-ahead log would keep what was erased, and SQLite
before 3.51.3 can corrupt one that several processes write. New subjects are rare, so its speed is not needed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from audit.errors import LogUnavailable
from audit.ports import Ports
from audit.vault.shredding import shred

NAME = "subjects.db"
_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS subject (subject TEXT PRIMARY KEY, sref TEXT NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leaving (sref TEXT PRIMARY KEY, subject TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS data_key (
    sref TEXT, tenant TEXT, wrapped BLOB NOT NULL, PRIMARY KEY (sref, tenant)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tenant_key (tenant TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hold (
    sref TEXT, tenant TEXT, basis TEXT, actor TEXT NOT NULL, since_us INTEGER NOT NULL,
    recorded INTEGER NOT NULL, PRIMARY KEY (sref, tenant, basis)) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, making what isn't there; in autocommit, for any one thread at a time.

    Raises:
        LogUnavailable: `vault.unavailable`.
    """
    try:
        path.touch(mode=0o600)
        db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            db.executescript(
                "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;" + _SCHEMA
            )
        except BaseException:
            db.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise LogUnavailable("vault.unavailable", f"cannot open {path}: {error}") from error
    return db


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database for a while.

    Raises:
        LogUnavailable: `vault.unavailable` when it can't be opened, read or written.
    """
    with closing(connect(path)) as db, unavailable(path):
        yield db


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database for a reader, who changes nothing and needs no right to.

    Raises:
        LogUnavailable: `vault.unavailable`.
    """
    with unavailable(path):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as db:
            yield db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Do all of it or nothing; one writer at a time among all processes."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            db.execute("ROLLBACK")
        raise


@contextmanager
def unavailable(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the vault's.

    Raises:
        LogUnavailable: `vault.unavailable`.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise LogUnavailable("vault.unavailable", f"cannot use {path}: {error}") from error


@contextmanager
def traceless(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Delete rows in one transaction, and overwrite the journal that remembers them.

    SQLite would only unlink its journal, and what stood in the deleted rows would lie on in its blocks.
    """
    db.execute("PRAGMA journal_mode=PERSIST")
    try:
        with transaction(db):
            yield
        wipe_journal(db, path)
    finally:
        db.execute("PRAGMA journal_mode=DELETE")


def wipe_journal(db: sqlite3.Connection, path: Path) -> None:
    """Overwrite what an earlier transaction left of its journal, if anything, and remove it.

    Raises:
        OSError: when the disk refuses.
        sqlite3.Error: when another process keeps the database busy.
    """
    journal = path.with_name(path.name + "-journal")
    # Nobody writes meanwhile; a journal that is there now is one whose transaction is over.
    with transaction(db):
        shred(journal, Ports())
