"""Pins the canonical byte form of a record."""

import enum
import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import MAX_BYTES, decimal_strings, encode
from audit.errors import RecordRefused

KEYS = st.text(st.characters(max_codepoint=127), max_size=12)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_the_standard_library_writes_the_same_bytes(body: dict[str, Any]) -> None:
    """Every admissible record has one byte form, whoever writes it."""
    expected = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert expected == encode(body)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_a_record_is_one_line_and_reads_back(body: dict[str, Any]) -> None:
    """No newline stands in the bytes, and parsing them gives the record."""
    data = encode(body)
    assert b"\n" not in data
    assert body == json.loads(data)


class _Color(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0.5, "record.type"),
        (float("nan"), "record.type"),
        ((1, 2), "record.type"),
        (uuid.UUID(int=1), "record.type"),
        (_Color.RED, "record.type"),
        (b"bytes", "record.value"),
        (2**53, "record.value"),
        (-(2**53), "record.value"),
        ("\ud800", "record.value"),
        ({1: 2}, "record.value"),
        ({"é": 1}, "record.key"),
        ("x" * MAX_BYTES, "record.too_long"),
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any, code: str) -> None:
    """A value outside the rules is refused with its code, however deep it stands."""
    for body in ({"a": value}, {"a": [{"b": value}]}):
        with pytest.raises(RecordRefused) as caught:
            encode(body)
        assert code == caught.value.code


def test_the_longest_record_is_exactly_the_limit() -> None:
    """65,535 bytes pass, one more does not: nothing is cut."""
    around = len(encode({"a": ""}))
    assert len(encode({"a": "x" * (MAX_BYTES - around)})) == MAX_BYTES
    with pytest.raises(RecordRefused, match="65536 bytes"):
        encode({"a": "x" * (MAX_BYTES - around + 1)})


def test_a_record_that_contains_itself_is_refused() -> None:
    """A cycle is refused and ends."""
    body: dict[str, Any] = {}
    body["self"] = body
    with pytest.raises(RecordRefused) as caught:
        encode(body)
    assert caught.value.code == "record.value"


def test_fractions_in_an_obligation_become_decimal_strings() -> None:
    """A policy author's 0.8 cannot stop the log, and nothing of it is lost."""
    assert decimal_strings([{"warn_at": (0.8, 1.0), "hard": True}]) == [
        {"warn_at": ["0.8", "1.0"], "hard": True}
    ]
