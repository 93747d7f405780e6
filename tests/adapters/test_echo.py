"""The echo model: deterministic, bounded by what it is asked, plain in what it refuses."""

import time
from collections.abc import Callable

import orjson
import pytest

from adapters.contract import ChatRequest, Completed, UpstreamCode, UpstreamError
from adapters.echo import Echo


def _echo() -> Echo:
    return Echo(lambda: 1_700_000_000)


async def test_same_request_same_bytes(ask: Callable[..., ChatRequest]) -> None:
    """Two asks with one request id are byte for byte alike; another id is another answer."""
    first, again = await _echo().chat(ask()), await _echo().chat(ask())
    other = await _echo().chat(ask(request_id="req-2"))
    assert isinstance(first, Completed)
    assert first == again
    assert first != other


async def test_last_user_message_in_parts(ask: Callable[..., ChatRequest]) -> None:
    """Text parts of the last user message are echoed; images and later assistant turns are not."""
    messages = [
        {"role": "user", "content": "first"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "se"},
                {"type": "image_url"},
                {"type": "text", "text": "cond"},
            ],
        },
        {"role": "assistant", "content": "third"},
    ]
    answer = await _echo().chat(ask({"messages": messages}))
    assert isinstance(answer, Completed)
    assert orjson.loads(answer.body)["choices"][0]["message"]["content"] == "echo: second"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": [{}], "n": 2}, "n"),
        ({"messages": [{}], "n": [1]}, "n"),
        ({"messages": [{}], "max_tokens": 0}, "max_tokens"),
        ({"messages": [{}], "max_completion_tokens": "9"}, "max_completion_tokens"),
    ],
)
async def test_refusals(ask: Callable[..., ChatRequest], body: dict[str, object], param: str) -> None:
    """What it cannot do is rejected as a provider would, naming the parameter."""
    with pytest.raises(UpstreamError) as caught:
        await _echo().chat(ask(body))
    assert (UpstreamCode.REJECTED, 400, param) == (caught.value.code, caught.value.status, caught.value.param)


async def test_delay_is_per_chunk(ask: Callable[..., ChatRequest]) -> None:
    """`delay_ms` paces a stream."""
    answer = await Echo(lambda: 0, delay_ms=10).chat(ask(stream=True))
    assert not isinstance(answer, Completed)
    start = time.monotonic()
    count = len([item async for item in answer])
    assert count == 6
    assert time.monotonic() - start >= 0.05
