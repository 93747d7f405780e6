"""Bytes in strings: those that are no UTF-8 are kept for whoever hashes them, and shown as U+FFFD."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rego import utf8
from rego.output import to_json


@given(st.binary())
def test_a_string_keeps_its_bytes(raw: bytes) -> None:
    """Whatever base64 or hex gave can be encoded, or hashed, again."""
    assert utf8.encoded(utf8.decoded(raw)) == raw


@given(st.binary())
def test_what_is_shown_is_valid_with_one_character_for_each_wrong_byte(raw: bytes) -> None:
    """As in Go, a cut-off character of two bytes is shown as two replacement characters."""
    shown = utf8.shown(utf8.decoded(raw))
    assert len(shown) == len(utf8.decoded(raw))
    assert shown.encode().decode() == shown


def test_a_surrogate_that_is_no_byte_is_encoded_as_the_replacement_character() -> None:
    """Half of a pair, as a JSON parser of Python's lets it through, is no string in Go."""
    assert utf8.encoded("a\ud83d\udcff") == b"a\xef\xbf\xbd\xff"


def test_an_answer_has_no_bytes_that_are_no_utf8() -> None:
    """The host can always encode what it gets, in values and in keys."""
    raw = utf8.decoded(b"a\xff")
    assert to_json({raw: [raw]}) == {"a\ufffd": ["a\ufffd"]}
