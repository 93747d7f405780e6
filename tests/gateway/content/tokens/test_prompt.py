"""A body's parts are sorted by how they are counted, and nothing that a model may read is left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.tokens.prompt import PER_FILE, PER_SEARCH, Parts, parts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def of(*messages: dict[str, Any], **more: object) -> Parts:
    """What a body with these messages holds."""
    return parts({"messages": list(messages), **more})


def user(*content: dict[str, Any]) -> dict[str, Any]:
    """A message of several parts."""
    return {"role": "user", "content": list(content)}


def test_texts_are_found_wherever_they_stand() -> None:
    """In contents and parts, in calls of tools, in thoughts, and in fields that nobody here knows."""
    found = of(
        {"role": "system", "content": "one"},
        user(
            {"type": "text", "text": "two"}, {"type": "thinking", "thinking": [{"type": "text", "text": "3"}]}
        ),
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "four", "arguments": "five"}}]},
        {"role": "assistant", "reasoning_content": "six", "unheard_of": {"deep": ["seven"]}},
    )

    assert found.texts == ["one", "two", "3", "four", "five", "six", "seven"]
    assert (found.messages, found.calls) == (4, 1)


def test_a_text_does_not_hide_in_a_role() -> None:
    """What is too long for a role, a type or an id counts as text."""
    assert of({"role": "user" * 40, "content": ""}).texts == ["user" * 40, ""]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5_000}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "high"}},
        {"type": "input_image", "image_url": "https://example.org/a.png"},
    ],
)
def test_an_image_counts_as_one_however_long_it_is(part: dict[str, Any]) -> None:
    """Its tokens go by its pixels, not by its bytes."""
    found = of(user(part))

    assert found.images == 1
    assert "".join(found.texts) == ""


@pytest.mark.parametrize("kind", ["input_audio", "file"])
def test_sounds_and_files_count_by_their_size(kind: str) -> None:
    """Twice the data is twice the tokens."""
    one, two = (of(user({"type": kind, kind: {"data": "A" * size}})).media for size in (48_000, 96_000))

    assert 0 < one.expected < one.upper
    assert two == (2 * one.expected, 2 * one.upper)


def test_a_file_by_reference_counts_as_one_of_some_size() -> None:
    """Nobody here can see how large it is."""
    assert of(user({"type": "file", "file": {"file_id": "file-1"}})).media == PER_FILE


def test_tools_and_schemas_count_as_their_json() -> None:
    """The model is shown them in some form of its own."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    found = of(tools=[tool], response_format={"type": "json_schema", "json_schema": {"name": "s"}})

    assert found.offers
    assert len("".join(found.tools)) > 80
    assert found.media == (0, 0)
    assert not of(response_format={"type": "json_object"}).offers


@pytest.mark.parametrize(
    "field",
    [
        {"tools": [{"type": "web_search"}]},
        {"web_search_options": {}},
        {"enable_search": True},
    ],
)
def test_a_search_counts_what_it_may_find(field: dict[str, Any]) -> None:
    """What the upstream finds is prompt as well."""
    assert of(**field).media == PER_SEARCH


@pytest.mark.parametrize("field", ["system", "prompt", "prediction", "chat_template_kwargs", "anything"])
def test_a_text_in_any_field_counts(field: str) -> None:
    """An upstream may read what OpenAI's chat has no field for; short words may be texts all the same."""
    text = "long " * 30
    assert text in parts({field: {"content": [text]}}).texts
    assert parts({field: "short"}).frame == len("short")
    assert parts({"metadata": {"k": text}, "user": text, "model": "m"}) == parts({})


@given(st.dictionaries(st.sampled_from(["messages", "tools", "functions", "response_format", "n"]), JSON))
def test_any_json_can_be_sorted(body: dict[str, Any]) -> None:
    """Nothing that a client can send ends here, well-formed or not."""
    assert all(isinstance(text, str) for text in parts(body).texts)


def test_tools_deeper_than_the_serializer_goes_are_counted() -> None:
    """A setting may allow more levels than orjson writes."""
    deep: Any = 2**70
    for _ in range(500):
        deep = [deep]

    assert len("".join(of(tools=[{"type": "function", "function": deep}]).tools)) > 1000


@given(st.lists(st.text(min_size=1, max_size=30), max_size=10), st.data())
def test_no_text_is_lost(texts: list[str], data: st.DataObject) -> None:
    """However it is wrapped."""
    wrapped: list[Any] = [
        data.draw(st.sampled_from([text, [text], {"x": text}, {"type": "text", "text": [{"y": text}]}]))
        for text in texts
    ]
    found = of({"role": "user", "content": wrapped, "extra": wrapped})

    assert found.texts == texts * 2
