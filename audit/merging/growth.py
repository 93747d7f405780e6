"""The merged log as it grows: entries in, bundles and tiles out. Writes nothing and signs nothing."""

from collections.abc import Callable

from audit.errors import LogDamaged, TlogRefused
from audit.tlog import entries as bundles
from audit.tlog.edge import Edge
from audit.tlog.tiles import FULL, Bundle, Tile, full_tiles, levels, partial_tiles, partial_width
from audit.tlog.tree import leaf_hash

File = tuple[str, bytes]  # path in the layout, content


class Growth:
    """A tree that takes entries and gives the files that hold it.

    Args:
        edge: of the tree.
        entries: those of its partial bundle.
        growing: its partial tiles, by level.

    Attributes:
        completed: full bundles and tiles since they were last taken; the caller empties it.
    """

    def __init__(self, edge: Edge, entries: list[bytes], growing: dict[int, File]) -> None:
        self._edge = edge
        self._entries = entries
        self._growing = growing
        self.completed: list[File] = []

    @classmethod
    def restore(cls, size: int, root: bytes, fetch: Callable[[str], bytes]) -> "Growth":
        """Return a tree that was laid out before.

        Args:
            size: its number of entries.
            root: its root, from a checkpoint that is believed.
            fetch: returns what stands at a path of the layout.

        Raises:
            LogDamaged: `log.damaged`: the files aren't those of that tree.
            OSError: one can't be read.
        """
        nothing = ("", b"")
        growing = {
            level: (tile.path, fetch(tile.path))
            for level in range(levels(size))
            if (tile := Tile(level, full_tiles(size, level), partial_width(size, level))).width
        }
        try:
            edge = Edge.of(
                size, [growing[level][1] if level in growing else b"" for level in range(levels(size))]
            )
            entries = bundles.unpack(fetch(Bundle(size // FULL, size % FULL).path)) if size % FULL else []
        except TlogRefused as error:
            raise _damaged(size) from error
        leaves = b"".join(map(leaf_hash, entries))
        if edge.root() != root or leaves != growing.get(0, nothing)[1]:
            raise _damaged(size)
        return cls(edge, entries, growing)

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._edge.size

    def root(self) -> bytes:
        """Return the root over all entries."""
        return self._edge.root()

    def extend(self, entries: list[bytes]) -> None:
        """Add entries."""
        first = full_tiles(self._edge.size, 0)
        for tile, data in self._edge.extend(map(leaf_hash, entries)).items():
            if tile.width == FULL:
                self.completed.append((tile.path, data))
                self._growing.pop(tile.level, None)
            else:
                self._growing[tile.level] = tile.path, data
        self._entries += entries
        while len(self._entries) >= FULL:
            self.completed.append((Bundle(first).path, bundles.pack(self._entries[:FULL])))
            del self._entries[:FULL]
            first += 1

    def growing(self, beyond: int) -> list[File]:
        """Return the partial tiles and the partial bundle as they are now, but for those that stand already.

        Args:
            beyond: number of entries of the tree that was laid out last. On its upper levels the same
                partial tiles serve many checkpoints, and whoever writes one again can lose it.
        """
        files = list(self._growing.values())
        if self._entries:
            bundle = Bundle(full_tiles(self.size, 0), len(self._entries))
            files.append((bundle.path, bundles.pack(self._entries)))
        there = {Bundle(beyond // FULL, beyond % FULL).path, *(tile.path for tile in partial_tiles(beyond))}
        return [each for each in files if each[0] not in there]


def _damaged(size: int) -> LogDamaged:
    return LogDamaged("log.damaged", f"the tiles are not those of the checkpoint of {size} entries")
