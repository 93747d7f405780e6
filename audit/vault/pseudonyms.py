"""Subjects and their pseudonyms: `sref`, 128 random bits per subject, and the erasable map between.

Random on purpose: a keyed hash of the subject would tie all records to one secret that can leak and
never be erased for one person alone. Shared by all worker processes through SQLite with a rollback
journal and `secure_delete`: a write-ahead log would keep what was erased, and SQLite before 3.51.3 can
corrupt one that several processes write. New subjects are rare, so its speed is not needed.
"""

import asyncio
import secrets
import sqlite3
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from audit.errors import LogUnavailable, RecordRefused

CACHE_SUBJECTS = 65_536
_BUSY_S = 5.0
_BATCH = 512


class Pseudonyms:
    """The map, with the recent subjects in memory.

    Args:
        path: the SQLite file, in the vault.

    Raises:
        LogUnavailable: `vault.unavailable` when the file cannot be opened or made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: OrderedDict[str, str] = OrderedDict()
        self._asked: dict[str, asyncio.Future[str]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-vault")
        self._working: asyncio.Task[None] | None = None
        try:
            path.touch(mode=0o600)
            self._db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            self._db.executescript(
                "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
                "CREATE TABLE IF NOT EXISTS subject (subject TEXT PRIMARY KEY, sref TEXT NOT NULL UNIQUE)"
                " WITHOUT ROWID;"
            )
        except (OSError, sqlite3.Error) as error:
            raise LogUnavailable("vault.unavailable", f"cannot open {path}: {error}") from error

    async def sref(self, subject: str) -> str:
        """Return the pseudonym of `subject`, making one for a new subject; durable on return.

        One dict lookup for a subject seen lately; a question to the map, off the loop, otherwise.
        All calls come from one event loop.

        Raises:
            LogUnavailable: `vault.unavailable` when the map cannot be asked.
            RecordRefused: `record.value` when the subject is no well-formed text.
        """
        known = self._known.get(subject)
        if known is not None:
            self._known.move_to_end(subject)
            return known
        if not _well_formed(subject):
            raise RecordRefused("record.value", "a subject with a lone surrogate")
        asked = self._asked.get(subject)
        if asked is None:
            asked = self._asked[subject] = asyncio.get_running_loop().create_future()
            if self._working is None or self._working.done():
                self._working = asyncio.create_task(self._answer_all())
        # Shielded: one caller that gives up must not take the answer from the others.
        return await asyncio.shield(asked)

    async def _answer_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asked:
            subjects = list(self._asked)[:_BATCH]
            try:
                found = await loop.run_in_executor(self._thread, self._settle, subjects)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
                for subject in subjects:
                    future = self._asked.pop(subject)
                    future.set_exception(LogUnavailable("vault.unavailable", f"the map of subjects: {error}"))
                    future.exception()  # a caller that gave up leaves nobody to read it
                continue
            for subject in subjects:
                self._known[subject] = found[subject]
                self._asked.pop(subject).set_result(found[subject])
            while len(self._known) > CACHE_SUBJECTS:
                self._known.popitem(last=False)

    def _settle(self, subjects: list[str]) -> dict[str, str]:
        found = self._select(subjects)
        missing = [(subject, secrets.token_hex(16)) for subject in subjects if subject not in found]
        if not missing:
            return found
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT OR IGNORE INTO subject VALUES (?, ?)", missing)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        # Another process may have been first: what stands in the map holds.
        return self._select(subjects)

    def _select(self, subjects: list[str]) -> dict[str, str]:
        found = {}
        for subject in subjects:
            row = self._db.execute("SELECT sref FROM subject WHERE subject = ?", (subject,)).fetchone()
            if row:
                found[subject] = str(row[0])
        return found

    def close(self) -> None:
        """Close the map; a question under way is answered first."""
        self._thread.shutdown(wait=True)
        self._db.close()


def look_up(path: Path, subject: str) -> str | None:
    """Return the pseudonym of `subject` for a reader, or None; makes none.

    Raises:
        LogUnavailable: `vault.unavailable` when the map cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as db:
            row = db.execute("SELECT sref FROM subject WHERE subject = ?", (subject,)).fetchone()
    except sqlite3.Error as error:
        raise LogUnavailable("vault.unavailable", f"cannot read {path}: {error}") from error
    return str(row[0]) if row else None


def forget(path: Path, subject: str) -> bool:
    """Erase the subject from the map; tell whether it was there.

    A running process that has the subject in memory uses the old pseudonym until it restarts.
    """
    with closing(sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete=ON")
        return db.execute("DELETE FROM subject WHERE subject = ?", (subject,)).rowcount > 0


def _well_formed(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
