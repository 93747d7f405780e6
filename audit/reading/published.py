"""The files of a log that are for everybody who may read it, as C2SP tlog-tiles lays them out.

Of names, only those of that layout and a few public ones are files here; of the layout, only what the
published checkpoint covers: what lies beyond it may still be written over.
"""

from dataclasses import dataclass
from pathlib import Path

from audit.errors import LogDamaged
from audit.index import merged
from audit.keys import PUBLIC, PUBLIC_MLDSA44
from audit.merging import floor
from audit.rotation import NOTES, RETIRED
from audit.tlog.tiles import FULL, HEIGHT, Bundle, Tile, TileRefused, parse_path

CHECKPOINT = "checkpoint"
NAMES = (CHECKPOINT, PUBLIC, PUBLIC_MLDSA44, "origin.json", NOTES, RETIRED, floor.NAME)
"""Files beside the tiles: the signed head, the log's name, its public keys, old ones too; where it begins."""
MAX_BYTES = 17 << 20
"""A bundle has at most 256 entries of 65,537 bytes with their lengths."""


@dataclass(frozen=True, slots=True)
class Published:
    """A file.

    Attributes:
        data: its bytes.
        text: whether it is for people's eyes, too.
        lasting: whether it will be there with the same bytes for as long as the log isn't pruned.
    """

    data: bytes
    text: bool
    lasting: bool


def read(folder: Path, name: str) -> Published | None:
    """Return a file by its name below the log's prefix; None where there is none for readers.

    Raises:
        LogDamaged: `log.damaged`: the checkpoint is none, or the file is longer than any can be.
        OSError: it can't be read.
    """
    if name in NAMES:
        data = _bytes(folder / name)
        return None if data is None else Published(data, text=True, lasting=False)
    try:
        wanted = parse_path(name)
    except TileRefused:
        return None
    if not _covers(merged.checkpoint(folder), wanted):
        return None
    data = _bytes(folder / wanted.path)
    return None if data is None else Published(data, text=False, lasting=wanted.width == FULL)


def _covers(published: merged.Checkpoint | None, wanted: Tile | Bundle) -> bool:
    level = wanted.level if isinstance(wanted, Tile) else 0
    hashes = published.size >> HEIGHT * level if published else 0
    return wanted.index * FULL + wanted.width <= hashes


def _bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(data) > MAX_BYTES:
        raise LogDamaged("log.damaged", f"{path} is longer than any file of a log")
    return data
