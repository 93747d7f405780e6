"""Reads a tree back out of its tiles, and believes none of them before the checkpoint's root says so.

Makes roots and proofs of any part of the tree. Knows no file: a callable fetches by path.
"""

from collections.abc import Callable, Iterator

from audit.tlog.edge import Edge, subtree_root, tile_root
from audit.tlog.entries import unpack
from audit.tlog.forms import HASH_BYTES
from audit.tlog.tiles import (
    FULL,
    HEIGHT,
    Bundle,
    Tile,
    TileRefused,
    full_tiles,
    levels,
    partial_width,
    place_of,
)
from audit.tlog.tree import consistency_ranges, fold, inclusion_ranges, leaf_hash, range_nodes

_KEPT_TILES = 1024  # 8 MiB


class TileReader:
    """A tree of one size and root, in tiles.

    Args:
        fetch: path below the log's prefix -> the file's bytes; raises FileNotFoundError if there is none.
        size: of the checkpoint.
        root: of the checkpoint; each tile is checked against it before its hashes are used.
    """

    def __init__(self, fetch: Callable[[str], bytes], size: int, root: bytes) -> None:
        self.size = size
        self.root = root
        self._fetch = fetch
        self._edge: list[bytes] | None = None  # checked partial tiles by level
        self._kept: dict[tuple[int, int], bytes] = {}  # checked full tiles

    def node(self, level: int, index: int) -> bytes:
        """Return the root of the complete subtree over the leaves [index << level, (index + 1) << level).

        Raises:
            TileRefused: `tile.outside`, `tile.missing`, `tile.length`, `tile.mismatch`.
        """
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise TileRefused("tile.outside", f"a tree of {self.size} has no node {index} at level {level}")
        place = place_of(level, index)
        return subtree_root(self._tile(place.level, place.index), place.index_in_tile, place.level_in_tile)

    def range_root(self, begin: int, end: int) -> bytes:
        """Return the root over the leaves [begin, end) of a subtree, as RFC 6962 hashes them.

        Raises:
            TileRefused: as `node`.
        """
        return fold([self.node(level, index) for level, index in self._nodes(begin, end)])

    def root_at(self, size: int) -> bytes:
        """Return the root of the tree when it had `size` leaves.

        Raises:
            TileRefused: as `node`.
        """
        return self.range_root(0, size)

    def leaf(self, index: int) -> bytes:
        """Return the hash of one leaf.

        Raises:
            TileRefused: as `node`.
        """
        return self.node(0, index)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the audit path of a leaf in the tree of `size` leaves, or of all.

        Raises:
            TileRefused: as `node`.
        """
        size = self._inside(size)
        if not 0 <= index < size:
            raise TileRefused("tile.outside", f"a tree of {size} has no leaf {index}")
        return [self.range_root(begin, end) for begin, end in inclusion_ranges(index, size)]

    def consistency_proof(self, old_size: int, size: int | None = None) -> list[bytes]:
        """Return the proof from the tree of `old_size` to that of `size` leaves, or of all; empty from 0.

        Raises:
            TileRefused: as `node`.
        """
        size = self._inside(size)
        if not 0 <= old_size <= size:
            raise TileRefused("tile.outside", f"a tree of {size} has none of {old_size} inside")
        if old_size == 0:
            return []
        return [self.range_root(begin, end) for begin, end in consistency_ranges(old_size, size)]

    def entries(self, bundle: int) -> list[bytes]:
        """Return the entries of one bundle, each checked against its leaf hash.

        Raises:
            TileRefused: as `node`; `tile.mismatch` also for an entry of another hash.
            BundleRefused: when the bytes are no bundle of that many entries.
        """
        width = FULL if bundle < full_tiles(self.size, 0) else partial_width(self.size, 0)
        if not 0 <= bundle <= full_tiles(self.size, 0) or not width:
            raise TileRefused("tile.outside", f"a tree of {self.size} has no bundle {bundle}")
        hashes = self._tile(0, bundle)
        try:
            entries = unpack(self._read(Bundle(bundle, width)), width)
        except FileNotFoundError:
            # a log may drop a partial bundle once the full one is there
            entries = unpack(self._read_full(Bundle(bundle)), FULL)[:width]
        for place, entry in enumerate(entries):
            if leaf_hash(entry) != hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]:
                raise TileRefused("tile.mismatch", f"entry {bundle * FULL + place} is not of this tree")
        return entries

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of one tile, checked, as wide as the tree has it.

        Raises:
            TileRefused: as `node`.
        """
        if level < 0 or not 0 <= index << HEIGHT < self.size >> HEIGHT * level:
            raise TileRefused("tile.outside", f"a tree of {self.size} has no tile {index} at level {level}")
        return self._tile(level, index)

    def all_entries(self, begin: int = 0) -> Iterator[bytes]:
        """Yield the checked entries from index `begin` on, one bundle in memory at a time.

        Raises:
            TileRefused, BundleRefused: as `entries`.
        """
        for bundle in range(begin // FULL, -(-self.size // FULL)):
            yield from self.entries(bundle)[max(0, begin - bundle * FULL) :]

    def edge(self) -> Edge:
        """Return the right edge, from which the tree can be grown.

        Raises:
            TileRefused: as `node`.
        """
        return Edge.of(self.size, self._partial_tiles())

    def _inside(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise TileRefused("tile.outside", f"a tree of {self.size} never had {size} leaves")
        return size

    def _nodes(self, begin: int, end: int) -> list[tuple[int, int]]:
        if not 0 <= begin <= end <= self.size:
            raise TileRefused("tile.outside", f"a tree of {self.size} has no leaves from {begin} to {end}")
        return range_nodes(begin, end)

    def _tile(self, level: int, index: int) -> bytes:
        """Return a checked tile: a partial one through the root, a full one through the tile above it."""
        if index == full_tiles(self.size, level):
            return self._partial_tiles()[level]
        kept = self._kept.get((level, index))
        if kept is None:
            above = self._tile(level + 1, index // FULL)
            kept = self._read_full(Tile(level, index))
            place = index % FULL * HASH_BYTES
            if tile_root(kept) != above[place : place + HASH_BYTES]:
                raise TileRefused("tile.mismatch", f"{Tile(level, index).path} is not of this tree")
            while len(self._kept) >= _KEPT_TILES:
                del self._kept[next(iter(self._kept))]
            self._kept[level, index] = kept
        return kept

    def _partial_tiles(self) -> list[bytes]:
        if self._edge is None:
            edge = [self._partial_tile(level) for level in range(levels(self.size))]
            if Edge.of(self.size, edge).root() != self.root:
                raise TileRefused("tile.mismatch", "the partial tiles do not make the root of the checkpoint")
            self._edge = edge
        return self._edge

    def _partial_tile(self, level: int) -> bytes:
        width = partial_width(self.size, level)
        if not width:
            return b""
        tile = Tile(level, full_tiles(self.size, level), width)
        try:
            return self._read(tile)
        except FileNotFoundError:
            # a log may drop a partial tile once the full one is there
            return self._read_full(Tile(level, tile.index))[: width * HASH_BYTES]

    def _read_full(self, what: Tile | Bundle) -> bytes:
        try:
            return self._read(what)
        except FileNotFoundError as error:
            raise TileRefused("tile.missing", f"{what.path} is missing") from error

    def _read(self, what: Tile | Bundle) -> bytes:
        data = self._fetch(what.path)
        if isinstance(what, Tile) and len(data) != what.width * HASH_BYTES:
            raise TileRefused("tile.length", f"{what.path} has {len(data)} bytes")
        return data
