"""Checkpoints of a ledger's write-ahead log, on a thread of their own: they sync, and nobody waits for that.

SQLite before 3.51.3 can corrupt a file when somebody commits and starts the log anew while somebody else is
at a checkpoint. So a checkpoint is made only while the writers' lock is held, by a second connection that
writes nothing: nobody can commit meanwhile, in any process, and no second checkpoint begins.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from gateway.ledger.sqlite_file import connect

if TYPE_CHECKING:
    from pathlib import Path

EVERY = 1_000
_WAIT_S = 1.0


class Checkpoints:
    """Makes a checkpoint now and then.

    Args:
        path: the ledger's file.
        every: after how many commits of this process.
    """

    def __init__(self, path: Path, every: int = EVERY) -> None:
        self._path = path
        self._every = every
        self._commits = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-checkpoints")
        self._running: Future[bool] | None = None

    def count(self) -> None:
        """Take note of a commit."""
        self._commits += 1
        if self._commits >= self._every and (self._running is None or self._running.done()):
            self._commits = 0
            self._running = self._thread.submit(checkpoint, self._path)

    def close(self) -> None:
        """Wait for the one that is being made; for a thread."""
        self._thread.shutdown()


def checkpoint(path: Path) -> bool:
    """Bring the log into the file; tell whether all of it is there now.

    What goes wrong here goes wrong for the next transaction as well, which says so; the log only grows.
    """
    try:
        _sync(path.with_name(path.name + "-wal"))
        with contextlib.closing(connect(path, _WAIT_S)) as guard, contextlib.closing(connect(path)) as db:
            guard.execute("BEGIN IMMEDIATE")
            busy, frames, done = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            guard.execute("ROLLBACK")
    except (OSError, sqlite3.Error):
        return False
    return not busy and bool(frames == done)


def _sync(path: Path) -> None:
    """Bring most of the log to the disk before anybody is kept waiting; SQLite holds no locks on it."""
    log = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(log)
    finally:
        os.close(log)
