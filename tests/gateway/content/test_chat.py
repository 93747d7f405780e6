"""The few fields of a chat body that the gateway relies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.content import chat
from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = {"role": "user", "content": "Hello"}


@pytest.mark.parametrize(
    ("read", "body", "code", "param"),
    [
        (chat.model, {}, "input.invalid", "model"),
        (chat.model, {"model": ""}, "input.invalid", "model"),
        (chat.model, {"model": 7}, "input.invalid", "model"),
        (chat.model, {"model": "m" * 257}, "input.out_of_bounds", "model"),
        (chat.model, {"model": "m\r\nx-evil: 1"}, "input.out_of_bounds", "model"),
        (lambda body: chat.flag(body, "stream"), {"stream": "yes"}, "input.invalid", "stream"),
        (lambda body: chat.flag(body, "stream"), {"stream": 1}, "input.invalid", "stream"),
        (chat.include_usage, {"stream_options": []}, "input.invalid", "stream_options"),
        (chat.include_usage, {"stream_options": {"include_usage": 1}}, "input.invalid", "include_usage"),
        (chat.completion_limit, {"max_tokens": 0}, "input.invalid", "max_tokens"),
        (chat.completion_limit, {"max_tokens": -1}, "input.invalid", "max_tokens"),
        (chat.completion_limit, {"max_tokens": True}, "input.invalid", "max_tokens"),
        (chat.completion_limit, {"max_tokens": 1.5}, "input.invalid", "max_tokens"),
        (chat.completion_limit, {"max_completion_tokens": "9"}, "input.invalid", "max_completion_tokens"),
        (chat.completion_limit, {"max_tokens": 2**40}, "input.out_of_bounds", "max_tokens"),
        (chat.choices, {"n": 0}, "input.invalid", "n"),
        (chat.choices, {"n": True}, "input.invalid", "n"),
        (chat.choices, {"n": 2.0}, "input.invalid", "n"),
        (chat.choices, {"n": "2"}, "input.invalid", "n"),
        (chat.choices, {"n": 129}, "input.out_of_bounds", "n"),
        (chat.tools, {"tools": {}}, "input.invalid", "tools"),
        (chat.tools, {"tools": [7]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{}]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{"type": None, "name": "calculator"}]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{"type": ["web_search"], "name": "calculator"}]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{"type": ""}]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{"name": "calculator"}]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{"type": "function", "name": "calculator"}]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{"type": "custom"}]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{"type": "function", "function": {}}]}, "input.invalid", "tools"),
        (chat.tools, {"functions": [{"type": "web_search"}]}, "input.invalid", "tools"),
        (chat.tools, {"tools": [{"type": "x" * 129}]}, "input.out_of_bounds", "tools"),
        (chat.tools, {"functions": [{"name": f"f{n}"} for n in range(129)]}, "input.out_of_bounds", "tools"),
        (chat.modalities, {}, "input.invalid", "messages"),
        (chat.modalities, {"messages": []}, "input.invalid", "messages"),
        (chat.modalities, {"messages": "hi"}, "input.invalid", "messages"),
        (chat.modalities, {"messages": ["hi"]}, "input.invalid", "messages"),
        (chat.modalities, {"messages": [{"content": "hi"}]}, "input.invalid", "messages"),
        (chat.modalities, {"messages": [{"role": "user", "content": 7}]}, "input.invalid", "messages"),
        (chat.modalities, {"messages": [{"role": "user", "content": ["hi"]}]}, "input.invalid", "messages"),
        (chat.modalities, {"messages": [{"role": "user", "content": [{}]}]}, "input.invalid", "messages"),
        (chat.modalities, {"messages": [MESSAGE], "modalities": ["smell"]}, "input.invalid", "modalities"),
        (chat.modalities, {"messages": [MESSAGE], "modalities": [["text"]]}, "input.invalid", "modalities"),
    ],
)
def test_a_field_of_the_wrong_shape_is_named(
    read: Callable[[dict[str, object]], object], body: dict[str, object], code: str, param: str
) -> None:
    """Each mistake has a code and names the field, without quoting what was sent."""
    with pytest.raises(Refused) as refused:
        read(body)

    assert (code, param) == (refused.value.code, refused.value.param)
    assert "evil" not in str(refused.value)


def test_the_smaller_limit_counts() -> None:
    """A client that sets both limits means the smaller one."""
    assert chat.completion_limit({"max_tokens": 9, "max_completion_tokens": 5}) == 5
    assert chat.completion_limit({"max_tokens": 9, "max_completion_tokens": None}) == 9
    assert chat.completion_limit({}) is None


def test_the_number_of_choices_is_read() -> None:
    """`n` is a fact for policy; null is as good as absent."""
    assert [chat.choices(body) for body in ({"n": 1}, {"n": 128}, {"n": None}, {})] == [1, 128, None, None]


@pytest.mark.parametrize("field", ["best_of", "num_return_sequences", "candidate_count"])
def test_answers_by_another_name_are_counted(field: str) -> None:
    """What is written to be thrown away is written all the same; no count is a huge one, or none."""
    assert chat.choices({"n": 2, field: 20}) == 20
    assert chat.choices({"n": 2, field: 1}) == 2
    with pytest.raises(Refused):
        chat.choices({field: 0})
    with pytest.raises(Refused):
        chat.choices({field: chat.MAX_CHOICES + 1})


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ({"type": "web_search", "web_search": {"name": "calculator"}}, "web_search"),
        ({"type": "web_search", "name": "calculator"}, "web_search"),
        ({"type": "web_search", "function": {"name": "calculator"}}, "web_search"),
        ({"type": "Function", "function": {"name": "calculator"}}, "Function"),
        ({"function": {"name": "shell"}, "name": "calculator"}, "shell"),
    ],
)
def test_no_friendly_name_hides_what_a_tool_is(tool: dict[str, object], expected: str) -> None:
    """A tool of the provider's own goes by its type, whatever it calls itself."""
    assert chat.tools({"tools": [tool]}) == (expected,)


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "calculator"}, "Function": {"name": "shell"}},
        {"type": "function", "function": {"name": "calculator", "NAME": "shell"}},
        {"type": "function", "TYPE": "web_search", "function": {"name": "calculator"}},
    ],
)
def test_no_look_alike_hides_what_a_tool_is(tool: dict[str, object]) -> None:
    """An upstream that matches names in any case would go by the other one."""
    with pytest.raises(Refused) as refused:
        chat.tools({"tools": [tool]})

    assert (refused.value.code, refused.value.param) == ("input.invalid", "tools")


def test_tools_go_by_name_or_type() -> None:
    """Policy sees every tool that the model is offered, also one without a name of its own."""
    body: dict[str, object] = {
        "tools": [
            {"type": "function", "function": {"name": "search"}},
            {"type": "custom", "custom": {"name": "shell"}},
            {"type": "code_interpreter"},
        ],
        "functions": [{"name": "legacy"}],
        "web_search_options": {},
    }

    assert chat.tools(body) == ("code_interpreter", "legacy", "search", "shell", "web_search")


def test_modalities_come_from_parts_and_from_what_is_asked_for() -> None:
    """An image in one message and audio in the answer are both visible to policy."""
    body: dict[str, object] = {
        "messages": [
            MESSAGE,
            {"role": "assistant", "content": None},
            {
                "role": "user",
                "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "new"}],
            },
        ],
        "modalities": ["text", "audio"],
    }

    assert chat.modalities(body) == ("audio", "image", "other", "text")


def test_texts_are_those_of_the_messages() -> None:
    """Strings and text parts are counted, other parts are not."""
    body: dict[str, object] = {
        "messages": [MESSAGE, {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "file"}]}]
    }

    assert list(chat.texts(body)) == ["Hello", "a"]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "ok", "Content": [{"type": "image_url"}]}],
        [{"role": "user", "content": [{"type": "text", "Type": "image_url", "text": "a"}]}],
    ],
)
def test_a_look_alike_within_a_message_is_refused(messages: list[object]) -> None:
    """A server that matches names in any case would be given what policy didn't see."""
    with pytest.raises(Refused) as refused:
        chat.modalities({"messages": messages})

    assert refused.value.code == "input.invalid"


@pytest.mark.parametrize(
    "body",
    [
        {"search_parameters": {"mode": "on"}},
        {"enable_search": True},
        {"tool_choice": {"type": "web_search"}},
    ],
)
def test_a_search_without_a_tool_is_seen_as_one(body: dict[str, object]) -> None:
    """Whatever a provider calls it, policy sees that the web is searched."""
    assert chat.tools(body) == ("web_search",)


def test_a_choice_among_ones_own_tools_is_no_tool() -> None:
    """`tool_choice` as OpenAI's API has it names what stands in `tools` anyway."""
    for choice in ("auto", {"type": "function", "function": {"name": "f"}}, {"type": "allowed_tools"}, None):
        assert chat.tools({"tool_choice": choice, "enable_search": False}) == ()
