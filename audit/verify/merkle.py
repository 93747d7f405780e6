"""The Merkle tree of RFC 6962, section 2.1, and the verification loops of RFC 9162, section 2.1.

Knows hashes only: no records, no files, no signatures.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def fold(nodes: Iterable[bytes]) -> bytes:
    """Return the root over neighbouring nodes of one height; the last one may be smaller than the others.

    An odd node at the end moves up as it is; it is never doubled. Of no nodes: SHA-256 of nothing.
    """
    row = list(nodes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        last = row[-1:] if len(row) & 1 else []
        one = iter(row)
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(one, one, strict=False)] + last
    return row[0]


class Tree:
    """A growing tree, as the roots of its complete subtrees, largest first: enough to tell its root."""

    __slots__ = ("edge", "size")

    def __init__(self) -> None:
        self.edge: list[bytes] = []
        self.size = 0

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        rest, edge = self.size, self.edge
        while rest & 1:
            leaf = sha256(b"\x01" + edge.pop() + leaf).digest()
            rest >>= 1
        edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root hash."""
        if not self.edge:
            return EMPTY_ROOT
        *others, root = self.edge
        for left in reversed(others):
            root = node_hash(left, root)
        return root


class Range:
    """A tree of which only a range of leaves is at hand: complete subtrees stand for what is beside it."""

    __slots__ = ("_nodes", "size")

    def __init__(self) -> None:
        self._nodes: list[tuple[int, int, bytes]] = []  # height, index, hash; left to right
        self.size = 0

    def add(self, height: int, node: bytes) -> None:
        """Add the next complete subtree, of 2^height leaves; a leaf is one of height 0."""
        index = self.size >> height
        self.size += 1 << height
        nodes = self._nodes
        while index & 1 and nodes and nodes[-1][:2] == (height, index - 1):
            node = sha256(b"\x01" + nodes.pop()[2] + node).digest()
            height, index = height + 1, index >> 1
        nodes.append((height, index, node))

    def root(self) -> bytes:
        """Return the root over all that was added."""
        if not self._nodes:
            return EMPTY_ROOT
        *others, (_, _, root) = self._nodes
        for _, _, left in reversed(others):
            root = node_hash(left, root)
        return root


def includes(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `leaf` stands at `index` in the tree of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _all_hashes(leaf, root, *proof):
        return False
    fn, sn, found = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            found = node_hash(sibling, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == root


def extends(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether the tree of `first` leaves is a prefix of the one of `second` (RFC 9162, 2.1.4.2).

    Nothing extends the empty tree here: a proof from size 0 would prove nothing.
    """
    if first == second:
        return first >= 1 and not proof and first_root == second_root
    if not 1 <= first < second or not _all_hashes(first_root, second_root, *proof):
        return False
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    fn, sn = first - 1, second - 1
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
    return sn == 0 and old == first_root and new == second_root


def cover(begin: int, end: int) -> list[tuple[int, int]]:
    """Return the complete subtrees that cover the leaves [begin, end), as (height, index), left to right."""
    nodes: list[tuple[int, int]] = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        if begin:
            height = min(height, (begin & -begin).bit_length() - 1)
        nodes.append((height, begin >> height))
        begin += 1 << height
    return nodes


def _all_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
