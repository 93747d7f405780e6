"""A stream that ends early is counted by what its client was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.tokens import Estimator, Sent, sent

if TYPE_CHECKING:
    import pytest


def event(**delta: Any) -> bytes:
    """One chunk with one choice."""
    return b"data: " + orjson.dumps({"choices": [{"index": 0, "delta": delta}]}) + b"\n\n"


def test_all_that_was_told_is_counted_together() -> None:
    """Text, thoughts, refusals and calls; words that were cut are whole again."""
    count = Estimator().sent()
    for each in (
        event(role="assistant", content=""),
        event(reasoning_content="Let me th"),
        event(reasoning="ink. "),
        event(content="Hello Re") + event(content="gent"),
        event(tool_calls=[{"index": 0, "function": {"name": "look", "arguments": ""}}]),
        event(tool_calls=[{"index": 0, "function": {"arguments": '{"a": 1}'}}]),
        event(refusal="No."),
        b"data: [DONE]\n\n",
    ):
        count.add(each)

    assert count.tokens == Estimator().completion('Let me think. Hello Regentlook{"a": 1}No.')


def test_nothing_sent_is_nothing() -> None:
    """Neither before the first event nor for one that tells nothing."""
    count = Estimator().sent()
    before = count.tokens
    count.add(b": keep-alive\n\n")
    count.add(b'data: {"choices": [], "usage": null}\n\n')

    assert before == count.tokens == 0


def test_it_can_be_asked_again() -> None:
    """What was counted stays counted, and more can follow."""
    count = Sent(len)
    count.add(event(content="12345"))
    first, again = count.tokens, count.tokens
    count.add(event(content="678"))

    assert (first, again, count.tokens) == (5, 5, 8)


def test_a_long_stream_is_not_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come together is counted and let go."""
    monkeypatch.setattr(sent, "_KEPT_BYTES", 500)
    texts: list[str] = []

    def count(text: str) -> int:
        texts.append(text)
        return len(text)

    counted = Sent(count)
    for _ in range(100):
        counted.add(event(content="x" * 10))

    assert len(texts) > 5
    assert counted._size < 1000
    assert counted.tokens == 1000


@given(
    st.lists(
        st.recursive(
            st.none() | st.integers(0, 9) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["choices", "delta", "content", "tool_calls"]), inner)
            ),
            max_leaves=12,
        ),
        max_size=5,
    )
)
def test_any_event_can_be_counted(chunks: list[Any]) -> None:
    """An upstream may send what it likes."""
    count = Sent(len)
    for chunk in chunks:
        count.add(b"data: " + orjson.dumps(chunk) + b"\n\n")

    assert count.tokens >= 0
