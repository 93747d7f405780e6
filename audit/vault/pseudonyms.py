"""Subjects and their pseudonyms: `sref`, 128 random bits per subject, and the erasable map between.

Random on purpose: a keyed hash of the subject would tie all records to one secret that can leak and
never be erased for one person alone. Shared by all worker processes through SQLite.
"""

import asyncio
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from audit.errors import LogUnavailable, RecordRefused
from audit.ports import Ports
from audit.vault import database, tombstones
from audit.vault.tombstones import Watch

CACHE_SUBJECTS = 65_536
_CLOCK = Ports().mono_us
_BATCH = 512


class Pseudonyms:
    """The map, with the recent subjects in memory; an erased one is forgotten within a second.

    Args:
        path: the SQLite file, in the vault.
        mono_us: monotonic clock, microseconds.

    Raises:
        LogUnavailable: `vault.unavailable` when the file cannot be opened or made.
    """

    def __init__(self, path: Path, mono_us: Callable[[], int] = _CLOCK) -> None:
        self._path = path
        self._known: OrderedDict[str, str] = OrderedDict()
        self._asked: dict[str, asyncio.Future[str]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-vault")
        self._working: asyncio.Task[None] | None = None
        self._db = database.connect(path)
        self._watch = Watch(path.parent, mono_us)

    async def sref(self, subject: str) -> str:
        """Return the pseudonym of `subject`, making one for a new subject; durable on return.

        One dict lookup for a subject seen lately; a question to the map, off the loop, otherwise.
        All calls come from one event loop.

        Raises:
            LogUnavailable: `vault.unavailable` when the map cannot be asked.
            RecordRefused: `record.value` when the subject is no well-formed text.
        """
        self._look()
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

    def forget(self) -> None:
        """Drop what is in memory: the map is asked again for everybody."""
        self._known.clear()

    def _look(self) -> None:
        try:
            if self._watch.news():
                self.forget()
        except OSError as error:
            raise LogUnavailable("vault.unavailable", f"the vault: {error}") from error

    async def _answer_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asked:
            subjects = list(self._asked)[:_BATCH]
            try:
                generation, found = await loop.run_in_executor(self._thread, self._settle, subjects)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
                for subject in subjects:
                    future = self._asked.pop(subject)
                    future.set_exception(LogUnavailable("vault.unavailable", f"the map of subjects: {error}"))
                    future.exception()  # a caller that gave up leaves nobody to read it
                continue
            # What was erased between question and answer must not be remembered behind the erasure.
            lasting = generation >= self._watch.generation
            for subject in subjects:
                if lasting:
                    self._known[subject] = found[subject]
                self._asked.pop(subject).set_result(found[subject])
            while len(self._known) > CACHE_SUBJECTS:
                self._known.popitem(last=False)

    def _settle(self, subjects: list[str]) -> tuple[int, dict[str, str]]:
        generation = tombstones.generation(self._path.parent)
        found = self._select(subjects)
        missing = [(subject, secrets.token_hex(16)) for subject in subjects if subject not in found]
        if not missing:
            return generation, found
        with database.transaction(self._db):
            self._db.executemany("INSERT OR IGNORE INTO subject VALUES (?, ?)", missing)
        # Another process may have been first: what stands in the map holds.
        return generation, self._select(subjects)

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
    with database.reading(path) as db:
        row = db.execute("SELECT sref FROM subject WHERE subject = ?", (subject,)).fetchone()
    return str(row[0]) if row else None


def settle(db: sqlite3.Connection, subject: str) -> str:
    """Return the pseudonym of `subject`, making one if there is none, for whoever holds the vault's lock."""
    with database.transaction(db):
        db.execute("INSERT OR IGNORE INTO subject VALUES (?, ?)", (subject, secrets.token_hex(16)))
    return str(db.execute("SELECT sref FROM subject WHERE subject = ?", (subject,)).fetchone()[0])


def name_of(db: sqlite3.Connection, sref: str) -> str | None:
    """Return whose pseudonym it is or, while an erasure is not finished, was."""
    for table in ("subject", "leaving"):
        row = db.execute(f"SELECT subject FROM {table} WHERE sref = ?", (sref,)).fetchone()  # noqa: S608 - one of two
        if row:
            return str(row[0])
    return None


def part(db: sqlite3.Connection, path: Path, sref: str) -> tuple[int, int]:
    """Part a subject from its pseudonym and destroy its data keys: the subject's next call begins a new life.

    The name is put aside until `forget`, so that an interrupted erasure can still look for it.

    Returns:
        how many pseudonyms and how many keys went.
    """
    with database.traceless(db, path):
        db.execute("INSERT OR IGNORE INTO leaving SELECT sref, subject FROM subject WHERE sref = ?", (sref,))
        names = db.execute("DELETE FROM subject WHERE sref = ?", (sref,)).rowcount
        keys = db.execute("DELETE FROM data_key WHERE sref = ?", (sref,)).rowcount
    return names, keys


def forget(db: sqlite3.Connection, path: Path, sref: str) -> None:
    """Erase the name that `part` put aside, and what the journal remembers of it."""
    with database.traceless(db, path):
        db.execute("DELETE FROM leaving WHERE sref = ?", (sref,))


def _well_formed(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
