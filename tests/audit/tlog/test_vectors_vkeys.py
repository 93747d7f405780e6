"""Published verifier keys, valid and mangled."""

import pytest

from audit.tlog.keys import KeyRefused, KeyType, VerifierKey
from tests.audit.tlog.vectors import Row, rows

OURS = set(KeyType)


@pytest.mark.parametrize("row", rows("vkeys.jsonl"))
def test_verdict(row: Row) -> None:
    """Valid keys of the three types in use are read and printed alike; all others are refused."""
    if row["expect"] == "valid" and row["type"] in OURS:
        key = VerifierKey.parse(row["vkey"])
        assert key.type == row["type"]
        assert str(key) == row["vkey"]
        return
    with pytest.raises(KeyRefused) as refused:
        VerifierKey.parse(row["vkey"])
    if row["expect"] == "valid":
        assert refused.value.code == "key.type"
