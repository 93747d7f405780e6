"""Published texts to sign with a given key."""

import pytest

from audit.tlog.keys import SigningKey
from audit.tlog.note import sign_note
from tests.audit.tlog.vectors import Row, rows


@pytest.mark.parametrize("row", rows("note_signing.jsonl"))
def test_bytes(row: Row) -> None:
    """Exactly the published note comes out, and the key is the published one."""
    key = SigningKey.parse(row["skey"])
    assert str(key.verifier) == row["vkey"]
    assert key.private_text() == row["skey"]
    assert sign_note(row["text"], [key], row.get("timestamp")) == row["note"].encode()
