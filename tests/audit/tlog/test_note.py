"""Signed notes: opening, signing, adding lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.checkpoint import Checkpoint, CheckpointRefused
from audit.tlog.cosignature import timestamp_of
from audit.tlog.keys import KeyType, SigningKey
from audit.tlog.note import (
    MAX_LINES,
    Note,
    NoteRefused,
    Signature,
    open_note,
    sign_line,
    sign_note,
    with_lines,
)
from audit.tlog.tree import EMPTY_ROOT

LOG = SigningKey.generate("log.example/a")
LOG_PQ = SigningKey.generate("log.example/a", KeyType.MLDSA44_COSIGNATURE)
WITNESS = SigningKey.generate("witness.example/w", KeyType.ED25519_COSIGNATURE)
ALL = [LOG, LOG_PQ, WITNESS]
TEXT = str(Checkpoint("log.example/a", 7, b"r" * 32))

TEXTS = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))).map(
    lambda lines: "".join(f"{line}\n" for line in ["first", *lines])
)


@given(TEXTS)
def test_any_text_is_opened_as_it_was_signed(text: str) -> None:
    """Whatever a text holds, also empty lines and lines like signatures, it comes back the same."""
    data = sign_note(text, [LOG])
    opened = open_note(data, [LOG.verifier])
    assert opened.text == text
    assert bytes(Note.parse(data)) == data


@given(
    st.binary() | st.tuples(st.binary(), st.text()).map(lambda parts: parts[0] + b"\n\n" + parts[1].encode())
)
def test_arbitrary_bytes_are_refused_and_nothing_else(data: bytes) -> None:
    """Nothing but the room's refusal comes out of bytes that nobody signed."""
    with pytest.raises(NoteRefused):
        open_note(data, [LOG.verifier])


def test_all_key_types_sign_one_checkpoint() -> None:
    """A log's two keys and a witness stand under one note, and each is verified in its own form."""
    data = sign_note(TEXT, ALL, timestamp=1_790_000_000)
    opened = open_note(data, [key.verifier for key in ALL])
    assert [key for key, _ in opened.verified] == [key.verifier for key in ALL]
    line = opened.signature_of(WITNESS.verifier)
    assert line is not None
    assert timestamp_of(line.value) == 1_790_000_000


@given(st.data())
def test_one_turned_bit_never_goes_unseen(data: st.DataObject) -> None:
    """With one bit of a note turned, it is refused or says the same text by the keys that still verify."""
    note = sign_note(TEXT, ALL, timestamp=1_790_000_000)
    bit = data.draw(st.integers(0, len(note) * 8 - 1))
    spoiled = bytearray(note)
    spoiled[bit // 8] ^= 1 << bit % 8
    try:
        opened = open_note(bytes(spoiled), [key.verifier for key in ALL])
    except NoteRefused:
        return
    assert opened.text == TEXT
    assert len(opened.verified) < len(ALL)


def test_lines_are_added_once() -> None:
    """A cosignature is put under a note; putting it there again changes nothing; 100 lines are enough."""
    note = sign_note(TEXT, [LOG])
    line = sign_line(TEXT, WITNESS, 1)
    once = with_lines(note, [line])
    assert with_lines(once, [line]) == once
    assert once == note + str(line).encode()
    crowd = [Signature(f"w{number}.example", b"\0" * 4, b"x") for number in range(MAX_LINES)]
    with pytest.raises(NoteRefused):
        with_lines(note, crowd)


def test_repeats_do_not_count_twice() -> None:
    """A key's second line is ignored, even if it would not verify, and so is a repeat of an unknown line."""
    good = sign_line(TEXT, LOG)
    bad = Signature(good.name, good.id, bytes(64))
    stranger = Signature("x.example", b"abcd", b"x")
    data = bytes(Note(TEXT, (good, bad, stranger, stranger)))
    opened = open_note(data, [LOG.verifier])
    assert len(opened.verified) == 1
    assert opened.unverified == (stranger,)
    with pytest.raises(NoteRefused) as refused:
        open_note(bytes(Note(TEXT, (bad, good))), [LOG.verifier])
    assert refused.value.code == "note.signature"


def test_a_cosigning_key_needs_a_time_and_a_checkpoint() -> None:
    """Without a time or over another text nothing is signed."""
    with pytest.raises(NoteRefused) as refused:
        sign_note(TEXT, [WITNESS])
    assert refused.value.code == "note.timestamp"
    with pytest.raises(CheckpointRefused):
        sign_note("no checkpoint\n", [WITNESS], timestamp=1)


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "\ud800\n", "nul\0\n"])
def test_texts_that_no_note_holds_are_not_signed(text: str) -> None:
    """Broken lines, control characters and broken Unicode are refused before a key is used."""
    with pytest.raises(NoteRefused):
        sign_note(text, [LOG])
    with pytest.raises(NoteRefused):
        sign_note("fine\n", [])


def test_an_empty_tree_can_be_signed() -> None:
    """A log of no leaves has a checkpoint by every key type."""
    text = str(Checkpoint("log.example/a", 0, EMPTY_ROOT))
    assert len(open_note(sign_note(text, ALL, 0), [key.verifier for key in ALL]).verified) == 3
