"""What is said during a measurement: the request, the whole answer, the stream; whether one arrived whole.

The mock upstream answers with it, the load generator asks with it and checks against it.
"""

from __future__ import annotations

import orjson

MODEL = "gpt-4o-mini"
PATH = "/v1/chat/completions"
CHUNKS = 50
CHUNK_EVERY_S = 0.002

_TEXT = "The log is append-only, so what it says today it will say tomorrow, and anybody can check. "
_USAGE = {"prompt_tokens": 31, "completion_tokens": CHUNKS, "total_tokens": 31 + CHUNKS}
_DONE = b"data: [DONE]\n\n"


def request(*, streamed: bool) -> bytes:
    """The body of a request, about 250 bytes; a stream asks for its usage."""
    body: dict[str, object] = {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": "You answer questions about audit logs in one short paragraph."},
            {"role": "user", "content": "Why does it matter that a log can only be appended to?"},
        ],
        "temperature": 0.2,
        "max_tokens": 256,
    }
    if streamed:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return orjson.dumps(body)


def completion() -> bytes:
    """The whole answer, about 1 KB, in the shape of OpenAI's `CreateChatCompletionResponse`."""
    message = {"role": "assistant", "content": _TEXT * 8, "refusal": None}
    return orjson.dumps(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": _USAGE,
        }
    )


def events(*, include_usage: bool) -> list[bytes]:
    """A stream as `CHUNKS` pieces of server-sent events; the last brings the usage and the end with it."""
    pieces = [_event([_choice(number)]) for number in range(CHUNKS)]
    if include_usage:
        pieces[-1] += _event([], _USAGE)
    pieces[-1] += _DONE
    return pieces


def is_whole_stream(body: bytes) -> bool:
    """Whether `body` is the stream with nothing lost or added: every word, the usage and the end."""
    if not body.endswith(_DONE):
        return False
    try:
        chunks = [orjson.loads(event[6:]) for event in body.removesuffix(_DONE).split(b"\n\n") if event]
        choices = [choice for chunk in chunks for choice in chunk["choices"]]
        words = [choice["delta"]["content"] for choice in choices]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False
    return words == [_word(number) for number in range(CHUNKS)] and chunks[-1].get("usage") == _USAGE


def _event(choices: list[dict[str, object]], usage: dict[str, int] | None = None) -> bytes:
    chunk: dict[str, object] = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": MODEL,
        "choices": choices,
    }
    if usage is not None:
        chunk["usage"] = usage
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def _choice(number: int) -> dict[str, object]:
    delta = {"content": _word(number)} if number else {"role": "assistant", "content": _word(number)}
    reason = "stop" if number == CHUNKS - 1 else None
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def _word(number: int) -> str:
    words = _TEXT.split()
    return words[number % len(words)] + " "
