"""Published inclusion proofs, good and spoiled."""

import pytest

from audit.tlog.tree import verify_inclusion
from tests.audit.tlog.vectors import Row, hashes, rows, unbase64


@pytest.mark.parametrize("row", rows("inclusion.jsonl"))
def test_verdict(row: Row) -> None:
    """The proof gets its verdict."""
    leaf, root = unbase64(row["leafHash"]), unbase64(row["root"])
    assert row["wantErr"] != verify_inclusion(row["leafIdx"], row["treeSize"], leaf, hashes(row), root)
