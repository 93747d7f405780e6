"""Streamed tool calls are numbered 0, 1, 2 ... whatever an upstream numbers them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.openai.tool_calls import ToolCallNumbers


def _first(index: int | None, call_id: str | None, name: str = "f") -> dict[str, Any]:
    return {"index": index, "id": call_id, "function": {"name": name, "arguments": ""}}


def _more(index: int | None) -> dict[str, Any]:
    return {"index": index, "function": {"arguments": "{"}}


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([_first(0, "a"), _more(0), _first(1, "b"), _more(1), _more(0)], [0, 0, 1, 1, 0]),
        ([_first(1, "a"), _more(1), _first(2, "b")], [0, 0, 1]),
        ([_first(0, "a"), _first(0, "b"), _more(0)], [0, 1, 1]),
        ([_first(3, "a"), _first(1, "b"), _more(3)], [0, 1, 0]),
        ([_first(0, "a"), _first(0, "a")], [0, 0]),
        ([_first(None, "a"), _more(None), _first(None, "b"), _more(None)], [0, 0, 1, 1]),
        ([_first(0, "a"), {"index": 0, "id": "null", "function": {"name": "", "arguments": "x"}}], [0, 0]),
        ([_first(0, "a"), {"index": 0, "id": "other", "function": {"arguments": "x"}}], [0, 0]),
    ],
)
def test_numbers(pieces: list[dict[str, Any]], expected: list[int]) -> None:
    """Starts at 1, gaps, all on one number, no number: each call keeps its own, and pieces stay with it."""
    numbers = ToolCallNumbers()
    for piece in pieces:
        numbers.renumber(0, [piece])
    assert expected == [piece["index"] for piece in pieces]


@given(st.lists(st.integers(0, 5), max_size=30))
def test_a_dense_stream_is_left_alone(order: list[int]) -> None:
    """A stream that is right already is not changed: its bytes can be passed on."""
    numbers, seen = ToolCallNumbers(), 0
    for index in order:
        given_index = min(index, seen)
        seen = max(seen, given_index + 1)
        assert not numbers.renumber(0, [_first(given_index, f"id{given_index}")])


def test_choices_count_apart() -> None:
    """Each choice has its own calls."""
    numbers = ToolCallNumbers()
    assert not numbers.renumber(0, [_first(0, "a")])
    assert not numbers.renumber(1, [_first(0, "b")])


def test_what_is_no_piece_is_left_alone() -> None:
    """Whatever else stands in the list passes."""
    assert not ToolCallNumbers().renumber(0, [None, "x", 1])
