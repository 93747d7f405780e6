"""Grows the tiles of a tree: leaf hashes in, new and changed tiles out. Writes no file."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Self

from audit.tlog.forms import HASH_BYTES
from audit.tlog.tiles import HEIGHT, TILE_BYTES, Tile, TileRefused, full_tiles, levels, partial_width
from audit.tlog.tree import Frontier, fold


class Edge:
    """The right edge of a growing tree in tiles: the hashes of its partial tiles, and nothing to the left.

    Attributes:
        size: number of leaves.
    """

    __slots__ = ("_partial", "size")

    def __init__(self) -> None:
        self.size = 0
        self._partial: list[bytearray] = []  # by level; empty where the last tile is full

    @classmethod
    def of(cls, size: int, partial: Iterable[bytes]) -> Self:
        """Continue a tree of `size` leaves.

        Args:
            partial: hashes of its partial tile at each of `tiles.levels(size)` levels, lowest first;
                b"" where there is none.

        Raises:
            TileRefused: `tile.length`.
        """
        edge = cls()
        edge.size, edge._partial = size, [bytearray(each) for each in partial]
        widths = [partial_width(size, level) * HASH_BYTES for level in range(levels(size))]
        if [len(each) for each in edge._partial] != widths:
            raise TileRefused("tile.length", f"a tree of {size} leaves has partial tiles of other lengths")
        return edge

    def extend(self, leaves: Iterable[bytes]) -> dict[Tile, bytes]:
        """Add leaf hashes; return each tile that is new or wider now, lowest level first.

        A leaf costs one hash here, and nothing is kept of full tiles.
        """
        grown: list[dict[Tile, bytes]] = []
        hashes = bytearray().join(leaves)
        self._add(0, hashes, grown)
        self.size += len(hashes) // HASH_BYTES
        return {tile: data for level in grown for tile, data in level.items()}

    def root(self) -> bytes:
        """Return the root hash of the tree; costs up to 255 hashes a level."""
        return fold(self.frontier())

    def frontier(self) -> list[bytes]:
        """Return the roots of the complete subtrees, largest first."""
        return [each for partial in reversed(self._partial) for each in _complete(partial)]

    def _add(self, level: int, hashes: bytearray, grown: list[dict[Tile, bytes]]) -> None:
        if not hashes:
            return
        if level == len(self._partial):
            self._partial.append(bytearray())
        index = full_tiles(self.size, level)
        whole = self._partial[level] + hashes
        tiles: dict[Tile, bytes] = {}
        roots = bytearray()
        for start in range(0, len(whole) - TILE_BYTES + 1, TILE_BYTES):
            data = bytes(whole[start : start + TILE_BYTES])
            tiles[Tile(level, index)] = data
            roots += tile_root(data)
            index += 1
        rest = self._partial[level] = whole[len(whole) // TILE_BYTES * TILE_BYTES :]
        if rest:
            tiles[Tile(level, index, len(rest) // HASH_BYTES)] = bytes(rest)
        grown.append(tiles)
        self._add(level + 1, roots, grown)


def tile_root(data: bytes) -> bytes:
    """Return the root over the 256 hashes of a full tile."""
    return subtree_root(data, 0, HEIGHT)


def subtree_root(data: bytes, index: int, level: int) -> bytes:
    """Return the root over the 2^`level` hashes of a tile that start at `index << level`."""
    start, step = (index << level) * HASH_BYTES, 2 * HASH_BYTES
    hashes = data[start : start + (HASH_BYTES << level)]
    for _ in range(level):
        hashes = b"".join(
            [sha256(b"\x01" + hashes[pair : pair + step]).digest() for pair in range(0, len(hashes), step)]
        )
    return hashes


def _complete(partial: bytes | bytearray) -> list[bytes]:
    frontier = Frontier()
    for start in range(0, len(partial), HASH_BYTES):
        frontier.append(bytes(partial[start : start + HASH_BYTES]))
    return frontier.hashes
