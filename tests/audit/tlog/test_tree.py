"""Pins the Merkle tree against its own definition; published rows are in `test_vectors_*`."""

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    consistency_ranges,
    fold,
    inclusion_proof,
    inclusion_ranges,
    is_subtree,
    leaf_hash,
    node_hash,
    range_nodes,
    root_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(b"leaf %d" % number) for number in range(200)]
HUGE = 2**64 - 1


def by_definition(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 6962 defines it, by recursion."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(by_definition(leaves[:middle]), by_definition(leaves[middle:]))


def test_the_right_edge_gives_the_defined_root() -> None:
    """Growing leaf by leaf and the recursive definition agree at every size."""
    for size in range(len(LEAVES)):
        assert by_definition(LEAVES[:size]) == root_of(LEAVES[:size])


@given(st.data())
def test_inclusion_proofs_hold_and_spoiled_ones_do_not(data: st.DataObject) -> None:
    """A made proof verifies; with one bit flipped anywhere, or another place, it does not."""
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    proof, root = inclusion_proof(leaves, index), root_of(leaves)
    assert verify_inclusion(index, size, leaves[index], proof, root)
    assert not verify_inclusion(index + 1, size, leaves[index], proof, root)
    assert not verify_inclusion(index, size, leaf_hash(b"other"), proof, root)
    assert not verify_inclusion(index, size, leaves[index], [*proof, root], root)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        spoiled = [*proof[:at], flip(proof[at], data.draw(st.integers(0, 255))), *proof[at + 1 :]]
        assert not verify_inclusion(index, size, leaves[index], spoiled, root)
        assert not verify_inclusion(index, size, leaves[index], proof[:-1], root)


@given(st.data())
def test_consistency_proofs_hold_and_spoiled_ones_do_not(data: st.DataObject) -> None:
    """A made proof verifies; spoiled, shortened or against another root it does not."""
    new = data.draw(st.integers(1, len(LEAVES)))
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(LEAVES[:new], old)
    old_root, new_root = root_of(LEAVES[:old]), root_of(LEAVES[:new])
    assert verify_consistency(old, new, old_root, new_root, proof)
    assert not verify_consistency(old, new, flip(old_root, 0), new_root, proof)
    assert not verify_consistency(old, new, old_root, flip(new_root, 0), proof)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        spoiled = [*proof[:at], flip(proof[at], data.draw(st.integers(0, 255))), *proof[at + 1 :]]
        assert not verify_consistency(old, new, old_root, new_root, spoiled)


def test_outside_the_tree_nothing_is_proven() -> None:
    """Places and sizes that do not exist are refused."""
    for index in (-1, 3):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_proof(LEAVES[:3], index)
    for old in (0, 4):
        with pytest.raises(ValueError, match="no tree"):
            consistency_proof(LEAVES[:3], old)
    with pytest.raises(ValueError, match="complete subtrees"):
        Frontier(3, [EMPTY_ROOT])


@cache
def node(level: int, index: int) -> bytes:
    """Return the root of one complete subtree of LEAVES."""
    if level == 0:
        return LEAVES[index]
    return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))


def root_over(begin: int, end: int) -> bytes:
    """Return the root over LEAVES[begin:end], from complete subtrees."""
    return fold([node(level, index) for level, index in range_nodes(begin, end)])


def test_every_inclusion_proof_up_to_200_leaves() -> None:
    """Each leaf of each tree is proven, and not with one bit of the proof or of the leaf turned."""
    for size in range(1, len(LEAVES) + 1):
        root = root_over(0, size)
        for index in range(size):
            proof = [root_over(begin, end) for begin, end in inclusion_ranges(index, size)]
            assert verify_inclusion(index, size, LEAVES[index], proof, root)
            at = index % (len(proof) + 1)
            spoiled = [flip(each, size) if place == at else each for place, each in enumerate(proof)]
            leaf = flip(LEAVES[index], size) if at == len(proof) else LEAVES[index]
            assert not verify_inclusion(index, size, leaf, spoiled, root)


def test_every_consistency_proof_up_to_200_leaves() -> None:
    """Each tree is proven a prefix of each larger one, and not with one bit of proof or root turned."""
    for size in range(1, len(LEAVES) + 1):
        root = root_over(0, size)
        for old in range(1, size):
            proof = [root_over(begin, end) for begin, end in consistency_ranges(old, size)]
            old_root = root_over(0, old)
            assert verify_consistency(old, size, old_root, root, proof)
            at = old % (len(proof) + 1)
            spoiled = [flip(each, size) if place == at else each for place, each in enumerate(proof)]
            other = flip(old_root, size) if at == len(proof) else old_root
            assert not verify_consistency(old, size, other, root, spoiled)


def test_ranges_cover_by_complete_subtrees() -> None:
    """Nodes of a range lie side by side, are aligned, and are as few as possible at the right edge."""
    for begin in range(0, 70, 3):
        for end in range(begin, 140, 7):
            at = begin
            for level, index in range_nodes(begin, end):
                assert index << level == at
                at += 1 << level
            assert at == end
    with pytest.raises(ValueError, match="no leaves"):
        range_nodes(3, 2)


@given(st.integers(0, HUGE), st.integers(0, HUGE), st.lists(st.binary(max_size=40), max_size=70))
def test_hostile_numbers_and_lengths_verify_nothing(first: int, second: int, proof: list[bytes]) -> None:
    """Whatever integers and hashes are claimed, the answer is no, not an error."""
    assert not verify_inclusion(first, second, EMPTY_ROOT, proof, b"x" * 32)
    assert not verify_consistency(first, second, b"x" * 32, b"y" * 32, proof)
    assert not verify_inclusion(-first, -second, EMPTY_ROOT, proof, b"x" * 32)
    assert isinstance(is_subtree(first, second), bool)


def flip(value: bytes, bit: int) -> bytes:
    """Return `value` with one bit turned."""
    spoiled = bytearray(value)
    spoiled[bit // 8 % len(value)] ^= 1 << bit % 8
    return bytes(spoiled)
