"""The OpenAI adapter's requests and whole answers, against a real socket."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from adapters.contract import ChatRequest, Completed, KeyStyle, Secret, UpstreamCode, UpstreamError, Usage
from adapters.openai import OpenAIChat
from adapters.openai.chat import request_body

if TYPE_CHECKING:
    from tests.adapters.conftest import Answer, Upstream

Start = Callable[..., Awaitable["Upstream"]]
Make = Callable[..., "Answer"]
With = Callable[..., OpenAIChat]
Ask = Callable[..., ChatRequest]

_BODY = (
    b'{"id": "c1",  "model":"m-2026", "choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"\\u00e9"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"new":1.0}\n'
)


@pytest.mark.parametrize(
    ("body", "options", "expected"),
    [
        ({"model": "a", "x": [1]}, {}, {"model": "u", "x": [1]}),
        ({"stream": False}, {}, {"model": "u", "stream": False}),
        ({"stream": True}, {}, {"model": "u", "stream": False}),
        ({}, {"stream": True}, {"model": "u", "stream": True, "stream_options": {"include_usage": True}}),
        (
            {"stream": True, "stream_options": {"include_usage": False, "include_obfuscation": False}},
            {"stream": True},
            {
                "model": "u",
                "stream": True,
                "stream_options": {"include_usage": True, "include_obfuscation": False},
            },
        ),
        (
            {"stream_options": None},
            {"stream": True},
            {"model": "u", "stream": True, "stream_options": {"include_usage": True}},
        ),
    ],
)
def test_request_body(
    ask: Ask, body: dict[str, Any], options: dict[str, bool], expected: dict[str, Any]
) -> None:
    """Three fields are ours, all others the client's; nothing is added and nothing dropped."""
    request = ask(body, model="u", **options)
    assert expected == orjson.loads(request_body(request, supports_stream_options=True))


def test_request_body_without_stream_options(ask: Ask) -> None:
    """An upstream that rejects `stream_options` does not get them, not even the client's."""
    request = ask({"stream": True, "stream_options": {"include_usage": True}}, model="u", stream=True)
    sent = orjson.loads(request_body(request, supports_stream_options=False))
    assert sent == {"model": "u", "stream": True}


async def test_whole_answer_is_passed_on_untouched(
    upstream: Start, chat_with: With, ask: Ask, whole: Make
) -> None:
    """Bytes in, the same bytes out, with the facts beside them."""
    server = await upstream(whole(_BODY))
    answer = await chat_with(server.base_url).chat(ask())
    assert Completed(_BODY, Usage(1, 2, 3), "m-2026", "c1", "stop") == answer
    line, headers, _ = server.requests[0]
    assert line == "POST /v1/chat/completions HTTP/1.1"
    assert (headers["authorization"], headers["x-request-id"]) == ("Bearer sk-very-secret", "req-1")


async def test_key_styles(upstream: Start, chat_with: With, ask: Ask, whole: Make) -> None:
    """Azure's `api-key` header, and no header at all for an upstream without a key."""
    server = await upstream(whole(_BODY))
    await chat_with(server.base_url, api_key=Secret("k"), key_style=KeyStyle.API_KEY).chat(ask())
    await chat_with(server.base_url, api_key=None).chat(ask())
    first, second = (headers for _, headers, _ in server.requests)
    assert (first["api-key"], first.get("authorization")) == ("k", None)
    assert not {"api-key", "authorization"} & set(second)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"[]",
        b"null",
        b"{}",
        b'{"choices":null}',
        b'{"choices":[1]}',
        b'{"choices":[]',
        b"<html>",
        b"\xff{}",
    ],
)
async def test_no_answer_at_all(upstream: Start, chat_with: With, ask: Ask, whole: Make, body: bytes) -> None:
    """A 200 that is not an object with choices is malformed, never an empty answer."""
    server = await upstream(whole(body))
    with pytest.raises(UpstreamError) as caught:
        await chat_with(server.base_url).chat(ask())
    assert (caught.value.code, caught.value.status) == (UpstreamCode.MALFORMED, 502)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error":{"message":"m","code":502}}', UpstreamCode.UNAVAILABLE),
        (b'{"error":{"message":"m","code":429},"choices":[]}', UpstreamCode.RATE_LIMITED),
        (b'{"choices":[{"finish_reason":"error","message":{}}]}', UpstreamCode.UNAVAILABLE),
        (b'{"object":"error","message":"m","code":400}', UpstreamCode.REJECTED),
    ],
)
async def test_error_with_status_200(
    upstream: Start, chat_with: With, ask: Ask, whole: Make, body: bytes, code: str
) -> None:
    """An error is one whatever its status line says."""
    server = await upstream(whole(body))
    with pytest.raises(UpstreamError) as caught:
        await chat_with(server.base_url).chat(ask())
    assert code == caught.value.code


@pytest.mark.parametrize("stream", [True, False])
async def test_refusal(upstream: Start, chat_with: With, ask: Ask, whole: Make, stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A provider's refusal is the same for streams, and the connection is kept."""
    body = b'{"error":{"message":"slow down","type":"tokens","param":null,"code":"rate_limit_exceeded"}}'
    server = await upstream(whole(body, status=429, headers={"retry-after": "7"}))
    adapter = chat_with(server.base_url)
    with pytest.raises(UpstreamError):
        await adapter.chat(ask(stream=stream))
    with pytest.raises(UpstreamError) as caught:
        await adapter.chat(ask(stream=stream))
    error = caught.value
    assert (
        error.code,
        error.status,
        error.retry_after,
        error.provider_code,
        error.retryable,
    ) == (UpstreamCode.RATE_LIMITED, 429, "7", "rate_limit_exceeded", True)
    assert server.connections == 1


async def test_huge_error_body_is_not_read(upstream: Start, chat_with: With, ask: Ask, whole: Make) -> None:
    """The status of an error is enough: its body is read up to a bound."""
    server = await upstream(whole(b"x" * 1_000_000, status=500))
    with pytest.raises(UpstreamError) as caught:
        await chat_with(server.base_url).chat(ask())
    assert caught.value.code == UpstreamCode.UNAVAILABLE


async def test_redirect_and_compression_are_malformed(
    upstream: Start, chat_with: With, ask: Ask, whole: Make
) -> None:
    """What we never ask for we do not take: a redirect is not followed, gzip is not unpacked."""
    for script in (
        whole(b"", status=302, headers={"location": "http://169.254.169.254/"}),
        whole(b"\x1f\x8b", headers={"content-encoding": "gzip"}),
    ):
        server = await upstream(script)
        for stream in (True, False):
            with pytest.raises(UpstreamError) as caught:
                await chat_with(server.base_url).chat(ask(stream=stream))
            assert caught.value.code == UpstreamCode.MALFORMED


async def test_too_large_answer(upstream: Start, chat_with: With, ask: Ask, whole: Make) -> None:
    """A whole answer over the limit is refused."""
    server = await upstream(whole(_BODY))
    with pytest.raises(UpstreamError) as caught:
        await chat_with(server.base_url, body_limit_bytes=100).chat(ask())
    assert (caught.value.code, caught.value.status) == (UpstreamCode.TOO_LARGE, 502)


async def test_silent_upstream(upstream: Start, chat_with: With, ask: Ask) -> None:
    """No answer in time is 504, and worth another try."""

    async def script(_reader: object, _writer: object) -> None:
        await asyncio.sleep(30)

    server = await upstream(script)
    with pytest.raises(UpstreamError) as caught:
        await chat_with(server.base_url).chat(ask(first_byte_timeout_s=0.1))
    assert (
        caught.value.code,
        caught.value.status,
        caught.value.retryable,
    ) == (UpstreamCode.TIMEOUT, 504, True)


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("sent", "code", "retryable"),
    [
        (b"", UpstreamCode.BROKEN, True),
        (_HEAD, UpstreamCode.BROKEN, True),
        (_HEAD + b'content-length: 99\r\n\r\n{"id":', UpstreamCode.BROKEN, True),
        (_HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", UpstreamCode.BROKEN, True),
        (_HEAD + b"content-length: 2\r\n\r\n{}GARBAGE", UpstreamCode.MALFORMED, False),
        (b"220 smtp.example ESMTP\r\n", UpstreamCode.MALFORMED, False),
    ],
)
async def test_lost_answer_is_not_an_unreachable_provider(
    upstream: Start,
    chat_with: With,
    ask: Ask,
    sent: bytes,
    code: UpstreamCode,
    retryable: bool,  # noqa: FBT001 - a parameter of the test
    stream: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Once the request is out the provider may have charged for it: broken or garbled, never unreachable."""

    async def script(_reader: object, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        raise ConnectionResetError

    server = await upstream(script)
    with pytest.raises(UpstreamError) as caught:
        await chat_with(server.base_url).chat(ask(stream=stream))
    assert (code, 502, retryable) == (caught.value.code, caught.value.status, caught.value.retryable)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("stream", [True, False])
async def test_dripping_answer(upstream: Start, chat_with: With, ask: Ask, status: int, stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A whole answer has its time, a refusal's body too; then a refusal's status still says what it is."""

    async def drip(_reader: object, writer: asyncio.StreamWriter) -> None:
        head = "HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n\r\n"
        writer.write((head % status).encode())
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    server = await upstream(drip)
    with pytest.raises(UpstreamError) as caught:
        await chat_with(server.base_url).chat(ask(stream=stream, answer_timeout_s=0.2))
    expected = (UpstreamCode.TIMEOUT, 504) if status == 200 else (UpstreamCode.REJECTED, 400)
    assert expected == (caught.value.code, caught.value.status)
    await asyncio.wait_for(server.gone.wait(), 1)


@pytest.mark.parametrize("body", [_BODY, b'{"error":{"message":"m","code":503}}'])
async def test_whole_answer_to_a_streaming_request(
    upstream: Start, chat_with: With, ask: Ask, whole: Make, body: bytes
) -> None:
    """JSON where events were asked for is an error told, or no answer; never an empty stream."""
    server = await upstream(whole(body))
    with pytest.raises(UpstreamError) as caught:
        await chat_with(server.base_url).chat(ask(stream=True))
    expected = UpstreamCode.MALFORMED if body is _BODY else UpstreamCode.UNAVAILABLE
    assert expected == caught.value.code


async def test_cancelled_call_closes_its_connection(upstream: Start, chat_with: With, ask: Ask) -> None:
    """A client that leaves while a body is under way leaves nothing running at the provider."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        await reader.read()
        raise ConnectionResetError

    server = await upstream(half)
    task = asyncio.get_running_loop().create_task(chat_with(server.base_url).chat(ask()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.gone.wait(), 1)


async def test_unread_refusal_closes_its_connection(upstream: Start, chat_with: With, ask: Ask) -> None:
    """An answer that is refused unread is not left open."""

    async def packed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 100\r\n\r\n")
        await reader.read()
        raise ConnectionResetError

    server = await upstream(packed)
    with pytest.raises(UpstreamError):
        await chat_with(server.base_url).chat(ask(stream=True))
    await asyncio.wait_for(server.gone.wait(), 1)
