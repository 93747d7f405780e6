"""Copies a log to a bucket, turn by turn: full tiles and bundles once, then what a checkpoint needs, then it.

Whoever breaks off in between leaves a copy whose checkpoint covers what is there. Several may copy the same
log at once: nothing is written over but the checkpoint and lists of keys, and those only forwards.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self

from audit.errors import LogDamaged
from audit.objects import key_lists
from audit.objects.bucket import Bucket
from audit.objects.client import LANES, connect
from audit.objects.failure import CopyFailed
from audit.objects.keeping import renew, settle
from audit.objects.lanes import Lanes
from audit.objects.probing import begin
from audit.objects.progress import leave, recall
from audit.objects.source import (
    CHECKPOINT,
    MAX_NOTE_BYTES,
    ORIGIN,
    File,
    Source,
    full_files,
    partial_files,
    published,
    signed,
)
from audit.objects.target import Target
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.note import NoteRefused, text_of
from audit.tlog.tiles import FULL, Bundle, Tile

_STEP = 64 * FULL  # entries between two marks of progress


class Copier:
    """Copies one log to one place; for one thread.

    Args:
        folder: the log.
        bucket: where to; closed by `close`.
        stopped: asked now and then whether to break off.

    Attributes:
        size: number of entries that the copy covers; 0 before the first turn.
    """

    def __init__(self, folder: Path, bucket: Bucket, stopped: Callable[[], bool] = lambda: False) -> None:
        self.size = 0
        self._folder = folder
        self._bucket = bucket
        self._stopped = stopped
        self._done: bytes | None = None
        self._begun = False
        self._asking = True
        self._sent = 0

    @classmethod
    def open(cls, folder: Path, target: Target, stopped: Callable[[], bool] = lambda: False) -> Self:
        """Return a copier that has not asked the bucket anything yet.

        Raises:
            CopyFailed: `copy.no_boto3`, `copy.credentials`.
        """
        return cls(folder, Bucket(connect(target), target), stopped)

    def close(self) -> None:
        """Hang up."""
        self._bucket.close()

    def turn(self) -> int:
        """Bring the copy to the log's checkpoint; return how many objects were sent.

        After a failure the next turn goes on where this one ended, and asks for what it may have sent.

        Raises:
            LogDamaged: log or copy contradict each other or themselves; nothing was written over.
            CopyFailed: the bucket refuses or is away, or `copy.stopped`.
            OSError: the log can't be read.
        """
        note = published(self._folder)
        if note is None or note == self._done:
            return 0
        source = Source(self._folder, note)
        try:
            sent = 0 if self._begun else self._begin(source)
            source = self._compare(source)
            with Lanes(LANES) as lanes:
                sent += self._send_files(lanes, source)
            sent += self._send_keys()
            sent += self._send_note(source)
        except BaseException:
            self._begun = False
            raise
        self._asking = False
        self._done, self.size = source.note, source.size
        return sent

    def _begin(self, source: Source) -> int:
        """See that the bucket will do, and find out how far it has been brought before."""
        sent = begin(self._bucket, ORIGIN, (self._folder / ORIGIN).read_bytes())
        self._sent = recall(self._folder, self._bucket.target, source.size, source.root_at)
        if self._sent:
            last = self._sent // FULL - 1
            files = (Bundle(last), Tile(0, last))
            if not all(self._bucket.look(file.path) for file in files):
                self._sent = 0
        self._begun = self._asking = True
        return sent

    def _compare(self, source: Source) -> Source:
        """Hold the copy's checkpoint against the log; return the log under the checkpoint to copy."""
        fetched = self._bucket.fetch(CHECKPOINT, MAX_NOTE_BYTES)
        if fetched is None:
            return source
        theirs = self._theirs(fetched[0])
        if theirs.size > source.size:  # another copier has seen a later one
            source = Source(self._folder, published(self._folder) or source.note)
        check_follows(source, theirs)
        return source

    def _theirs(self, note: bytes) -> Checkpoint:
        try:
            return signed(self._folder, note)
        except LogDamaged as error:
            raise LogDamaged("copy.checkpoint", f"the copy's checkpoint is not the log's: {error}") from error

    def _send_files(self, lanes: Lanes, source: Source) -> int:
        """Send the full tiles and bundles that may not be there yet, and this checkpoint's partial ones."""
        count, end = 0, source.size // FULL * FULL
        while self._sent < end:
            step = min(end, self._sent + _STEP)
            for file in full_files(self._sent, step):
                self._submit(lanes, source, file)
            count += lanes.drain()
            self._sent = step
            leave(self._folder, self._bucket.target, step, source.root_at(step))
        for file in partial_files(source.size):
            self._submit(lanes, source, file)
        return count + lanes.drain()

    def _submit(self, lanes: Lanes, source: Source, file: File) -> None:
        if self._stopped():
            raise CopyFailed("copy.stopped", "the copy was broken off")
        data = source.read(file)
        if data is not None:
            lanes.submit(partial(settle, self._bucket, file.path, data, ask=self._asking))

    def _send_keys(self) -> int:
        """Bring the lists of public keys up to date; each of their versions is kept."""
        count = 0
        for name in key_lists.NAMES:
            with suppress(FileNotFoundError):
                data = (self._folder / name).read_bytes()
                follows = partial(key_lists.is_older, self._folder, name, data)
                count += renew(self._bucket, name, data, follows, limit=key_lists.MAX_BYTES, lock=True)
        return count

    def _send_note(self, source: Source) -> int:
        """Keep the checkpoint for good, and then show it."""
        kept = self._keep_note(source)
        follows = partial(self._follows, source)
        return kept + renew(self._bucket, CHECKPOINT, source.note, follows, limit=MAX_NOTE_BYTES, lock=False)

    def _keep_note(self, source: Source) -> bool:
        """Keep the checkpoint for good; under the same text another set of cosignatures may stand already."""
        path = f"checkpoints/{source.size}.note"
        try:
            return settle(self._bucket, path, source.note, ask=self._asking)
        except LogDamaged:
            fetched = self._bucket.fetch(path, MAX_NOTE_BYTES)
            if fetched is None or _text(fetched[0]) != _text(source.note):
                raise
            self._theirs(fetched[0])
            if not self._bucket.is_kept(fetched[1]):
                self._bucket.keep(path, fetched[1])
            return False

    def _follows(self, source: Source, before: bytes) -> bool:
        """Tell whether the checkpoint may take the place of the copy's."""
        theirs = self._theirs(before)
        if theirs.size > source.size:
            return False
        check_follows(source, theirs)
        return True


def check_follows(source: Source, theirs: Checkpoint) -> None:
    """Check that a checkpoint that the log signed once is one of its past.

    Raises:
        LogDamaged: `copy.rolled_back`, `copy.forked`.
    """
    if theirs.size > source.size:
        what = f"the log has {source.size} entries, and its copy {theirs.size}"
        raise LogDamaged("copy.rolled_back", what)
    if source.root_at(theirs.size) != theirs.root:
        what = f"at {theirs.size} entries the log's copy has another root, under the log's signature"
        raise LogDamaged("copy.forked", what)


def _text(note: bytes) -> str:
    try:
        return text_of(note)
    except NoteRefused:
        return ""
