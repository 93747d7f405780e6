"""A prompt's tokens are estimated for whoever may read it; hostile bodies cost no more than others."""

from __future__ import annotations

import string
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import tokens
from gateway.content.tokens import Bounded, Estimator, marks, prompt

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello Regent, how are you?"}]}


class Words:
    """An encoding in which each word is a token; remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def encode_ordinary(self, text: str) -> list[int]:
        self.given.append(text)
        return [0] * len(text.split())


def test_the_model_that_counts_most_is_meant() -> None:
    """Whoever serves the call in the end: what was reserved is enough for it."""
    plain, claude = (Estimator().prompt(HELLO, [model]) for model in ("gpt-4o", "claude-opus-5"))

    assert claude.upper > plain.upper
    assert Estimator().prompt(HELLO, ["gpt-4o", "claude-opus-5"]) == claude


def test_a_tokenizer_at_hand_counts_what_is_short() -> None:
    """Its count has no span of doubt; what the template adds still has."""
    words = Words()
    exact = Estimator(["gpt-4o"], {"o200k_base": words})
    longer = {"messages": [{"role": "user", "content": "Hello Regent, how are you? Well I hope"}]}

    assert exact.prompt(longer, ["gpt-4o"]).upper - exact.prompt(HELLO, ["gpt-4o"]).upper == 3
    assert exact.completion("I am well.", "gpt-4o") == 3
    assert exact.completion("I am well.", "llama3") == Estimator().completion("I am well.", "llama3")


def test_a_tokenizer_is_not_given_what_would_keep_it_long() -> None:
    """A long text is estimated: hostile ones take a tokenizer up to fifteen times the time of prose."""
    words = Words()
    exact = Estimator(["gpt-4o"], {"o200k_base": words})

    assert exact.completion("a" * 1_000_000, "gpt-4o") == Estimator().completion("a" * 1_000_000, "gpt-4o")
    assert words.given == []


@pytest.mark.parametrize(
    "build",
    [
        lambda size: [{"role": "user", "content": "a"}] * size,
        lambda size: [{"role": "user", "content": [{"type": "text", "text": "a"}] * size}],
        lambda size: [{"role": "user", "content": "a1" * size}],
        lambda size: [{"role": "user", "content": "\ud800" * size}],
        lambda size: [{"role": "assistant", "tool_calls": [{"id": "i", "function": {}}] * size}],
    ],
    ids=["messages", "parts", "alternating", "surrogates", "calls"],
)
def test_the_texts_of_a_body_are_counted_in_one_go(
    build: Callable[[int], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pieces a client cuts its prompt into: the work is linear in its bytes."""
    counted: list[int] = []
    count = marks.of

    def of(text: str) -> tuple[int, ...]:
        counted.append(len(text))
        return count(text)

    monkeypatch.setattr(marks, "of", of)
    one, two = (Estimator().prompt({"messages": build(size)}) for size in (10_000, 20_000))

    assert len(counted) == 2 or counted == []
    assert one.expected < two.expected <= 2 * one.expected
    assert one.upper < two.upper <= 2 * one.upper


def test_a_deep_body_is_counted() -> None:
    """As deep as the settings let one be."""
    deep: Any = "text at the bottom"
    for _ in range(512):
        deep = [deep]

    assert Estimator().prompt({"messages": [{"role": "user", "content": deep}]}).expected > 5


def test_tools_cost_more_than_their_text() -> None:
    """A template explains to the model what tools are."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    with_tool = Estimator().prompt({**HELLO, "tools": [tool]}, ["claude-opus-5"])

    assert with_tool.expected - Estimator().prompt(HELLO, ["claude-opus-5"]).expected > 500


def test_a_whole_reply_is_counted_by_what_it_tells() -> None:
    """Every choice's text, refusal, thought and calls, and none of its JSON; what is no reply is nothing."""
    message = {"content": "Hello", "tool_calls": [{"function": {"name": "look", "arguments": "{}"}}]}
    body = orjson.dumps({"id": "x" * 1000, "choices": [{"message": message}, {"message": {"refusal": "No"}}]})

    assert tokens.reply(body) == Estimator().completion("Hellolook{}No")
    assert tokens.reply(b"<html>") == 0
    assert tokens.reply(b"[]") == 0


def test_without_a_model_the_bounds_are_the_widest() -> None:
    """The plain function takes none: what it says holds for nearly all."""
    plain = tokens.prompt(HELLO)

    assert isinstance(plain, Bounded)
    assert plain.upper >= tokens.prompt(HELLO, ["gpt-4o"]).upper
    assert plain.upper >= tokens.prompt(HELLO, ["claude-opus-5"]).upper


SCRIPTS = st.sampled_from(
    [
        string.punctuation,
        string.printable,
        "".join(map(chr, range(0x4E00, 0x9FA5, 7))),
        "".join(map(chr, range(0x3400, 0x4DB5, 11))),
        "".join(map(chr, range(0x1F300, 0x1F9FF))),
        "".join(map(chr, (*range(0x20, 0xD800, 97), *range(0xE000, 0x2FFFF, 991)))),
    ]
)


@given(st.data())
def test_no_text_has_more_tokens_than_its_bound(data: st.DataObject) -> None:
    """Random punctuation, Chinese, emoji or all scripts at once: a tokenizer begins from bytes."""
    text = data.draw(st.text(alphabet=data.draw(SCRIPTS), max_size=300))
    role = data.draw(st.text(alphabet=string.punctuation, max_size=70))
    tools = [{"type": "function", "function": {"name": "f", "description": text}}]
    body = {"messages": [{"role": role, "content": text}], "tools": tools}
    for model in ("gpt-4o", "claude-opus-4", "llama-3.3-70b", "unheard-of"):
        found = prompt(body, [model])
        assert found.expected <= found.upper <= found.bound
        assert found.bound >= 2 * len(text.encode()) + len(role.encode())


def test_a_bound_is_one_where_an_estimate_is_none() -> None:
    """Of random punctuation the upper estimate is a fifth of what it costs; prose is bounded far too high."""
    chance = Random(1)  # noqa: S311 - a text that is always the same
    noise = "".join(chance.choices(string.punctuation, k=4000))
    found = prompt({"messages": [{"role": "user", "content": noise}]}, ["gpt-4o"])
    assert found.upper < 2000
    assert found.bound >= 4000
    prose = "Every request becomes one question, and a policy decides it. " * 60
    found = prompt({"messages": [{"role": "user", "content": prose}]}, ["gpt-4o"])
    assert found.bound > 2.5 * found.upper
