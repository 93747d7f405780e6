"""Published proofs about subtrees, good and spoiled."""

import pytest

from audit.tlog.subtree import verify_subtree_consistency, verify_subtree_inclusion
from tests.audit.tlog.vectors import Row, hashes, rows, unbase64


@pytest.mark.parametrize("row", rows("subtree_inclusion.jsonl"))
def test_inclusion_verdict(row: Row) -> None:
    """The proof that a leaf is in a subtree gets its verdict."""
    leaf, root = unbase64(row["leafHash"]), unbase64(row["root"])
    verdict = verify_subtree_inclusion(row["leafIdx"], row["start"], row["end"], leaf, hashes(row), root)
    assert row["wantErr"] != verdict


@pytest.mark.parametrize("row", rows("subtree_consistency.jsonl"))
def test_consistency_verdict(row: Row) -> None:
    """The proof that a subtree is a part of the tree gets its verdict."""
    part, root = unbase64(row["root1"]), unbase64(row["root2"])
    verdict = verify_subtree_consistency(row["start"], row["end"], row["size"], part, root, hashes(row))
    assert row["wantErr"] != verdict
