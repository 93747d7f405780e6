"""Proofs about the merged log, made from its tiles: that an entry is in it, and that it only grew.

Each tile is checked against the published checkpoint's root, so what is handed out holds. Whoever verifies
needs nothing of this room.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.errors import LogDamaged, TlogRefused
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.note import Note
from audit.tlog.proof import LogProof
from audit.tlog.tile_reader import TileReader
from audit.tlog.tree import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Consistency:
    """That a tree is the beginning of a larger one (RFC 6962 section 2.1.2).

    Attributes:
        old_size: entries of the smaller tree.
        old_root: its root.
        new_size: entries of the larger one.
        new_root: its root.
        hashes: the proof; none where the sizes are equal or the smaller is empty.
    """

    old_size: int
    old_root: bytes
    new_size: int
    new_root: bytes
    hashes: tuple[bytes, ...]


def inclusion(folder: Path, index: int) -> bytes | None:
    """Return the `.tlog-proof` of an entry, under the published checkpoint; None where it covers no such one.

    Raises:
        LogDamaged: `log.damaged`: the tiles are not those of the checkpoint.
        OSError: a file can't be read.
    """
    with _checking():
        reader, note = _published(folder)
        if index >= reader.size:
            return None
        return bytes(LogProof(index, tuple(reader.inclusion_proof(index)), note))


def consistency(folder: Path, old_size: int, new_size: int | None) -> Consistency | None:
    """Return the proof between two sizes; None where the published checkpoint covers fewer entries.

    Args:
        folder: the log.
        old_size: of the smaller tree.
        new_size: of the larger one; None for the published one.

    Raises:
        LogDamaged, OSError: as `inclusion`.
    """
    with _checking():
        reader, _ = _published(folder)
        size = reader.size if new_size is None else new_size
        if not 0 <= old_size <= size <= reader.size:
            return None
        return Consistency(
            old_size,
            reader.root_at(old_size),
            size,
            reader.root_at(size),
            tuple(reader.consistency_proof(old_size, size)),
        )


def _published(folder: Path) -> tuple[TileReader, bytes]:
    """Return a reader of the published tree, and its checkpoint; an empty tree where nothing is published."""
    try:
        note = (folder / "checkpoint").read_bytes()
    except FileNotFoundError:
        return TileReader(_nothing, 0, EMPTY_ROOT), b""
    found = Checkpoint.parse(Note.parse(note).text)
    return TileReader(lambda path: (folder / path).read_bytes(), found.size, found.root), note


def _nothing(path: str) -> bytes:
    raise FileNotFoundError(path)


@contextmanager
def _checking() -> Iterator[None]:
    try:
        yield
    except TlogRefused as error:
        raise LogDamaged("log.damaged", f"the files are not those of the checkpoint: {error}") from error
