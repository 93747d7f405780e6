"""Where the hashes and entries of a tree lie: tiles of 256, their paths and widths (C2SP tlog-tiles).

Numbers and names only: growing tiles is `edge`, reading them back is `tile_reader`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from audit.errors import TlogRefused
from audit.tlog.forms import HASH_BYTES, number

HEIGHT = 8
FULL = 1 << HEIGHT
TILE_BYTES = FULL * HASH_BYTES
MAX_LEVEL = 63
_INDEX_LIMIT = 1 << 64
_MAX_DIGITS = 21  # seven groups of three hold every u64


class TileRefused(TlogRefused):
    """A path names no tile, or a tile does not belong to the tree.

    Codes: `tile.path`, `tile.missing`, `tile.length`, `tile.mismatch` (other hashes than the
    root stands for), `tile.outside` (the tree has no such leaf or size).
    """


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of hashes.

    Attributes:
        level: 0 holds leaf hashes; each further level, roots of full tiles of the level below.
        index: within the level, from 0.
        width: number of hashes, 256 when full.
    """

    level: int
    index: int
    width: int = FULL

    @property
    def path(self) -> str:
        """Path below the log's prefix."""
        return f"tile/{self.level}/{_index_path(self.index, self.width)}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle of entries; index and width as of the tile of level 0 with their hashes."""

    index: int
    width: int = FULL

    @property
    def path(self) -> str:
        """Path below the log's prefix."""
        return f"tile/entries/{_index_path(self.index, self.width)}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node of the tree is found: the root over 2^`level_in_tile` hashes of one tile.

    Attributes:
        level: of the tile.
        index: of the tile.
        level_in_tile: 0 for a hash that stands in the tile itself.
        index_in_tile: counted at that level.
    """

    level: int
    index: int
    level_in_tile: int
    index_in_tile: int


def parse_path(path: str) -> Tile | Bundle:
    """Return what a path names; each tile has one path only.

    Raises:
        TileRefused: `tile.path`.
    """
    match path.split("/", 2):
        case ["tile", "entries", rest]:
            return Bundle(*parse_index(rest))
        case ["tile", level_text, rest]:
            level = number(level_text, MAX_LEVEL + 1)
            if level is not None:
                return Tile(level, *parse_index(rest))
    raise TileRefused("tile.path", f"no path of a tile: {path[:80]!r}")


def parse_index(text: str, full: int = FULL) -> tuple[int, int]:
    """Return index and width that `<N>[.p/<W>]` names, the index below 2^64.

    Raises:
        TileRefused: `tile.path`.
    """
    stem, partial, width_text = text.partition(".p/")
    width = number(width_text, full) if partial else full
    digits = stem.replace("/", "").replace("x", "")
    fits = digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS
    index = int(digits) if fits else _INDEX_LIMIT
    if not width or index >= _INDEX_LIMIT or _index_path(index, full, full) != stem:
        raise TileRefused("tile.path", f"no index of a tile: {text[:80]!r}")
    return index, width


def _index_path(index: int, width: int, full: int = FULL) -> str:
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    path = "/".join(reversed(groups))
    return path if width == full else f"{path}.p/{width}"


def full_tiles(size: int, level: int) -> int:
    """Return how many full tiles a tree of `size` leaves has at `level`."""
    return size >> HEIGHT * (level + 1)


def partial_width(size: int, level: int) -> int:
    """Return the width of the partial tile of a tree of `size` leaves at `level`; 0 if there is none."""
    return (size >> HEIGHT * level) % FULL


def levels(size: int) -> int:
    """Return how many levels of tiles a tree of `size` leaves has."""
    return -(-size.bit_length() // HEIGHT)


def partial_tiles(size: int) -> list[Tile]:
    """Return the partial tiles of a tree of `size` leaves, lowest level first."""
    return [
        Tile(level, full_tiles(size, level), width)
        for level in range(levels(size))
        if (width := partial_width(size, level))
    ]


def new_tiles(old_size: int, new_size: int, height: int = HEIGHT) -> Iterator[Tile]:
    """Yield the tiles that a tree needs when it grows, lowest level first; of none, all of them.

    Args:
        height: 8 in tlog-tiles; the Go checksum database has others.
    """
    level = 0
    while hashes := new_size >> height * level:
        old, last = old_size >> height * level, hashes >> height
        if old < hashes:
            for index in range(old >> height, last):
                yield Tile(level, index, 1 << height)
            if width := hashes - (last << height):
                yield Tile(level, last, width)
        level += 1


def new_bundles(old_size: int, new_size: int) -> Iterator[Bundle]:
    """Yield the entry bundles that a tree needs when it grows."""
    for tile in new_tiles(old_size, new_size):
        if tile.level:
            return
        yield Bundle(tile.index, tile.width)


def place_of(level: int, index: int) -> Place:
    """Return where the root of the complete subtree (level, index) is found."""
    tile_level, level_in_tile = divmod(level, HEIGHT)
    per_tile = HEIGHT - level_in_tile
    return Place(tile_level, index >> per_tile, level_in_tile, index & ((1 << per_tile) - 1))
