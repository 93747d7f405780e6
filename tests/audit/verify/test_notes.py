"""Pins signed notes, keys, cosignatures and checkpoints to the public vectors of their specifications."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest

from audit.verify import notes
from audit.verify.checkpoints import Malformed, read_checkpoint
from audit.verify.notes import Refused, check_signature, open_note, read_key
from tests.audit.verify.builder import LOG, LOG_MLDSA, Signer, checkpoint
from tests.audit.verify.vectors import rows

KNOWN_KINDS = {1, 4, 6, None}


def verdict(read: Callable[..., object], *given: object) -> str:
    """Return whether something is taken; only the two words of refusal may be raised."""
    try:
        read(*given)
    except (Malformed, Refused):
        return "reject"
    return "accept"


def bytes_of(row: dict[str, Any]) -> bytes:
    """Return a row's note."""
    return str(row["note"]).encode() if "note" in row else b64decode(row["note_b64"])


def test_keys_follow_the_vectors() -> None:
    """A mangled key is refused; so are kinds that no log or witness of ours has."""
    for row in rows("vkeys"):
        wanted = "accept" if row["expect"] == "valid" and row["type"] in KNOWN_KINDS else "reject"
        assert verdict(read_key, row["vkey"]) == wanted, row["id"]


def test_notes_follow_the_vectors() -> None:
    """Well-formed or not, signed by a known key or not; and the text is what was signed."""
    for row in rows("notes"):
        if "signature type other than" in (row.get("remark") or ""):
            continue
        keys = [read_key(text) for text in row["vkeys"]]
        assert verdict(open_note, bytes_of(row), keys) == row["expect"], row["id"]
        if row["expect"] == "accept":
            note = open_note(bytes_of(row), keys)
            assert note.text == row["text"]
            assert {one.key.title for one in note.signed} == set(row["verified"])
            assert note.unknown == len(row["unverified"])


def test_checkpoints_follow_the_vectors() -> None:
    """Sizes and roots have one spelling; extension lines are allowed, empty lines are not."""
    for row in rows("checkpoint_texts"):
        assert verdict(read_checkpoint, row["text"]) == row["expect"], row["id"]


def test_cosignatures_follow_the_vectors() -> None:
    """Ed25519 and ML-DSA-44, with the time that the cosigner states."""
    for row in rows("cosignatures"):
        if row["kind"] != "open":
            continue
        key, data = read_key(row["vkey"]), bytes_of(row)
        assert verdict(open_note, data, [key]) == row["expect"], row["id"]
        if row["expect"] == "accept":
            assert [one.time for one in open_note(data, [key]).signed] == [row["timestamp"]]


def test_subtree_messages_follow_the_vectors() -> None:
    """What an ML-DSA-44 cosigner signs for a part of the tree."""
    for row in rows("cosignatures"):
        if row["kind"] == "subtree":
            key, signature = read_key(row["vkey"]), b64decode(row["signature"])
            time = int.from_bytes(signature[:8], "big")
            span = (row["start"], row["end"])
            message = notes.subtree_message(key.name, time, row["log_origin"], span, b64decode(row["hash"]))
            assert notes._verifies(key, message, signature[8:]) is (row["expect"] == "accept"), row["id"]


def test_a_second_wrong_line_of_a_known_key_condemns_the_note() -> None:
    """One good signature does not make up for a bad one by the same key."""
    good = checkpoint([b"x"])
    bad = checkpoint([b"y"]).split(b"\n\n")[1]
    with pytest.raises(Refused, match="does not verify"):
        open_note(good + bad, [read_key(LOG.vkey)])


@pytest.mark.parametrize("signer", [LOG_MLDSA, Signer("w.example", 4)], ids=["ML-DSA-44", "Ed25519"])
def test_a_cosignature_of_impossible_time_or_length_is_refused(signer: Signer) -> None:
    """Times end at 2^63, and a signature has the length of its kind."""
    key, text = read_key(signer.vkey), "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    signature = b64decode(signer.line(text, 1 << 63).split(" ")[2])[4:]
    with pytest.raises(Refused, match="time"):
        check_signature(key, text, signature)
    with pytest.raises(Refused, match="length"):
        check_signature(key, text, signature[:-1])


def test_a_key_that_cannot_be_checked_here_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a cryptography package that has no ML-DSA, Ed25519 must do, and the note says what was left."""
    data = checkpoint([b"x"], LOG, [(LOG_MLDSA, 7)])
    keys = [read_key(LOG.vkey), read_key(LOG_MLDSA.vkey)]
    assert [one.time for one in open_note(data, keys).signed] == [None, 7]
    real = notes._public_key_class
    monkeypatch.setattr(notes, "_public_key_class", lambda kind: None if kind == 6 else real(kind))
    note = open_note(data, keys)
    assert ([one.key for one in note.signed], list(note.unchecked)) == ([keys[0]], [keys[1]])
