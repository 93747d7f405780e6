"""Published consistency proofs, good and spoiled."""

import pytest

from audit.tlog.tree import verify_consistency
from tests.audit.tlog.vectors import Row, hashes, rows, unbase64


@pytest.mark.parametrize("row", rows("consistency.jsonl"))
def test_verdict(row: Row) -> None:
    """The proof gets its verdict."""
    old, new = unbase64(row["root1"]), unbase64(row["root2"])
    assert row["wantErr"] != verify_consistency(row["size1"], row["size2"], old, new, hashes(row))
