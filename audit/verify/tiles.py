"""C2SP `tlog-tiles`: where tiles and entry bundles stand, how wide they are, and what is in a bundle."""

from collections.abc import Iterator

from audit.verify.checkpoints import Malformed
from audit.verify.merkle import HASH_BYTES

WIDTH = 256
TILE_BYTES = WIDTH * HASH_BYTES
MAX_ENTRY_BYTES = 65_535
MAX_BUNDLE_BYTES = WIDTH * (2 + MAX_ENTRY_BYTES)


def tile_path(level: int | None, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile, or of an entry bundle where `level` is None; partial below 256."""
    name = f"{index % 1000:03d}"
    while index := index // 1000:
        name = f"x{index % 1000:03d}/{name}"
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{'entries' if level is None else level}/{name}{partial}"


def widths(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (level, number of full tiles, width of the partial tile) of a tree; width 0: there is none."""
    level = 0
    while size:
        yield level, size // WIDTH, size % WIDTH
        size //= WIDTH
        level += 1


def split_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle: each a big-endian u16 of its length, then its bytes.

    Raises:
        Malformed: when anything stands before, between or after them.
    """
    entries: list[bytes] = []
    at, size = 0, len(data)
    while at + 2 <= size:
        start = at + 2
        at = start + (data[at] << 8 | data[at + 1])
        entries.append(data[start:at])
    if at != size:
        raise Malformed("an entry is cut off, or bytes follow the last one")
    return entries
