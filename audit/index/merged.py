"""The merged log as its files show it: what the checkpoint says, and the entries in their bundles.

Reads C2SP tlog-tiles and the first three lines of a tlog-checkpoint. Verifies no signature: an index
over the wrong entries is a nuisance and no more, and whoever needs proof has `audit.verify`.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from audit.errors import LogDamaged
from audit.tlog.tiles import FULL, Bundle, Tile
from audit.tlog.tree import HASH_BYTES

WIDTH = FULL
_LENGTH = Struct(">H")
_LINES = 3
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says.

    Attributes:
        origin: name of the log.
        size: entries in the tree.
        root: the tree's root hash.
    """

    origin: str
    size: int
    root: bytes


def checkpoint(folder: Path) -> Checkpoint | None:
    """Return what the log's checkpoint says; None where nothing was ever merged.

    Raises:
        LogDamaged: `log.damaged`: the file is no checkpoint.
        OSError: it can't be read.
    """
    path = folder / "checkpoint"
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        lines = []
    found = _read(lines)
    if found is None:
        raise LogDamaged("log.damaged", f"{path} is no checkpoint")
    return found


def _read(lines: list[str]) -> Checkpoint | None:
    if len(lines) < _LINES or not lines[0] or not _SIZE.fullmatch(lines[1]):
        return None
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error:
        return None
    return Checkpoint(lines[0], int(lines[1]), root) if len(root) == HASH_BYTES else None


def bundle_path(number: int, width: int = WIDTH) -> str:
    """Return the path of an entry bundle, relative to the log (C2SP tlog-tiles).

    Args:
        number: index of its first entry, divided by 256.
        width: entries in it; 256 for a full one.
    """
    return Bundle(number, width).path


def tile_path(level: str, number: int, width: int = WIDTH) -> str:
    """Return the path of a tile of hashes, relative to the log."""
    return Tile(int(level), number, width).path


def entries(folder: Path, start: int, end: int) -> Iterator[bytes]:
    """Yield the entries from `start` up to, not including, `end`, in order.

    Args:
        folder: the log.
        start: index of the first one.
        end: at most the size of a checkpoint that was published.

    Raises:
        LogDamaged: `log.damaged`: a bundle is missing or holds something else.
        OSError: one can't be read.
    """
    while start < end:
        number, skip = divmod(start, WIDTH)
        until = min(WIDTH, end - number * WIDTH)
        found = unpack(_bundle(folder, number, until), until)
        if len(found) < until:
            raise LogDamaged("log.damaged", f"{bundle_path(number)} has fewer than {until} entries")
        yield from found[skip:]
        start = number * WIDTH + until


def unpack(data: bytes, most: int = WIDTH) -> list[bytes]:
    """Return the first entries of a bundle: each a u16 length, big-endian, and its bytes."""
    found: list[bytes] = []
    offset, end = 0, len(data)
    length_at = _LENGTH.unpack_from
    while offset + 2 <= end and len(found) < most:
        start = offset + 2
        offset = start + length_at(data, offset)[0]
        if offset > end:
            break
        found.append(data[start:offset])
    return found


def _bundle(folder: Path, number: int, width: int) -> bytes:
    """Read the narrowest bundle that has at least `width` entries: an old partial one may be gone."""
    full = folder / bundle_path(number)
    for path in (folder / bundle_path(number, width), full):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            continue
    partial = full.with_name(full.name + ".p")
    widths = (int(path.name) for path in partial.glob("*") if path.name.isdecimal())
    wider = min((each for each in widths if each >= width), default=None)
    if wider is None:
        raise LogDamaged("log.damaged", f"{bundle_path(number)} is missing: entries cannot be read")
    return (partial / str(wider)).read_bytes()
