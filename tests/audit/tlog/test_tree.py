"""Pins the Merkle tree against public vectors and against its own definition."""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[4] / "shared" / "data" / "tlog-vectors"
LEAVES = [leaf_hash(b"leaf %d" % number) for number in range(130)]


def rows(name: str) -> list[dict[str, Any]]:
    """Read one file of vectors, or skip."""
    path = VECTORS / name
    if not path.exists():
        pytest.skip("the public vectors of transparency logs are not on this machine")
    return [json.loads(line) for line in path.read_text().splitlines()]


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


def test_inclusion_vectors() -> None:
    """Every published inclusion proof, good or spoiled, gets its verdict."""
    for row in rows("inclusion.jsonl"):
        leaf, root = base64.b64decode(row["leafHash"]), base64.b64decode(row["root"])
        proof = [base64.b64decode(each) for each in row["proof"] or []]
        assert row["wantErr"] != verify_inclusion(row["leafIdx"], row["treeSize"], leaf, proof, root), row[
            "id"
        ]


def test_consistency_vectors() -> None:
    """Every published consistency proof, good or spoiled, gets its verdict."""
    for row in rows("consistency.jsonl"):
        old, new = base64.b64decode(row["root1"]), base64.b64decode(row["root2"])
        proof = [base64.b64decode(each) for each in row["proof"] or []]
        assert row["wantErr"] != verify_consistency(row["size1"], row["size2"], old, new, proof), row["id"]


def test_root_vectors() -> None:
    """Every published hash, root and right edge comes out."""
    checked = 0
    for row in rows("roots.jsonl"):
        if row["kind"] == "hash":
            assert row["hash"] == _hash(row).hex(), row["id"]
            checked += 1
        if row["kind"] == "root":
            if "leaves" in row:
                leaves = [leaf_hash(bytes.fromhex(each)) for each in row["leaves"]]
            else:
                leaves = [leaf_hash((row["leaves_rule"] % number).encode()) for number in range(row["size"])]
            frontier = Frontier()
            for leaf in leaves:
                frontier.append(leaf)
            assert row["root"] == frontier.root().hex(), row["id"]
            if "range" in row:
                assert row["range"] == [each.hex() for each in frontier.hashes], row["id"]
            checked += 1
    assert checked > 0


def _hash(row: dict[str, Any]) -> bytes:
    if row["op"] == "leaf":
        return leaf_hash(bytes.fromhex(row["data"]))
    if row["op"] == "node":
        return node_hash(bytes.fromhex(row["left"]), bytes.fromhex(row["right"]))
    return EMPTY_ROOT


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


def flip(value: bytes, bit: int) -> bytes:
    """Return `value` with one bit turned."""
    spoiled = bytearray(value)
    spoiled[bit // 8] ^= 1 << bit % 8
    return bytes(spoiled)
