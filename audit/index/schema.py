"""The tables of `index.db`, and how it is opened.

Texts that come again and again are numbers here (`word`), and so is each combination of rules that fired
together (`fired`), and of what a request is charged by (`labels`): rows and their indices are a third of the
size, and comparing them is quick. An end whose decision isn't here, or has another end, is `loose`: no
question about decisions finds it, but what it used was used.

A write-ahead log lets people ask while the index is written. SQLite before 3.51.3 can corrupt one when
several connections write or checkpoint at once; here one does, held by a lock (`audit.index.indexer`),
and readers open the file read-only. Synced at checkpoints only: a power cut may take the last rows, which
the next catching up brings again.
"""

import os
import secrets
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

FILE = "index.db"
VERSION = 2
DECISION = 1
"""The number of the word `decision`: fixed, because a partial index names it."""

_BUSY_S = 1.0
_CACHE_KIB = 65_536

_TABLES = """
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO word VALUES (1, 'decision');
CREATE TABLE fired (
  id INTEGER PRIMARY KEY, rules TEXT NOT NULL, controls TEXT NOT NULL, UNIQUE (rules, controls)
);
INSERT INTO fired VALUES (1, '[]', '[]');
CREATE TABLE labels (id INTEGER PRIMARY KEY, tags TEXT NOT NULL, keys TEXT NOT NULL, UNIQUE (tags, keys));
INSERT INTO labels VALUES (1, '[]', '[]');
CREATE TABLE rule (word INTEGER, fired INTEGER, PRIMARY KEY (word, fired)) WITHOUT ROWID;
CREATE TABLE control (word INTEGER, fired INTEGER, PRIMARY KEY (word, fired)) WITHOUT ROWID;
CREATE TABLE writer (name TEXT PRIMARY KEY, size, boot, wseq, segment, offset) WITHOUT ROWID;
CREATE TABLE standing (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE record (
  log_index INTEGER PRIMARY KEY,
  t_us INTEGER, kind INTEGER, id, request_id, sref, writer INTEGER, "index" INTEGER,
  tenant INTEGER, team INTEGER, op INTEGER, model INTEGER, action INTEGER, reason_code INTEGER,
  revision INTEGER, fired INTEGER, n INTEGER, by INTEGER,
  end INTEGER, end_index INTEGER, end_reason INTEGER, deployment INTEGER, provider INTEGER, region INTEGER,
  resp_model INTEGER, tokens_in INTEGER, tokens_out INTEGER, cost_micro INTEGER, total_us INTEGER,
  cached INTEGER, reasoning INTEGER, estimated INTEGER, prices INTEGER, cost_center INTEGER, labels INTEGER
);
CREATE TABLE loose (
  log_index INTEGER PRIMARY KEY,
  t_us INTEGER, end INTEGER, deployment INTEGER, provider INTEGER, region INTEGER, resp_model INTEGER,
  tokens_in INTEGER, tokens_out INTEGER, cost_micro INTEGER,
  cached INTEGER, reasoning INTEGER, estimated INTEGER, prices INTEGER
);
"""
_INDICES = """
CREATE INDEX record_id ON record (id);
CREATE INDEX record_request_id ON record (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX record_sref ON record (sref, t_us) WHERE sref IS NOT NULL;
CREATE INDEX record_t_us ON record (t_us);
CREATE INDEX record_kind ON record (kind, t_us) WHERE kind <> 1;
CREATE INDEX record_tenant ON record (tenant, t_us) WHERE tenant IS NOT NULL;
CREATE INDEX record_team ON record (team, t_us) WHERE team IS NOT NULL;
CREATE INDEX record_model ON record (model, t_us) WHERE model IS NOT NULL;
CREATE INDEX record_resp_model ON record (resp_model, t_us) WHERE resp_model IS NOT NULL;
CREATE INDEX record_reason_code ON record (reason_code, t_us);
CREATE INDEX record_end_reason ON record (end_reason, t_us) WHERE end_reason IS NOT NULL;
CREATE INDEX record_deployment ON record (deployment, t_us) WHERE deployment IS NOT NULL;
CREATE INDEX record_fired ON record (fired, t_us);
CREATE INDEX loose_t_us ON loose (t_us);
"""


def connect(folder: Path) -> sqlite3.Connection:
    """Open the index for its one writer, making an empty one where there is none of this version.

    Raises:
        sqlite3.Error: the file is no SQLite database, or can't be made.
    """
    path = folder / FILE
    path.touch(mode=0o600)
    db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=8192;"
            f"PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-{_CACHE_KIB}; PRAGMA temp_store=MEMORY;"
        )
        if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            clear(db)
    except BaseException:
        db.close()
        raise
    return db


def clear(db: sqlite3.Connection) -> None:
    """Empty the index, in one step for whoever reads meanwhile."""
    db.execute("BEGIN IMMEDIATE")
    try:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in names:
            db.execute(f'DROP TABLE "{name}"')
        for statement in (_TABLES + _INDICES).split(";\n"):
            db.execute(statement)
        db.execute("INSERT INTO standing VALUES ('built', ?)", (secrets.token_hex(8),))
        db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def connect_to_read(folder: Path) -> sqlite3.Connection | None:
    """Open the index for asking; None where there is none of this version that can be read."""
    path = folder / FILE
    if not path.is_file():
        return None
    # On a medium that takes no writes there is no room for the files beside it, and nobody who writes.
    options = "mode=ro" if os.access(folder, os.W_OK) else "mode=ro&immutable=1"
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?{options}", uri=True, timeout=_BUSY_S, isolation_level=None
        )
    except sqlite3.Error:
        return None
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] == VERSION:
            return db
    except sqlite3.Error:
        pass
    db.close()
    return None


def packed(text: str | None) -> bytes | str | None:
    """Return an id as it stands in the index: 128 bits of hex as 16 bytes, a `req_` before them as one."""
    if text is None:
        return None
    try:
        if len(text) == 32:  # noqa: PLR2004 - 128 bits of hex
            data = bytes.fromhex(text)
            return data if data.hex() == text else text
        if len(text) == 36 and text.startswith("req_"):  # noqa: PLR2004 - the same behind a prefix
            data = bytes.fromhex(text[4:])
            return b"r" + data if data.hex() == text[4:] else text
    except ValueError:
        pass
    return text


def unpacked(value: bytes | str | None) -> str | None:
    """Return the id that was packed."""
    if isinstance(value, bytes):
        return value.hex() if len(value) == 16 else "req_" + value[1:].hex()  # noqa: PLR2004 - as above
    return value


def identity(folder: Path) -> str:
    """Return what tells this log from another one of the same name: the digest of its `origin.json`."""
    try:
        return sha256((folder / "origin.json").read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def size_of(folder: Path) -> int:
    """Return the bytes that the index takes on the disk."""
    return sum(path.stat().st_size for path in folder.glob(FILE + "*"))


def remove(folder: Path) -> None:
    """Delete an index; the database first, so that no reader pairs an old one with new files beside it."""
    for ending in ("", "-wal", "-shm"):
        (folder / (FILE + ending)).unlink(missing_ok=True)


def standing(db: sqlite3.Connection) -> dict[str, str]:
    """Return what the index says of itself."""
    with closing(db.execute("SELECT name, value FROM standing")) as found:
        return dict(found.fetchall())
