"""The log that is copied, as one checkpoint covers it: only what it stands for leaves the house.

A copy can't be taken back for years, so a broken file must not get into it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from audit.errors import LogDamaged, TlogRefused
from audit.index.pruned import minimum
from audit.keys import verifiers
from audit.objects.failure import CopyFailed
from audit.rotation import retired
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.entries import pack
from audit.tlog.note import open_note
from audit.tlog.tile_reader import TileReader
from audit.tlog.tiles import FULL, HEIGHT, Bundle, Tile, TileRefused, new_bundles, new_tiles, partial_tiles

CHECKPOINT = "checkpoint"
ORIGIN = "origin.json"
MAX_NOTE_BYTES = 1 << 20
File = Tile | Bundle


class Source:
    """A log under one of its checkpoints.

    Args:
        folder: the log.
        note: a checkpoint that the log signed.
        fetch: reads a path of the layout; None for the folder's files.

    Attributes:
        note: the checkpoint's bytes.
        size: number of entries.
        root: over them.

    Raises:
        LogDamaged: `log.checkpoint`: the log didn't sign it. `log.key`: its public keys can't be read.
    """

    def __init__(self, folder: Path, note: bytes, fetch: Callable[[str], bytes] | None = None) -> None:
        checkpoint = signed(folder, note)
        self.note = note
        self.size = checkpoint.size
        self.root = checkpoint.root
        self._folder = folder
        fetch = fetch or (lambda path: (folder / path).read_bytes())
        self._reader = TileReader(fetch, checkpoint.size, checkpoint.root)

    def root_at(self, size: int) -> bytes:
        """Return the root when the log had `size` entries, at most those that it has.

        Raises:
            LogDamaged: `log.damaged`: the tiles aren't those of the checkpoint.
            OSError: one can't be read.
        """
        try:
            return self._reader.root_at(size)
        except TlogRefused as error:
            raise _damaged(error) from error

    def read(self, file: File) -> bytes | None:
        """Return the checked bytes of a tile or bundle; None of one that was pruned.

        Raises:
            LogDamaged: `log.damaged`: it isn't there, or isn't of the checkpoint's tree.
            OSError: it can't be read.
        """
        try:
            if isinstance(file, Bundle):
                return pack(self._reader.entries(file.index))
            return self._reader.tile(file.level, file.index)
        except TileRefused as error:
            # Pruning takes away what ends at or before the minimum index, and nothing else.
            if error.code == "tile.missing" and end_of(file) <= minimum(self._folder):
                return None
            raise _damaged(error) from error
        except TlogRefused as error:
            raise _damaged(error) from error


def signed(folder: Path, note: bytes) -> Checkpoint:
    """Return the checkpoint in a note that the log signed, by its key or one that it had before.

    Raises:
        LogDamaged: `log.checkpoint`; `log.key`.
    """
    keys = [*verifiers(folder), *retired(folder)]
    try:
        checkpoint = Checkpoint.parse(open_note(note, keys).text)
    except TlogRefused as error:
        raise LogDamaged("log.checkpoint", f"the checkpoint isn't signed by the log: {error.code}") from error
    if checkpoint.origin != keys[0].name or not checkpoint.is_possible:
        raise LogDamaged("log.checkpoint", f"the checkpoint is of {checkpoint.origin!r}")
    return checkpoint


def published(folder: Path) -> bytes | None:
    """Return the checkpoint that the log shows, None before the first.

    Raises:
        CopyFailed: `copy.log`: there is no log.
        OSError: it can't be read.
    """
    if not (folder / ORIGIN).is_file():
        raise CopyFailed("copy.log", f"there is no log in {folder}")
    with suppress(FileNotFoundError):
        return (folder / CHECKPOINT).read_bytes()
    return None


def full_files(old_size: int, new_size: int) -> Iterator[File]:
    """Yield the tiles and bundles that become full when a tree grows."""
    for each in new_bundles(old_size, new_size):
        if each.width == FULL:
            yield each
    for tile in new_tiles(old_size, new_size):
        if tile.width == FULL:
            yield tile


def partial_files(size: int) -> list[File]:
    """Return the bundle and the tiles of a tree that aren't full."""
    width = size % FULL
    return [*([Bundle(size // FULL, width)] if width else []), *partial_tiles(size)]


def end_of(file: File) -> int:
    """Return the index after the last entry that a full tile or bundle stands for."""
    level = 0 if isinstance(file, Bundle) else file.level
    return (file.index + 1) << HEIGHT * (level + 1)


def _damaged(error: TlogRefused) -> LogDamaged:
    return LogDamaged("log.damaged", f"the tiles are not those of the checkpoint: {error}")
