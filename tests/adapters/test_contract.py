"""The contract's values refuse what must not reach a wire, and both adapters keep to it alike."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from adapters.contract import (
    Adapter,
    ChatRequest,
    Completed,
    InvalidConfiguration,
    KeyStyle,
    Secret,
    Streaming,
    Target,
    UpstreamCode,
    UpstreamError,
    Usage,
)
from adapters.echo import Echo

if TYPE_CHECKING:
    from tests.adapters.conftest import Upstream


@pytest.mark.parametrize("value", ["", "sk\r\nx-evil: 1", "sk\n", "sk\x00", "schlüssel"])
def test_secret_refuses_what_would_inject_a_header(value: str) -> None:
    """A key with a line end would add headers of its own to each request."""
    with pytest.raises(InvalidConfiguration):
        Secret(value)


def test_secret_hides_itself() -> None:
    """Neither a secret nor a target that holds one prints it, nor the values of extra headers."""
    target = Target("http://h/v1", Secret("sk-hidden"), headers={"x-key": "also-hidden"})
    assert "hidden" not in f"{target!r} {target} {target.api_key!r}"


@pytest.mark.parametrize(
    "base_url",
    [
        "ftp://h/v1",
        "h/v1",
        "http:///v1",
        "http://user:pw@h/v1",
        "http://h/v1#x",
        "http://h/v1\r\nx: y",
        "http://h /v1",
        "http://h:99999/v1",
        "http://[::1/v1",
    ],
)
def test_target_refuses_a_bad_url(base_url: str) -> None:
    """Only plain http(s) URLs without credentials in them are upstreams."""
    with pytest.raises(InvalidConfiguration):
        Target(base_url)


@pytest.mark.parametrize(
    ("name", "value"),
    [("x y", "1"), ("x", "1\r\ny: 2"), ("Content-Length", "3"), ("host", "other"), ("", "1")],
)
def test_target_refuses_bad_headers(name: str, value: str) -> None:
    """Extra headers can neither inject others nor change the framing."""
    with pytest.raises(InvalidConfiguration):
        Target("http://h/v1", headers={name: value})


def test_target_builds_its_url_and_headers() -> None:
    """A trailing slash is no matter, a query stays, and the key is where the provider wants it."""
    assert Target("https://h/v1/").chat_url == "https://h/v1/chat/completions"
    old_azure = Target(
        "https://h/openai/deployments/d?api-version=2024-12-01", Secret("k"), key_style=KeyStyle.API_KEY
    )
    assert old_azure.chat_url == "https://h/openai/deployments/d/chat/completions?api-version=2024-12-01"
    assert old_azure.request_headers() == {"api-key": "k"}
    openai = Target("https://h/v1", Secret("k"), headers={"OpenAI-Project": "p"})
    assert openai.request_headers() == {"openai-project": "p", "authorization": "Bearer k"}


@pytest.mark.parametrize("values", [{"model": "a\r\nb"}, {"model": ""}, {"request_id": "a\nb"}])
def test_request_refuses_control_characters(ask: Callable[..., ChatRequest], values: dict[str, str]) -> None:
    """Neither the model's name nor the request id can carry a line end."""
    with pytest.raises(InvalidConfiguration):
        ask(**values)


def test_upstream_error_prints_no_provider_text() -> None:
    """An exception in a log shows code and status; the provider's text may quote the prompt."""
    error = UpstreamError(UpstreamCode.REJECTED, status=400, message="the prompt", detail={"innererror": {}})
    assert str(error) == "upstream.rejected (400)"
    assert "prompt" not in repr(error)
    assert error.as_openai() == {
        "message": "the prompt",
        "type": "invalid_request_error",
        "param": None,
        "code": "upstream.rejected",
        "innererror": {},
    }


@pytest.fixture(params=["echo", "openai"])
async def adapter(
    request: pytest.FixtureRequest,
    upstream: "Callable[..., Any]",
    chat_with: Callable[..., Adapter],
) -> AsyncIterator[Adapter]:
    """Echo itself, and the OpenAI adapter in front of an upstream that answers as echo does."""
    echo = Echo(lambda: 1_700_000_000)
    if request.param == "echo":
        yield echo
        return

    async def script(_reader: object, writer: Any) -> None:
        sent = orjson.loads(server.requests[-1][2])
        asked = ChatRequest(
            sent, sent["model"], stream=bool(sent.get("stream")), include_usage=True, request_id="req-1"
        )
        answer = await echo.chat(asked)
        if isinstance(answer, Completed):
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            writer.write(head % len(answer.body) + answer.body)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            async for event in answer:
                writer.write(event)
                await writer.drain()
            raise ConnectionResetError

    server: Upstream = await upstream(script)
    yield chat_with(server.base_url)


async def _chunks(answer: Completed | Streaming) -> list[dict[str, Any]]:
    assert not isinstance(answer, Completed)
    text = b"".join([item async for item in answer])
    assert text.endswith(b"data: [DONE]\n\n")
    events = text.removesuffix(b"\n\n").split(b"\n\n")
    return [orjson.loads(event.removeprefix(b"data: ")) for event in events[:-1]]


async def test_whole_answer(adapter: Adapter, ask: Callable[..., ChatRequest]) -> None:
    """A whole answer is OpenAI's to its types, with its facts beside it."""
    answer = await adapter.chat(ask())
    assert isinstance(answer, Completed)
    body = ChatCompletion.model_validate_json(answer.body)
    assert body.choices[0].message.content == "echo: hello there"
    assert (200, Usage(2, 3, 5), "upstream-name", body.id, "stop") == (
        answer.status,
        answer.usage,
        answer.model,
        answer.response_id,
        answer.finish_reason,
    )


@pytest.mark.parametrize("include_usage", [True, False])
async def test_streamed_answer(
    adapter: Adapter,
    ask: Callable[..., ChatRequest],
    include_usage: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A streamed answer is OpenAI's to its types; the usage is known always, and shown if asked for."""
    answer = await adapter.chat(ask(stream=True, include_usage=include_usage))
    chunks = await _chunks(answer)
    assert not isinstance(answer, Completed)
    parsed = [ChatCompletionChunk.model_validate(chunk) for chunk in chunks]
    assert "".join(c.choices[0].delta.content or "" for c in parsed if c.choices) == "echo: hello there"
    with_usage = [chunk for chunk in chunks if chunk.get("usage")]
    assert (chunks[-1:] if include_usage else []) == with_usage
    assert all(("usage" in chunk) == include_usage for chunk in chunks)
    assert (Usage(2, 3, 5), "upstream-name", parsed[0].id, "stop") == (
        answer.usage,
        answer.model,
        answer.response_id,
        answer.finish_reason,
    )


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
async def test_limit_is_obeyed(adapter: Adapter, ask: Callable[..., ChatRequest], limit: str) -> None:
    """Both names of the limit reach the model, and its `length` comes back."""
    body = {"messages": [{"role": "user", "content": "one two three"}], limit: 2}
    answer = await adapter.chat(ask(body))
    assert isinstance(answer, Completed)
    assert (
        answer.finish_reason,
        orjson.loads(answer.body)["choices"][0]["message"]["content"],
    ) == ("length", "echo: one ")


async def test_stream_can_be_closed_early_and_twice(
    adapter: Adapter, ask: Callable[..., ChatRequest]
) -> None:
    """A client that leaves ends the stream; nothing comes after."""
    answer = await adapter.chat(ask(stream=True))
    assert not isinstance(answer, Completed)
    await anext(answer)
    await answer.aclose()
    await answer.aclose()
    assert [item async for item in answer] == []
    await adapter.close()
