"""Pins proofs about subtrees against the definition, for every subtree of small trees."""

from audit.tlog.subtree import verify_subtree_consistency, verify_subtree_inclusion
from audit.tlog.tree import EMPTY_ROOT, inclusion_proof, is_subtree, leaf_hash, root_of

LEAVES = [leaf_hash(b"%d" % number) for number in range(24)]


def split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def proof_of(start: int, end: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    """Return SUBTREE_SUBPROOF of the draft, by its recursive definition."""
    if (start, end) == (0, len(leaves)):
        return [] if known else [root_of(leaves)]
    middle = split(len(leaves))
    if end <= middle:
        return [*proof_of(start, end, leaves[:middle], known=known), root_of(leaves[middle:])]
    if start >= middle:
        inner = proof_of(start - middle, end - middle, leaves[middle:], known=known)
        return [*inner, root_of(leaves[:middle])]
    return [*proof_of(0, end - middle, leaves[middle:], known=False), root_of(leaves[:middle])]


def test_every_subtree_is_a_part_of_its_tree() -> None:
    """The proof by definition verifies; another root, another place and a longer proof do not."""
    for size in range(1, len(LEAVES) + 1):
        root = root_of(LEAVES[:size])
        for start in range(size):
            for end in range(start + 1, size + 1):
                part = root_of(LEAVES[start:end])
                if not is_subtree(start, end):
                    assert not verify_subtree_consistency(start, end, size, part, root, [])
                    continue
                proof = proof_of(start, end, LEAVES[:size])
                assert verify_subtree_consistency(start, end, size, part, root, proof)
                assert not verify_subtree_consistency(start, end, size, EMPTY_ROOT, root, proof)
                assert not verify_subtree_consistency(start, end, size, part, EMPTY_ROOT, proof)
                assert not verify_subtree_consistency(start, end, size, part, root, [*proof, root])


def test_a_leaf_is_proven_inside_its_subtree() -> None:
    """An index counts from the log's start, and leaves outside the subtree are refused."""
    part = LEAVES[8:13]
    for index in range(8, 13):
        proof = inclusion_proof(part, index - 8)
        assert verify_subtree_inclusion(index, 8, 13, LEAVES[index], proof, root_of(part))
        assert not verify_subtree_inclusion(index - 8, 8, 13, LEAVES[index], proof, root_of(part))
