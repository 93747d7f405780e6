"""Published cosignatures, Ed25519 and ML-DSA-44."""

import pytest

from audit.tlog.cosignature import (
    CosignatureRefused,
    timestamp_of,
    verify_subtree_cosignature,
)
from audit.tlog.keys import VerifierKey
from audit.tlog.note import NoteRefused, Signature, open_note
from tests.audit.tlog.vectors import Row, rows, unbase64


@pytest.mark.parametrize("row", rows("cosignatures.jsonl", "open"))
def test_open(row: Row) -> None:
    """A cosigned checkpoint opens by the witness's key, with the time it states, or is refused."""
    key = VerifierKey.parse(row["vkey"])
    if row["expect"] == "accept":
        line = open_note(row["note"].encode(), [key]).signature_of(key)
        assert line is not None
        assert timestamp_of(line.value) == row["timestamp"]
    else:
        with pytest.raises(NoteRefused):
            open_note(row["note"].encode(), [key])


@pytest.mark.parametrize("row", rows("cosignatures.jsonl", "subtree"))
def test_subtree(row: Row) -> None:
    """The cosignature of a subtree gets its verdict."""
    key, signature = VerifierKey.parse(row["vkey"]), unbase64(row["signature"])
    root = unbase64(row["hash"])
    verdict = verify_subtree_cosignature(key, row["log_origin"], row["start"], row["end"], root, signature)
    assert verdict == (row["expect"] == "accept")


@pytest.mark.parametrize("row", rows("cosignatures.jsonl", "timestamp"))
def test_timestamp(row: Row) -> None:
    """The stated time is read out of a signature, or the signature is none."""
    if row["expect"] == "accept":
        assert timestamp_of(unbase64(row["signature"])[4:]) == row["timestamp"]
    else:
        with pytest.raises((NoteRefused, CosignatureRefused)):
            timestamp_of(Signature.parse(f"— witness.example {row['signature']}").value)
