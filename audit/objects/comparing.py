"""Reads a copy back and holds it against the log: every tile, bundle and list, byte for byte, and its lock.

What the log doesn't have any more, because it was pruned, is held against the root of the copy's checkpoint.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Lock as Mutex

from audit.errors import AuditError, LogDamaged
from audit.objects import key_lists
from audit.objects.bucket import Bucket
from audit.objects.client import LANES
from audit.objects.copier import check_follows
from audit.objects.failure import CopyFailed
from audit.objects.lanes import Lanes
from audit.objects.source import (
    CHECKPOINT,
    MAX_NOTE_BYTES,
    ORIGIN,
    Source,
    full_files,
    partial_files,
    published,
    signed,
)
from audit.tlog.tiles import FULL

MISSING = "copy.missing"
OTHER_BYTES = "copy.other_bytes"
NOT_LOCKED = "copy.not_locked"
_MOST_FINDINGS = 100
_STEP = 64 * FULL
_MAX_FILE_BYTES = FULL * (2 + 0xFFFF)


@dataclass(slots=True)
class Comparison:
    """What a comparison has found.

    Attributes:
        log_size: entries under the log's checkpoint.
        size: entries under the copy's; None if it has none that counts.
        objects: how many were read and are what the log has.
        pruned: tiles and bundles that neither has: gone from the log before they were copied, or since.
        findings: (code, path) of what is wrong, the first hundred.
        wrong: how many there are, by code.
    """

    log_size: int
    size: int | None = None
    objects: int = 0
    pruned: int = 0
    findings: list[tuple[str, str]] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)

    def add(self, code: str, path: str) -> None:
        """Add a finding."""
        self.wrong[code] = self.wrong.get(code, 0) + 1
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append((code, path))


def compare(folder: Path, bucket: Bucket) -> Comparison:
    """Read the whole copy.

    Raises:
        LogDamaged: the log itself can't be believed.
        CopyFailed: the bucket refuses or is away; `copy.log`.
        OSError: the log can't be read.
    """
    fetched = bucket.fetch(CHECKPOINT, MAX_NOTE_BYTES)
    note = published(folder)  # read after the copy's, which can't be ahead of it then
    if note is None:
        raise CopyFailed("copy.log", f"the log in {folder} has no checkpoint yet")
    log = Source(folder, note)
    found = Comparison(log.size)
    if fetched is None:
        found.add(MISSING, CHECKPOINT)
        return found
    try:
        theirs = signed(folder, fetched[0])
    except LogDamaged:
        found.add("copy.checkpoint", CHECKPOINT)
        return found
    try:
        check_follows(log, theirs)
    except LogDamaged as error:
        if not error.code.startswith("copy."):
            raise
        found.add(error.code, CHECKPOINT)
        return found
    found.size = theirs.size
    _Reading(folder, bucket, Source(folder, fetched[0], _either(folder, bucket)), found).run()
    return found


def _either(folder: Path, bucket: Bucket) -> Callable[[str], bytes]:
    """Return what reads the log, and the copy where the log has nothing."""

    def fetch(path: str) -> bytes:
        with suppress(FileNotFoundError):
            return (folder / path).read_bytes()
        fetched = bucket.fetch(path, _MAX_FILE_BYTES)
        if fetched is None:
            raise FileNotFoundError(path)
        return fetched[0]

    return fetch


class _Reading:
    """One pass over everything that belongs to the copy's checkpoint."""

    def __init__(self, folder: Path, bucket: Bucket, source: Source, found: Comparison) -> None:
        self._folder = folder
        self._bucket = bucket
        self._source = source
        self._found = found
        self._mutex = Mutex()

    def run(self) -> None:
        size = self._source.size
        with Lanes(LANES) as lanes:
            for at in range(0, size, _STEP):
                for file in full_files(at, min(size, at + _STEP)):
                    self._file(lanes, file.path, partial(self._source.read, file))
            for file in partial_files(size):
                self._file(lanes, file.path, partial(self._source.read, file))
            self._file(lanes, ORIGIN, (self._folder / ORIGIN).read_bytes)
            for name in key_lists.NAMES:
                lanes.submit(partial(self._keys, name))
            lanes.submit(self._note)
            lanes.drain()

    def _file(self, lanes: Lanes, path: str, read: Callable[[], bytes | None]) -> None:
        try:
            data = read()
        except AuditError as error:
            self._found.add(error.code, path)
            return
        if data is None:
            self._found.pruned += 1
            return
        lanes.submit(partial(self._compare, path, sha256(data).digest(), len(data)))

    def _compare(self, path: str, digest: bytes, size: int) -> int:
        fetched = self._bucket.fetch(path, size)
        if fetched is None:
            return self._say(MISSING, path)
        if sha256(fetched[0]).digest() != digest:
            return self._say(OTHER_BYTES, path)
        return self._say(None if self._bucket.is_kept(fetched[1]) else NOT_LOCKED, path)

    def _keys(self, name: str) -> int:
        """Look at a list of public keys; the copy may have one that the log had before."""
        path = self._folder / name
        if not path.exists():
            return 0
        now = path.read_bytes()
        fetched = self._bucket.fetch(name, key_lists.MAX_BYTES)
        if fetched is None:
            return self._say(MISSING, name)
        try:
            if fetched[0] != now:
                key_lists.is_older(self._folder, name, now, fetched[0])
        except LogDamaged:
            return self._say(OTHER_BYTES, name)
        return self._say(None if self._bucket.is_kept(fetched[1]) else NOT_LOCKED, name)

    def _note(self) -> int:
        """Look for the kept form of the checkpoint: of the same tree, perhaps under other cosignatures."""
        path = f"checkpoints/{self._source.size}.note"
        fetched = self._bucket.fetch(path, MAX_NOTE_BYTES)
        if fetched is None:
            return self._say(MISSING, path)
        try:
            kept = signed(self._folder, fetched[0])
        except LogDamaged:
            return self._say(OTHER_BYTES, path)
        if (kept.size, kept.root) != (self._source.size, self._source.root):
            return self._say(OTHER_BYTES, path)
        return self._say(None if self._bucket.is_kept(fetched[1]) else NOT_LOCKED, path)

    def _say(self, code: str | None, path: str) -> int:
        with self._mutex:
            if code is None:
                self._found.objects += 1
            else:
                self._found.add(code, path)
        return 0
