"""Where the merged log stands: a folder as C2SP `tlog-tiles` lays it out, whose head moves by comparison.

What a published checkpoint covers is never written again. What lies beyond it may be left over from a merge
that broke off, and is written over.
"""

import fcntl
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from audit import files
from audit.errors import LogDamaged, LogUnavailable
from audit.merging import floor
from audit.merging.growth import File

PUBLISHED = "checkpoint"
HEAD = "head"
HINT = "merge.json"


class Shelf:
    """The folder, held by one process.

    Args:
        folder: the log.
        apart: whether somebody else publishes; the head then stands in a file of its own.

    Raises:
        LogUnavailable: `log.merging`: another process holds it.
        OSError: the folder can't be written.
    """

    def __init__(self, folder: Path, *, apart: bool = False) -> None:
        self._folder = folder
        self._apart = apart
        self._lock = os.open(folder / "merge.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise LogUnavailable("log.merging", f"another process merges the log in {folder}") from None

    def fetch(self, path: str) -> bytes:
        """Return what stands at a path of the layout.

        Raises:
            OSError: nothing does, or it can't be read.
        """
        return (self._folder / path).read_bytes()

    def put(self, contents: Iterable[File]) -> None:
        """Write bundles and tiles; durable on return.

        Raises:
            OSError: the disk refuses.
        """
        folders: set[Path] = set()
        for path, data in contents:
            place = self._folder / path
            folders |= self._make(place.parent)
            files.write(place, data)
            folders.add(place.parent)
        for folder in folders:
            files.sync_folder(folder)

    def head(self) -> bytes | None:
        """Return the log's head, None of a log that has none."""
        for name in (HEAD, PUBLISHED):
            with suppress(FileNotFoundError):
                return self.fetch(name)
        return None

    def swap(self, before: bytes | None, after: bytes) -> None:
        """Make a checkpoint the head in place of the one that it continues; durable on return.

        Raises:
            LogDamaged: `log.head_moved`: somebody else has published one, against the lock.
            OSError: the disk refuses; either stands.
        """
        if self.head() != before:
            raise LogDamaged("log.head_moved", f"somebody else has moved the head of {self._folder}")
        files.replace(self._folder / (HEAD if self._apart else PUBLISHED), after)
        if not self._apart:  # left from a time with witnesses
            (self._folder / HEAD).unlink(missing_ok=True)

    def tidy(self, completed: Iterable[str]) -> None:
        """Take away the partial forms of files that are full; who asks for one is given the full one.

        Args:
            completed: paths of full files that a published checkpoint covers.
        """
        for path in completed:
            shutil.rmtree(self._folder / f"{path}.p", ignore_errors=True)

    def hint(self) -> bytes:
        """Return what `leave_hint` left last; nothing where it left none."""
        try:
            return self.fetch(HINT)
        except OSError:
            return b""

    def floor(self) -> bytes:
        """Return what stands before a pruned log; nothing of one that wasn't pruned."""
        try:
            return self.fetch(floor.NAME)
        except FileNotFoundError:
            return b""

    def leave_hint(self, data: bytes) -> None:
        """Keep something that spares the next start work; a disk that refuses only costs that work."""
        with suppress(OSError):
            files.replace(self._folder / HINT, data)

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._lock)

    def _make(self, folder: Path) -> set[Path]:
        """Make a folder and those above it; return the folders in which something is new."""
        changed = set()
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            each.mkdir(mode=0o700)
            changed.add(each.parent)
        return changed
