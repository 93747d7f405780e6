"""The entries of an evidence pack, and the hashes that lead from them to the checkpoint's root.

Of a range, either every entry is there, or `leaves.bin` has the leaf hash of every entry and some entries are
there as well. Single entries each have a `tlog-proof`.
"""

from collections.abc import Iterator
from itertools import zip_longest

from audit.verify.checkpoints import Checkpoint, Malformed, decimal, read_hash
from audit.verify.merkle import HASH_BYTES, Range, cover, extends, includes, leaf_hash
from audit.verify.proofs import read_proof
from audit.verify.sources import Source, lines
from audit.verify.tiles import MAX_ENTRY_BYTES

ENTRIES, INDEX, LEAVES, RANGE = "entries.jsonl", "index.txt", "leaves.bin", "range.proof"
_HEADER = "regent.range/v1"
_MAX_PROOF_BYTES = 20_000
_MAX_DIGITS = 20

Entry = tuple[int, bytes, bytes]  # index, bytes, leaf hash


def listed(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield (index, entry) of each entry that the pack has, in the order of the log.

    Raises:
        Malformed: when the two files do not agree.
    """
    before = -1
    indices, entries = lines(source, INDEX, _MAX_DIGITS), lines(source, ENTRIES, MAX_ENTRY_BYTES)
    for digits, entry in zip_longest(indices, entries):
        if digits is None or entry is None:
            raise Malformed(f"{INDEX} and {ENTRIES} have different numbers of lines")
        index = decimal(digits.decode(errors="replace"))
        if index <= before:
            raise Malformed(f"{INDEX} does not grow from line to line")
        before = index
        yield index, entry


class Ranged:
    """The entries of a range.

    Args:
        source: the pack.
        span: first entry, and the one behind the last.
        stated: the checkpoint.
        marks: sizes whose roots are wanted.
        hidden: whether `leaves.bin` stands for entries that are not there.

    Attributes:
        roots: the roots at those sizes in `marks` that the pack can tell.
    """

    def __init__(
        self, source: Source, span: tuple[int, int], stated: Checkpoint, marks: set[int], *, hidden: bool
    ) -> None:
        self.roots: dict[int, bytes] = {}
        self._source, self._stated, self._marks = source, stated, marks
        self._first, self._end = span
        self._hidden = hidden
        self._tree = Range()

    def entries(self) -> Iterator[Entry]:
        """Yield the entries that are there.

        Raises:
            Malformed: when they do not lead to the checkpoint's root.
        """
        left, right = cover(0, self._first), cover(self._end, self._stated.size)
        hashes = self._proof(len(left) + len(right))
        for (height, _), node in zip(left, hashes, strict=False):
            self._tree.add(height, node)
        yield from self._disclosed() if self._hidden else self._all()
        self._mark()
        for (height, _), node in zip(right, hashes[len(left) :], strict=True):
            self._tree.add(height, node)
            self._mark()
        if self._tree.root() != self._stated.root:
            raise Malformed("the entries and the hashes beside them do not lead to the checkpoint's root")

    def _all(self) -> Iterator[Entry]:
        for index, entry in listed(self._source):
            if index != self._tree.size or index >= self._end:
                raise Malformed(f"entry {index} stands where {self._tree.size} should")
            leaf = leaf_hash(entry)
            self._grow(leaf)
            yield index, entry, leaf
        if self._tree.size != self._end:
            raise Malformed(f"entry {self._tree.size} is missing")

    def _disclosed(self) -> Iterator[Entry]:
        there = listed(self._source)
        following = next(there, None)
        for leaf in self._leaves():
            index = self._tree.size
            self._grow(leaf)
            if following and following[0] == index:
                if leaf_hash(following[1]) != leaf:
                    raise Malformed(f"entry {index} is not the one that {LEAVES} stands for")
                yield index, following[1], leaf
                following = next(there, None)
        if self._tree.size != self._end or following:
            raise Malformed(f"{LEAVES} does not have one hash for each entry of the range")

    def _leaves(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self._source.chunks(LEAVES):
            data = rest + chunk
            whole = len(data) - len(data) % HASH_BYTES
            for at in range(0, whole, HASH_BYTES):
                if self._tree.size >= self._end:
                    raise Malformed(f"{LEAVES} has more hashes than the range has entries")
                yield data[at : at + HASH_BYTES]
            rest = data[whole:]
        if rest:
            raise Malformed(f"{LEAVES} ends within a hash")

    def _grow(self, leaf: bytes) -> None:
        self._mark()
        self._tree.add(0, leaf)

    def _mark(self) -> None:
        if self._tree.size in self._marks:
            self.roots[self._tree.size] = self._tree.root()

    def _proof(self, count: int) -> list[bytes]:
        data = self._source.read(RANGE, _MAX_PROOF_BYTES)
        if data is None:
            raise Malformed(f"{RANGE} is missing")
        head, place, *hashes, end = data.decode(errors="replace").split("\n")
        wanted = f"{self._first} {self._end} {self._stated.size}"
        if (head, place, end) != (_HEADER, wanted, "") or len(hashes) != count:
            raise Malformed(f"{RANGE} is not the proof of {wanted}")
        return [read_hash(line) for line in hashes]


def single(source: Source, signed: bytes, stated: Checkpoint) -> Iterator[Entry]:
    """Yield entries that are there with a proof of their own each.

    Raises:
        Malformed: when a proof is missing, is of another checkpoint than the pack's, or does not hold.
    """
    for index, entry in listed(source):
        path = f"proofs/{index}.tlog-proof"
        data = source.read(path, len(signed) + _MAX_PROOF_BYTES)
        if data is None:
            raise Malformed(f"{path} is missing")
        proof, leaf = read_proof(data), leaf_hash(entry)
        if proof.index != index or proof.checkpoint != signed:
            raise Malformed(f"{path} is of another entry or another checkpoint")
        if not includes(index, stated.size, leaf, proof.hashes, stated.root):
            raise Malformed(f"{path} does not lead from the entry to the checkpoint's root")
        yield index, entry, leaf


def follow(source: Source, earlier: Checkpoint, stated: Checkpoint) -> bool | None:
    """Tell whether the pack's consistency proof leads from an earlier checkpoint; None where it has none.

    Raises:
        Malformed: when the file is no proof.
    """
    data = source.read(f"consistency/{earlier.size}-{stated.size}.txt", _MAX_PROOF_BYTES)
    if data is None:
        return None
    *hashes, end = data.decode(errors="replace").split("\n")
    if end:
        raise Malformed("a consistency proof does not end in a newline")
    proof = [read_hash(line) for line in hashes]
    return extends(earlier.size, stated.size, earlier.root, stated.root, proof)
