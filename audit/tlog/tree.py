"""The Merkle tree of RFC 6962, section 2.1, with the verification loops of RFC 9162, section 2.1.

Pure functions and one small accumulator. Knows hashes only: no records, no files.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data): the prefix keeps a leaf from posing as an inner node."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to append and to tell the root, never to look back.

    Attributes:
        size: number of leaves.
        hashes: roots of the complete subtrees, largest (leftmost) first; one per set bit of `size`.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees")

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        hashes, rest = self.hashes, self.size
        while rest & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            rest >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree's root hash; of no leaves, SHA-256 of nothing."""
        return fold(self.hashes)

    def copy(self) -> "Frontier":
        """Return an independent copy."""
        return Frontier(self.size, self.hashes)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def range_nodes(begin: int, end: int) -> list[tuple[int, int]]:
    """Return the complete subtrees that cover the leaves [begin, end), left to right, as (level, index).

    The node (level, index) covers the leaves [index << level, (index + 1) << level).

    Raises:
        ValueError: unless 0 <= begin <= end.
    """
    if not 0 <= begin <= end:
        raise ValueError(f"no leaves from {begin} to {end}")
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def is_subtree(start: int, end: int) -> bool:
    """Tell whether [start, end) is a subtree: start is a multiple of the power of two that holds its leaves.

    Source: draft-ietf-plants-merkle-tree-certs, 4.1.
    """
    return 0 <= start < end and start & ((1 << (end - start - 1).bit_length()) - 1) == 0


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over roots of complete subtrees, largest first; over none, the empty tree's."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return which leaves [begin, end) each hash of the audit path covers, nearest sibling first.

    Raises:
        ValueError: unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[tuple[int, int]] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    path.reverse()
    return path


def consistency_ranges(old_size: int, size: int) -> list[tuple[int, int]]:
    """Return which leaves [begin, end) each hash of the consistency proof covers, in its order.

    Raises:
        ValueError: unless 1 <= old_size <= size.
    """
    if not 1 <= old_size <= size:
        raise ValueError(f"no tree of {old_size} inside a tree of {size}")
    path: list[tuple[int, int]] = []
    begin, end = 0, size
    while old_size < end:
        middle = begin + _split(end - begin)
        if old_size <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    if begin:  # else the old tree is itself a subtree, and whoever checks has its root
        path.append((begin, end))
    path.reverse()
    return path


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of the leaf at `index` (RFC 6962, 2.1.1), nearest sibling first.

    Args:
        leaves: all leaf hashes of the tree.
        index: 0 <= index < len(leaves).

    Raises:
        ValueError: when the index is outside the tree.
    """
    return [root_of(leaves[begin:end]) for begin, end in inclusion_ranges(index, len(leaves))]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return the proof that the first `old_size` leaves are a prefix of all (RFC 6962, 2.1.2).

    Raises:
        ValueError: unless 1 <= old_size <= len(leaves).
    """
    return [root_of(leaves[begin:end]) for begin, end in consistency_ranges(old_size, len(leaves))]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `leaf` stands at `index` in the tree of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _all_hashes(leaf, root, *proof):
        return False
    fn, sn, computed = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            computed = node_hash(sibling, computed)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            computed = node_hash(computed, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and computed == root


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether the old tree is a prefix of the new one (RFC 9162, 2.1.4.2); 1 <= old_size."""
    if old_size == new_size:
        return old_size >= 1 and not proof and old_root == new_root
    if not 1 <= old_size < new_size or not _all_hashes(old_root, new_root, *proof):
        return False
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == old_root and new == new_root


def _all_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
