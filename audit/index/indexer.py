"""Keeps the index: brings it to where the checkpoint is, or makes it anew.

One process at a time, by a lock beside the file. It hashes what it reads, so that an index of another log,
of a longer one or of another history of the same one is recognised at the next checkpoint, and made anew.
Called by whoever merges, after each batch, or by `regent audit reindex`; it has no thread of its own.
"""

import fcntl
import os
import sqlite3
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from audit.errors import LogDamaged, LogUnavailable
from audit.index import merged, pruned, schema
from audit.index.batch import Batch
from audit.index.merged import Checkpoint
from audit.index.place import Place
from audit.index.words import Numbering
from audit.tlog.tree import Frontier, leaf_hash

BATCH = 4_096
# In one transaction, when there is so much: ids are random, so that each transaction writes many pages anew.
_BATCHES = 16
LOCK = "index.lock"
REQUEST = "index.rebuild"
"""A file of this name asks whoever keeps the index to make it anew."""


class Progress(NamedTuple):
    """How far the index is.

    Attributes:
        size: entries of the merged log that it covers.
        of: entries that the checkpoint covers.
    """

    size: int
    of: int


class Index:
    """The index of one log, open for its one writer.

    Args:
        folder: the log.

    Raises:
        LogUnavailable: `index.busy` when another process keeps it, `log.cannot_open` when the folder is no
            log or can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not (folder / "origin.json").is_file() and not (folder / "checkpoint").is_file():
            raise LogUnavailable("log.cannot_open", f"there is no log in {folder}")
        try:
            self._lock = _take(folder / LOCK)
        except OSError as error:
            raise LogUnavailable("log.cannot_open", f"cannot lock the index of {folder}: {error}") from error
        try:
            self._open()
        except (OSError, sqlite3.Error) as error:
            os.close(self._lock)
            raise LogUnavailable("log.cannot_open", f"cannot open the index of {folder}: {error}") from error

    @property
    def skipped(self) -> int:
        """How many entries are no records; `regent audit verify` names them."""
        return self._skipped

    def catch_up(self, at_most: int | None = None) -> Progress:
        """Index what was merged since, in batches; make the index anew if it is not this log's.

        Args:
            at_most: entries to take; None for all.

        Raises:
            LogDamaged: `log.damaged`: the entries are not those of the checkpoint.
            LogUnavailable: `index.unwritable`: the disk or the folder refuses.
        """
        try:
            return self._catch_up(at_most)
        except sqlite3.OperationalError as error:  # the disk, a lock: the file itself is whole
            raise LogUnavailable("index.unwritable", f"cannot write the index: {error}") from error
        except sqlite3.DatabaseError:
            self._start_over()
            return self._catch_up(at_most)
        except OSError as error:
            raise LogUnavailable("index.unwritable", f"cannot read what was merged: {error}") from error

    def rebuild(self, at_most: int | None = None) -> Progress:
        """Forget everything and index the log from its beginning; for errors see `catch_up`."""
        try:
            self._clear()
        except sqlite3.DatabaseError:
            self._start_over()
        return self.catch_up(at_most)

    def close(self) -> None:
        """Close the file and free the lock."""
        self._db.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        try:
            self._db = schema.connect(self._folder)
            self._load()
        except (sqlite3.DatabaseError, ValueError, TypeError):
            # Not what this code has written. It held nothing that the log doesn't hold.
            schema.remove(self._folder)
            self._db = schema.connect(self._folder)
            self._load()

    def _start_over(self) -> None:
        self._db.close()
        schema.remove(self._folder)
        self._open()

    def _load(self) -> None:
        """Take up what the file says: at the start, and after a transaction that came to nothing."""
        self._numbering = Numbering(self._db)
        found = schema.standing(self._db)
        self._frontier = Frontier(
            int(found.get("size", 0)), [bytes.fromhex(each) for each in found.get("hashes", "").split()]
        )
        self._identity = found.get("identity", "")
        self._skipped = int(found.get("skipped", 0))
        writers = self._db.execute("SELECT name, size, boot, wseq, segment, offset FROM writer").fetchall()
        self._places = {name: Place(*rest) for name, *rest in writers}

    def _clear(self) -> None:
        schema.clear(self._db)
        self._load()

    def _catch_up(self, at_most: int | None) -> Progress:
        asked = self._folder / REQUEST
        if asked.exists():
            self._clear()
            asked.unlink(missing_ok=True)
        goal = merged.checkpoint(self._folder) or Checkpoint("", 0, Frontier().root())
        if not self._fits(goal):
            self._clear()
        began = self._frontier.size
        if began == 0 and (first := pruned.minimum(self._folder)):
            self._frontier = pruned.tree(self._folder, first, goal.size)
            self._places = pruned.places(merged.entries(self._folder, first, goal.size))
        self._read(goal, at_most)
        if self._fits(goal):
            return Progress(self._frontier.size, goal.size)
        self._clear()
        if began == 0:
            raise LogDamaged("log.damaged", f"the entries in {self._folder} are not those of its checkpoint")
        return self._catch_up(at_most)  # what was indexed was another history; now from the beginning

    def _fits(self, goal: Checkpoint) -> bool:
        """Tell whether what is indexed can be the beginning of the checkpoint's tree."""
        size = self._frontier.size
        if size == 0:
            return True
        if self._identity != schema.identity(self._folder) or size > goal.size:
            return False
        return size < goal.size or self._frontier.root() == goal.root

    def _read(self, goal: Checkpoint, at_most: int | None) -> None:
        end = goal.size if at_most is None else min(goal.size, self._frontier.size + at_most)
        # After the checkpoint: a record that it covers was in its segment before it was merged.
        segments = _segments(self._folder)
        coming = merged.entries(self._folder, self._frontier.size, end)
        while self._frontier.size < end:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for _ in range(_BATCHES):
                    if bodies := list(islice(coming, BATCH)):
                        self._write(bodies, segments)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                self._load()
                raise

    def _write(self, bodies: list[bytes], segments: dict[str, frozenset[int]]) -> None:
        batch = Batch(self._places, segments, self._numbering)
        append = self._frontier.append
        for log_index, body in enumerate(bodies, self._frontier.size):
            append(leaf_hash(body))
            batch.add(body, log_index)
        batch.write(self._db)
        self._db.executemany(
            "INSERT OR REPLACE INTO writer VALUES (?, ?, ?, ?, ?, ?)",
            [(name, *astuple(place)) for name, place in self._places.items()],
        )
        self._identity = self._identity or schema.identity(self._folder)
        self._skipped += batch.skipped
        facts = {
            "identity": self._identity,
            "size": self._frontier.size,
            "hashes": " ".join(each.hex() for each in self._frontier.hashes),
            "skipped": self._skipped,
        }
        self._db.executemany("INSERT OR REPLACE INTO standing VALUES (?, ?)", facts.items())


def _segments(folder: Path) -> dict[str, frozenset[int]]:
    """Return where each writer's segments begin; a hint for whoever reads on behind what is merged."""
    slots = (folder / "writers").glob("w*")
    return {
        slot.name: frozenset(int(path.stem) for path in (slot / "seg").glob("[0-9]*.log")) for slot in slots
    }


def _take(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise LogUnavailable("index.busy", f"another process keeps the index beside {path}") from None
    except BaseException:
        os.close(fd)
        raise
    return fd
