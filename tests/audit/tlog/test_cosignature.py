"""Cosignatures of checkpoints and subtrees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.checkpoint import Checkpoint
from audit.tlog.cosignature import (
    CosignatureRefused,
    cosign,
    cosign_subtree,
    subtree_message,
    timestamp_of,
    verify_cosignature,
    verify_subtree_cosignature,
)
from audit.tlog.keys import KeyType, SigningKey

ED = SigningKey.generate("w.example", KeyType.ED25519_COSIGNATURE)
PQ = SigningKey.generate("w.example", KeyType.MLDSA44_COSIGNATURE)
LOG = SigningKey.generate("log.example")
ROOT = b"r" * 32
TEXT = str(Checkpoint("log.example", 7, ROOT))


@pytest.mark.parametrize("key", [ED, PQ])
@pytest.mark.parametrize("timestamp", [0, 1, 2**63 - 1])
def test_a_cosignature_states_its_time(key: SigningKey, timestamp: int) -> None:
    """What a key cosigned verifies by that key, over that text, at that time, and not otherwise."""
    made = cosign(key, TEXT, timestamp)
    assert timestamp_of(made) == timestamp
    assert verify_cosignature(key.verifier, TEXT, made)
    assert not verify_cosignature(key.verifier, TEXT.replace("7", "8"), made)
    assert not verify_cosignature((PQ if key is ED else ED).verifier, TEXT, made)
    assert not verify_cosignature(key.verifier, TEXT, bytes([*made[:7], made[7] ^ 1, *made[8:]]))


@pytest.mark.parametrize("timestamp", [-1, 2**63, 2**64 - 1])
def test_times_outside_the_text_are_refused(timestamp: int) -> None:
    """A time beyond 2^63 - 1 is neither signed nor read."""
    with pytest.raises(CosignatureRefused) as refused:
        cosign(ED, TEXT, timestamp)
    assert refused.value.code == "cosignature.timestamp"
    if timestamp > 0:
        with pytest.raises(CosignatureRefused):
            timestamp_of(timestamp.to_bytes(8, "big") + bytes(64))


@given(st.binary(max_size=100) | st.binary(min_size=72, max_size=72))
def test_arbitrary_bytes_verify_nothing(data: bytes) -> None:
    """Bytes that nobody signed do not verify by any key, and never crash."""
    for key in (ED, PQ, LOG):
        assert not verify_cosignature(key.verifier, TEXT, data)
        assert not verify_subtree_cosignature(key.verifier, "log.example", 0, 7, ROOT, data)


def test_the_signed_structure_is_that_of_the_text() -> None:
    """The message is label, name, time, origin, start, end and hash with the stated lengths."""
    message = subtree_message("name", 5, "origin", 0, 9, ROOT)
    numbers = [number.to_bytes(8, "big") for number in (5, 0, 9)]
    expected = b"subtree/v1\n\0" + b"\x04name" + numbers[0] + b"\x06origin" + numbers[1] + numbers[2] + ROOT
    assert message == expected


def test_a_checkpoint_is_the_subtree_from_zero() -> None:
    """ML-DSA-44 signs origin, size and root of a checkpoint as a subtree, and no extension lines."""
    made = cosign_subtree(PQ, "log.example", 0, 7, ROOT, 3)
    assert verify_cosignature(PQ.verifier, TEXT, made)
    assert verify_cosignature(PQ.verifier, TEXT + "extension\n", made)
    assert not verify_cosignature(ED.verifier, TEXT + "extension\n", cosign(ED, TEXT, 3))


@pytest.mark.parametrize(
    ("start", "end", "timestamp", "root", "origin", "code"),
    [
        (8, 13, 1, ROOT, "a", "cosignature.timestamp"),
        (1, 3, 0, ROOT, "a", "cosignature.message"),
        (8, 8, 0, ROOT, "a", "cosignature.message"),
        (0, 2**63, 0, ROOT, "a", "cosignature.message"),
        (0, 7, 0, b"short", "a", "cosignature.message"),
        (0, 7, 0, ROOT, "", "cosignature.message"),
        (0, 7, 0, ROOT, "a" * 256, "cosignature.message"),
    ],
)
def test_statements_that_mean_nothing_are_not_signed(
    start: int, end: int, timestamp: int, root: bytes, origin: str, code: str
) -> None:
    """No time on a later subtree, no range that is none, no hash or name of another length."""
    with pytest.raises(CosignatureRefused) as refused:
        cosign_subtree(PQ, origin, start, end, root, timestamp)
    assert refused.value.code == code


def test_only_the_right_keys_cosign() -> None:
    """A log's plain key makes no cosignature, and an Ed25519 witness no subtree's."""
    with pytest.raises(CosignatureRefused) as refused:
        cosign(LOG, TEXT, 1)
    assert refused.value.code == "cosignature.key"
    with pytest.raises(CosignatureRefused) as refused:
        cosign_subtree(ED, "a", 0, 7, ROOT)
    assert refused.value.code == "cosignature.key"
