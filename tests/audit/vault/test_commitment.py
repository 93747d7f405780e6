"""Pins the keyed digest of payloads."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import RecordRefused
from audit.vault.commitment import Commitment, commit, opens


@given(st.lists(st.binary(max_size=64), max_size=8))
def test_chunks_make_no_difference(chunks: list[bytes]) -> None:
    """A streamed payload commits to the same value as the formula over the whole."""
    commitment = Commitment("resp", "text/event-stream")
    for chunk in chunks:
        commitment.update(chunk)
    whole = b"".join(chunks)
    digest = hmac.new(commitment.nonce, b"resp\x00" + whole, hashlib.sha256).digest()
    c = "h1:" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert commitment.finish() == {"c": c, "n": len(whole), "mt": "text/event-stream"}


def test_equal_payloads_are_unlinkable() -> None:
    """Two commitments to the same bytes have nothing in common."""
    first, second = commit("req", b"same"), commit("req", b"same")
    assert first.nonce != second.nonce
    assert first.finish()["c"] != second.finish()["c"]


def test_only_nonce_label_and_bytes_together_open() -> None:
    """Whoever holds nonce and payload can prove it; any other value fails."""
    made = commit("req", b"payload")
    c = made.finish()["c"]
    assert opens(c, nonce=made.nonce, label="req", data=b"payload")
    assert not opens(c, nonce=made.nonce, label="req", data=b"payloaD")
    assert not opens(c, nonce=made.nonce, label="resp", data=b"payload")
    assert not opens(c, nonce=bytes(32), label="req", data=b"payload")


def test_a_finished_commitment_takes_no_more() -> None:
    """Bytes after the end would be uncommitted; they are refused, and finishing again changes nothing."""
    made = commit("req", b"x")
    assert made.finish() is made.finish()
    with pytest.raises(ValueError, match="finished"):
        made.update(b"y")


@pytest.mark.parametrize("label", ["", "a" * 16, "ré", "a b", "a\x00"])
def test_a_label_that_cannot_key_a_nonce_is_refused(label: str) -> None:
    """Labels are short ASCII words, as the vault's slots need them."""
    with pytest.raises(RecordRefused) as caught:
        Commitment(label)
    assert caught.value.code == "record.label"
