"""Every tile and every bundle of a tree of one size: read, counted to the byte, and hashed anew.

Nothing is sampled and nothing is believed: the root that comes out is that of the entries themselves.
Tiles and bundles of other sizes beside them are not looked at.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from audit.verify.checkpoints import Malformed
from audit.verify.merkle import HASH_BYTES, fold
from audit.verify.pruned import Floor
from audit.verify.sources import Source, Unreadable
from audit.verify.tiles import MAX_BUNDLE_BYTES, TILE_BYTES, WIDTH, split_bundle, tile_path
from audit.verify.verdict import Report, Verdict

AHEAD = 8  # bundles that a source is told of before they are read


@dataclass(frozen=True, slots=True)
class Batch:
    """The entries of one bundle, with their leaf hashes."""

    first: int
    entries: list[bytes]
    leaves: list[bytes]


class Structure:
    """The tree of `size` entries behind a verified checkpoint.

    Args:
        source: where its files are.
        size: number of entries.
        report: takes what is wrong.
        marks: smaller sizes whose roots are wanted as well.
        floor: where the log says that it begins, if its first bundle is gone.

    Attributes:
        begins: index of the first entry that is there; of those before it only the hashes are.
        root: the root of all entries, once all batches were read; None when they could not be.
        roots: the roots at the sizes in `marks`, as far as reading came.
    """

    def __init__(
        self,
        source: Source,
        size: int,
        report: Report,
        marks: Iterable[int] = (),
        floor: Floor | None = None,
    ) -> None:
        self.size = size
        self.begins = floor.index if floor else 0
        self._seeking = floor is not None and not floor.index
        self.root: bytes | None = None
        self.roots: dict[int, bytes] = {}
        self._source, self._report = source, report
        self._levels: list[list[bytes]] = [[]]
        self._counts: list[int] = [0]
        self._marks = sorted({mark for mark in marks if 0 <= mark <= size}, reverse=True)

    def batches(self) -> Iterator[Batch]:
        """Yield the entries, bundle by bundle, checked against the tiles of hashes over them."""
        for first in range(0, self.size, WIDTH):
            width = min(WIDTH, self.size - first)
            if first % (AHEAD * WIDTH) == 0:
                self._source.expect(self._next(first // WIDTH))
            if self._is_gone(first, width):
                entries, leaves = [], self._hashes(first // WIDTH)
            else:
                entries = self._bundle(first // WIDTH, width) or []
                leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
                self._compare(0, first // WIDTH, leaves)
            if not leaves:
                return  # nothing behind a hole can be told from anything else
            self._mark(first, leaves)
            yield Batch(first, entries, leaves)
            if width == WIDTH:
                self._push(1, fold(leaves))
            else:
                self._levels[0] = leaves
        self._mark(self.size, [])
        for level, nodes in enumerate(self._levels):
            if level and nodes:
                self._compare(level, self._counts[level], nodes)
        self.root = self._fold(self._levels[0])

    def _is_gone(self, first: int, width: int) -> bool:
        """Tell whether a bundle was pruned; of a log that doesn't say, up to the first that is there."""
        if self._seeking:
            path = tile_path(None, first // WIDTH)
            self._seeking = width == WIDTH and self._source.read(path, MAX_BUNDLE_BYTES) is None
            self.begins = first + WIDTH if self._seeking else self.begins
        return first < self.begins

    def _hashes(self, index: int) -> list[bytes]:
        """Return the leaf hashes of a bundle that was pruned; none where they are gone, too."""
        data, _ = self._read(0, index, WIDTH, TILE_BYTES) or (b"", 0)
        if data and len(data) != TILE_BYTES:
            self._report.add(Verdict.TAMPERED, tile_path(0, index), f"it has {len(data)} bytes")
            return []
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def _next(self, index: int) -> Iterator[tuple[str, int]]:
        """Yield the bundles and lowest tiles that are read next."""
        for each in range(index, min(index + AHEAD, -(-self.size // WIDTH))):
            width = min(WIDTH, self.size - each * WIDTH)
            if each * WIDTH >= self.begins:
                yield tile_path(None, each, width), MAX_BUNDLE_BYTES
            yield tile_path(0, each, width), TILE_BYTES

    def _push(self, level: int, node: bytes) -> None:
        """Add the hash of a full tile to the level above; what fills up there goes further up."""
        if level == len(self._levels):
            self._levels.append([])
            self._counts.append(0)
        nodes = self._levels[level]
        nodes.append(node)
        if len(nodes) == WIDTH:
            self._compare(level, self._counts[level], nodes)
            self._counts[level] += 1
            self._levels[level] = []
            self._push(level + 1, fold(nodes))

    def _fold(self, leaves: list[bytes]) -> bytes:
        """Return the root over what the levels hold now, with `leaves` as the lowest."""
        rest = [fold(leaves)] if leaves else []
        for nodes in self._levels[1:]:
            rest = [fold([*nodes, *rest])] if nodes or rest else []
        return fold(rest)

    def _mark(self, first: int, leaves: list[bytes]) -> None:
        while self._marks and self._marks[-1] <= first + len(leaves):
            mark = self._marks[-1]
            if mark == first + len(leaves) and len(leaves) == WIDTH:
                return  # the next bundle begins there
            self.roots[mark] = self._fold(leaves[: mark - first])
            self._marks.pop()

    def _compare(self, level: int, index: int, nodes: list[bytes]) -> None:
        """Compare a tile with the hashes that it must hold."""
        path = tile_path(level, index, len(nodes))
        found = self._read(level, index, len(nodes), TILE_BYTES)
        if found is None:
            return
        data, width = found
        if len(data) != width * HASH_BYTES:
            what = f"it has {len(data)} bytes, not {width * HASH_BYTES}"
            self._report.add(Verdict.TAMPERED, path, what)
            return
        wanted = b"".join(nodes)
        if data[: len(wanted)] != wanted:
            at = next(
                each for each, node in enumerate(nodes) if data[each * 32 : each * 32 + HASH_BYTES] != node
            )
            over = f"entry {index * WIDTH + at}" if level == 0 else "what stands below it"
            self._report.add(Verdict.TAMPERED, path, f"hash {at} is not that of {over}")

    def _bundle(self, index: int, width: int) -> list[bytes] | None:
        found = self._read(None, index, width, MAX_BUNDLE_BYTES)
        if found is None:
            return None
        data, filed = found
        path = tile_path(None, index, filed)
        try:
            entries = split_bundle(data)
        except Malformed as error:
            self._report.add(Verdict.TAMPERED, path, str(error))
            return None
        if len(entries) != filed:
            self._report.add(Verdict.TAMPERED, path, f"it has {len(entries)} entries, not {filed}")
            return None
        return entries[:width]

    def _read(self, level: int | None, index: int, width: int, limit: int) -> tuple[bytes, int] | None:
        """Return the bytes of a file and how wide it must be: a partial one may have grown full since."""
        path = tile_path(level, index, width)
        try:
            for each in (width, WIDTH) if width < WIDTH else (WIDTH,):
                data = self._source.read(tile_path(level, index, each), limit)
                if data is not None:
                    return data, each
        except Unreadable as error:
            self._report.add(Verdict.CANNOT_CHECK, path, str(error))
            return None
        self._report.add(Verdict.INCOMPLETE, path, "it is missing")
        return None
