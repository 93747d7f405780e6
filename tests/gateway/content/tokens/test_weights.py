"""An estimate grows with its text, never exceeds its bytes, and its upper is never the lower."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.tokens import marks
from gateway.content.tokens.weights import ANY, O200K, Weights

BOTH = pytest.mark.parametrize("weights", [O200K, ANY], ids=["o200k", "any"])
TEXT = st.text(st.characters(), max_size=200)


@BOTH
@given(text=TEXT, percent=st.integers(1, 300))
def test_an_estimate_is_within_its_bounds(weights: Weights, text: str, percent: int) -> None:
    """No tokenizer makes more tokens than there are bytes, and something is never nothing."""
    expected, upper = weights.estimate(marks.of(text), percent, percent)

    assert bool(text) <= expected <= upper <= len(text.encode("utf-8", "surrogatepass"))


@BOTH
@given(text=TEXT, more=TEXT)
def test_a_longer_text_has_no_fewer_tokens(weights: Weights, text: str, more: str) -> None:
    """As marks add up; where two texts meet, words and numbers may become one."""
    one, two = marks.of(text), marks.of(more)
    both = tuple(map(sum, zip(one, two, strict=True)))

    assert weights.estimate(both) >= max(weights.estimate(one), weights.estimate(two))


def test_each_mark_has_its_weight() -> None:
    """The table and the counts are in one order, so a weight can't slip to its neighbour."""
    for weights in (O200K, ANY):
        assert len(weights.expected) == len(weights.upper) == len(marks.NAMES) - 1
        assert all(low <= high for low, high in zip(weights.expected, weights.upper, strict=True))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # Counted by tiktoken's o200k_base.
        ("The gateway refuses what no rule allows, and says which rule it was.", 15),
        ("Das Gateway lehnt ab, was keine Regel erlaubt, und nennt den Grund dafür.", 17),
        ("def serve(request: Request) -> Answer:\n    return Answer(200, request.body)\n", 18),
        ('{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}', 26),
    ],
)
def test_plain_texts_are_estimated_near_the_count(text: str, tokens: int) -> None:
    """Prose of two languages, code and JSON: neither half as many again nor a third fewer."""
    expected, upper = O200K.estimate(marks.of(text))

    assert tokens * 2 / 3 <= expected <= tokens * 3 / 2
    assert upper >= tokens
