"""Proofs about a part of the tree (draft-ietf-plants-merkle-tree-certs, 4.3 and 4.4).

Witnesses and mirrors that sign subtrees need them; the log itself does not. Knows hashes only.
"""

from collections.abc import Sequence

from audit.tlog.forms import HASH_BYTES
from audit.tlog.tree import EMPTY_ROOT, is_subtree, node_hash, verify_inclusion


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether `leaf` stands at `index` of the log, within the subtree [start, end) of this root."""
    if not is_subtree(start, end) or not start <= index < end:
        return False
    return verify_inclusion(index - start, end - start, leaf, proof, root)


def verify_subtree_consistency(
    start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether the subtree [start, end) with its root is a part of the tree of `size` leaves.

    No leaves at all are a part of every tree: then nothing is learnt about `root`.
    """
    if 0 <= start == end <= size:
        return not proof and subtree_root == EMPTY_ROOT
    if not is_subtree(start, end) or end > size:
        return False
    if end - start == size:
        return not proof and subtree_root == root
    if any(len(each) != HASH_BYTES for each in (subtree_root, root, *proof)):
        return False
    return _climb(start, end - 1, size - 1, subtree_root, root, list(proof))


def _climb(fn: int, sn: int, tn: int, subtree_root: bytes, root: bytes, path: list[bytes]) -> bool:
    """Run section 4.4.3 from its step 2 on; names as there."""
    while fn != sn and (sn == tn or sn & 1):
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    if fn == sn:
        path.insert(0, subtree_root)
    if not path:
        return False
    inner = outer = path[0]
    for sibling in path[1:]:
        if tn == 0:
            return False
        if sn & 1 or sn == tn:
            if fn < sn:
                inner = node_hash(sibling, inner)
            outer = node_hash(sibling, outer)
            while not sn & 1 and sn:
                fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
        else:
            outer = node_hash(outer, sibling)
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    return tn == 0 and inner == subtree_root and outer == root
