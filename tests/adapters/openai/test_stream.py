"""Streams: what the client sees, where a stream ends, and that a broken one never looks finished."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from adapters.contract import ChatRequest, Completed, Streaming, UpstreamCode, UpstreamError, Usage
from adapters.openai import OpenAIChat

if TYPE_CHECKING:
    from tests.adapters.conftest import Answer, Upstream

Start = Callable[..., Awaitable["Upstream"]]
Make = Callable[..., "Answer"]
With = Callable[..., OpenAIChat]
Ask = Callable[..., ChatRequest]
Stream = Callable[..., Awaitable[Streaming]]

_DONE = b"data: [DONE]\n\n"
_ERROR = b'{"message":"m","type":"t","code":"c"}'
_USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def _chunk(content: str = "", finish: str | None = None, **extra: Any) -> dict[str, Any]:
    delta = {"content": content} if content else {}
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "m"}
    return {**head, "choices": [choice], **extra}


def _sse(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: %s\n\n" % orjson.dumps(chunk) for chunk in chunks)


def _read(text: bytes) -> list[dict[str, Any]]:
    assert text.endswith(_DONE)
    blocks = text.removesuffix(_DONE).split(b"\n\n")
    return [orjson.loads(block.removeprefix(b"data: ")) for block in blocks if block]


@pytest.fixture
def stream(upstream: Start, chat_with: With, ask: Ask) -> Stream:
    """A factory: asks an upstream with one script for a stream."""

    async def start(
        script: "Answer", *, include_usage: bool = False, body: Any = None, **others: Any
    ) -> Streaming:
        server = await upstream(script)
        answer = await chat_with(server.base_url, event_limit_bytes=10_000).chat(
            ask(body, stream=True, include_usage=include_usage, **others)
        )
        assert not isinstance(answer, Completed)
        return answer

    return start


async def _fails(answer: Streaming) -> tuple[bytes, UpstreamError]:
    text = b""
    with pytest.raises(UpstreamError) as caught:  # noqa: PT012 - what came before the failure matters
        async for item in answer:
            text += item
    assert [item async for item in answer] == []
    return text, caught.value


async def test_events_are_passed_on_as_they_come(stream: Stream, events: Make) -> None:
    """Each event goes out by itself, before the next has come, and with the bytes it had."""
    first, second = _sse(_chunk("Hé")), _sse(_chunk("", "stop"))
    answer = await stream(events(first, second, _DONE, pause_s=0.02))
    assert [first, second, _DONE] == [item async for item in answer]
    assert (answer.finish_reason, answer.model, answer.response_id, answer.usage) == ("stop", "m", "c1", None)


@pytest.mark.parametrize("asked", [True, False])
async def test_openai_usage(stream: Stream, events: Make, asked: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """OpenAI's usage chunk: passed on as it is if asked for, without trace if not; known in both cases."""
    sent = [_chunk("a", usage=None), _chunk("", "stop", usage=None), {**_chunk(usage=_USAGE), "choices": []}]
    answer = await stream(events(_sse(*sent) + _DONE), include_usage=asked)
    got = _read(b"".join([item async for item in answer]))
    assert (sent if asked else [_chunk("a"), _chunk("", "stop")]) == got
    assert Usage(3, 2, 5) == answer.usage


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("groq", [True, False])
async def test_usage_beside_the_finish_reason(stream: Stream, events: Make, asked: bool, groq: bool) -> None:  # noqa: FBT001 - parameters of the test
    """Mistral and Groq put it into the last chunk: it is moved into one usage chunk of its own."""
    extra = {"x_groq": {"id": "r", "usage": _USAGE}} if groq else {"usage": _USAGE}
    answer = await stream(events(_sse(_chunk("a"), _chunk("", "stop", **extra)) + _DONE), include_usage=asked)
    got = _read(b"".join([item async for item in answer]))
    assert Usage(3, 2, 5) == answer.usage
    assert [chunk["choices"][0]["finish_reason"] or "" for chunk in got[:2]] == ["", "stop"]
    last = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 7,
        "model": "m",
        "choices": [],
        "usage": _USAGE,
    }
    assert ([last] if asked else []) == got[2:]
    assert not any(chunk.get("usage") for chunk in got[:2])
    assert asked or b"usage" not in orjson.dumps(got)


async def test_usage_in_every_chunk(stream: Stream, events: Make) -> None:
    """`continuous_usage_stats`: the client still gets exactly one, the last."""
    early = {**_USAGE, "completion_tokens": 1, "total_tokens": 4}
    sent = _sse(
        _chunk("a", usage=early), _chunk("", "stop", usage=_USAGE), {**_chunk(usage=_USAGE), "choices": []}
    )
    answer = await stream(events(sent + _DONE), include_usage=True)
    got = _read(b"".join([item async for item in answer]))
    assert [chunk["usage"] for chunk in got] == [None, None, _USAGE]


async def test_generated_text_misleads_nobody(stream: Stream, events: Make) -> None:
    """A model that writes JSON about usage and errors writes text: it passes untouched."""
    texts = [
        '"usage":null,"error":{}',
        ',"usage":null',
        "usage",
        "error",
        'data: [DONE]\n\n{"finish_reason":"stop"}',
    ]
    sent = [_chunk("x"), *(_chunk(text) for text in texts), _chunk("", "stop")]
    answer = await stream(events(_sse(*sent) + _DONE))
    assert sent == _read(b"".join([item async for item in answer]))
    assert answer.usage is None


async def test_odd_framing(stream: Stream, events: Make) -> None:
    """CRLF, no space after the colon, comments, event names, raw line ends inside JSON: all made plain."""
    pieces = (
        b": OPENROUTER PROCESSING\r\n\r\n",
        b"data:" + orjson.dumps(_chunk("a")) + b"\r\n\r",
        b"\nevent: chunk\r\nid: 1\r\ndata: " + orjson.dumps(_chunk("b")) + b"\r\n\r\n",
        b'data: {"choices":\ndata: [{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
        b"data:[DONE]\n\n",
    )
    answer = await stream(events(*pieces))
    got = _read(b"".join([item async for item in answer]))
    assert [chunk["choices"][0]["delta"].get("content") for chunk in got] == ["a", "b", None]
    assert answer.finish_reason == "stop"


async def test_azure_first_chunk(stream: Stream, events: Make) -> None:
    """Azure's first chunk has no choices and an empty id: passed on; id and model come with the next."""
    azure = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [{}]}
    no_delta = {
        **_chunk(),
        "id": "",
        "choices": [{"index": 0, "finish_reason": None, "content_filter_results": {}}],
    }
    sent = [azure, _chunk("a"), no_delta, _chunk("", "stop")]
    answer = await stream(events(_sse(*sent) + _DONE))
    assert sent == _read(b"".join([item async for item in answer]))
    assert (answer.response_id, answer.model) == ("c1", "m")


async def test_tool_calls_are_renumbered(stream: Stream, events: Make) -> None:
    """Calls that an upstream numbers from 1 reach the client from 0; right ones stay as they are."""

    def call(index: int, **others: Any) -> dict[str, Any]:
        chunk = _chunk()
        chunk["choices"][0]["delta"] = {
            "tool_calls": [{"index": index, "function": {"arguments": "{}"}, **others}]
        }
        return chunk

    sent = [call(1, id="a"), call(1), call(2, id="b"), _chunk("", "tool_calls")]
    answer = await stream(events(_sse(*sent) + _DONE))
    got = _read(b"".join([item async for item in answer]))
    assert [chunk["choices"][0]["delta"]["tool_calls"][0]["index"] for chunk in got[:3]] == [0, 0, 1]


@pytest.mark.parametrize("ending", [b"", b"data: [DONE]", b"data: [DONE]\n", b": bye\n\n"])
async def test_finished_stream_without_done(stream: Stream, events: Make, ending: bytes) -> None:
    """Old TGI ends without `[DONE]`: with a finish reason it is complete, and gets one."""
    answer = await stream(
        events(_sse(_chunk("a"), _chunk("", "stop"), _chunk(usage=_USAGE)) + ending), include_usage=True
    )
    got = _read(b"".join([item async for item in answer]))
    assert got[-1]["usage"] == _USAGE


async def test_finished_stream_whose_connection_breaks(stream: Stream, events: Make) -> None:
    """After the last finish reason nothing of the answer is missing, however the connection ends."""
    answer = await stream(events(_sse(_chunk("a"), _chunk("", "stop")), end=False))
    assert len(_read(b"".join([item async for item in answer]))) == 2


@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize(
    "tail", [b"", b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}', b"data: [DO"]
)
async def test_broken_stream_is_an_error(stream: Stream, events: Make, end: bool, tail: bytes) -> None:  # noqa: FBT001 - a parameter of the test
    """No finish reason, no `[DONE]`: broken, whether the body ended cleanly or was cut."""
    sent = _sse(_chunk("a"))
    text, error = await _fails(await stream(events(sent + tail, end=end)))
    assert (sent, UpstreamCode.STREAM_BROKEN) == (text, error.code)


async def test_idle_stream_is_an_error(stream: Stream, events: Make) -> None:
    """An upstream that stops speaking is given up after the idle time."""
    answer = await stream(
        events(_sse(_chunk("a")), _sse(_chunk("b")), _sse(_chunk("c")), pause_s=0.5),
        first_byte_timeout_s=1.0,
        idle_timeout_s=0.1,
    )
    text, error = await _fails(answer)
    assert error.code == UpstreamCode.STREAM_BROKEN
    assert b'"c"' not in text


async def test_each_choice_must_finish(stream: Stream, events: Make) -> None:
    """With `n` = 2 one finish reason is half an answer."""
    one = _chunk("", "stop")
    body = {"messages": [{"role": "user", "content": "x"}], "n": 2}
    _, error = await _fails(await stream(events(_sse(one)), body=body))
    assert error.code == UpstreamCode.STREAM_BROKEN
    other = {**one, "choices": [{**one["choices"][0], "index": 1}]}
    answer = await stream(events(_sse(one, other)), body=body)
    assert len(_read(b"".join([item async for item in answer]))) == 2


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error":{"message":"m","type":"t","code":"c"}}\n\n',
        b'event: error\ndata: {"error":{"message":"m","type":"t","code":"c"}}\n\n',
        b'event: error\ndata: {"message":"m","type":"t","code":"c"}\n\n',
        b'data: {"object":"error","message":"m","type":"t","code":"c"}\n\n',
        b'data: {"error":%s,"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}\n\n' % _ERROR,
        b'data: {"choices":[{"index":0,"error":%s,"finish_reason":"error"}]}\n\n' % _ERROR,
    ],
)
@pytest.mark.parametrize("before", [b"", _sse(_chunk("a"))])
async def test_error_inside_a_stream(stream: Stream, events: Make, event: bytes, before: bytes) -> None:
    """OpenAI's, Groq's, vLLM's and OpenRouter's errors end the stream; what came before them goes out."""
    text, error = await _fails(await stream(events(before + event + _DONE)))
    assert before == text
    assert (
        error.code,
        error.message,
        error.provider_type,
        error.provider_code,
    ) == (UpstreamCode.STREAM_ERROR, "m", "t", "c")


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error":{"message":"KEY","type":"KEY","innererror":{"KEY":["KEY"]}}}\n\n',
        b'event: error\ndata: {"message":"KEY","code":"KEY"}\n\n',
        b'data: {"choices":[{"index":0,"error":{"message":"KEY"},"finish_reason":"error"}]}\n\n',
    ],
)
async def test_error_inside_a_stream_without_our_key(stream: Stream, events: Make, event: bytes) -> None:
    """A provider that quotes the key in a stream, in whatever spelling, is quoted without it."""
    spelt = event.replace(b"KEY", b"\\u0073k-very\\u002dsecret")
    _, error = await _fails(await stream(events(_sse(_chunk("a")) + spelt)))
    shown = orjson.dumps(error.as_openai())
    assert b"[redacted]" in shown
    assert b"secret" not in shown


@pytest.mark.parametrize("event", [b"data: hello\n\n", b"data: {nope}\n\n", b"data: [1]\n\n", b"data: 7\n\n"])
async def test_events_that_are_no_chunks(stream: Stream, events: Make, event: bytes) -> None:
    """An event that is no JSON object is no chunk, and its sender no provider."""
    _, error = await _fails(await stream(events(event + _DONE)))
    assert error.code == UpstreamCode.MALFORMED


async def test_endless_event(stream: Stream, events: Make) -> None:
    """A single event over the limit is refused before it fills the memory."""
    _, error = await _fails(await stream(events(b"data: {" + b" " * 20_000, pause_s=0.05)))
    assert error.code == UpstreamCode.TOO_LARGE


async def test_upstream_sees_the_client_leave(
    upstream: Start, chat_with: With, ask: Ask, events: Make
) -> None:
    """Cancelling the wait and closing the stream closes the upstream's connection at once."""
    server = await upstream(events(*[_sse(_chunk("a"))] * 1_000, pause_s=0.01))
    answer = await chat_with(server.base_url).chat(ask(stream=True))
    assert not isinstance(answer, Completed)
    await anext(answer)
    waiting = asyncio.get_running_loop().create_task(_drain(answer))
    await asyncio.sleep(0.03)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await answer.aclose()
    await asyncio.wait_for(server.gone.wait(), 1)


async def _drain(answer: Streaming) -> None:
    async for _ in answer:
        pass


async def test_whole_streams_share_a_connection(
    upstream: Start, chat_with: With, ask: Ask, events: Make
) -> None:
    """A stream that was read to its end leaves its connection for the next."""
    server = await upstream(events(_sse(_chunk("", "stop")), _DONE))
    adapter = chat_with(server.base_url)
    for _ in range(3):
        answer = await adapter.chat(ask(stream=True))
        assert not isinstance(answer, Completed)
        await _drain(answer)
        await answer.aclose()
    assert server.connections == 1
