"""A model that says what it was told: deterministic, local, for demonstrations and tests; no network at all.

Answers in OpenAI's shape, whole and streamed. It counts words as tokens.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

import orjson

from adapters.contract import ChatRequest, Completed, Streaming, UpstreamCode, UpstreamError, Usage

_WORD = re.compile(r"\S+\s*")
_DONE = b"data: [DONE]\n\n"


class Echo:
    """`adapters.contract.Adapter` without a provider behind it.

    Args:
        clock: Seconds since 1970; becomes `created`.
        delay_ms: Pause before each streamed chunk.
    """

    def __init__(self, clock: Callable[[], int], *, delay_ms: int = 0) -> None:
        self._clock = clock
        self._delay_s = delay_ms / 1000

    async def chat(self, request: ChatRequest) -> Completed | Streaming:
        """Echo the last user message, cut at `max_tokens` words.

        Raises:
            UpstreamError: `upstream.rejected`, where OpenAI would reject too: no messages, a limit that
                is no positive integer; or `n` other than 1, which this model cannot do.
        """
        answer = _Answer(request, self._clock())
        if request.stream:
            return EchoStream(answer, answer.events(include_usage=request.include_usage), self._delay_s)
        return Completed(
            body=orjson.dumps(answer.completion()),
            usage=answer.usage,
            model=answer.model,
            response_id=answer.response_id,
            finish_reason=answer.finish_reason,
        )

    async def close(self) -> None:
        """See `Adapter.close`; there is nothing to give back."""


class EchoStream:
    """`adapters.contract.Streaming`: the role, one item for each word, the end."""

    def __init__(self, answer: "_Answer", events: Iterator[bytes], delay_s: float) -> None:
        self.usage: Usage | None = answer.usage
        self.model: str | None = answer.model
        self.response_id: str | None = answer.response_id
        self.finish_reason: str | None = answer.finish_reason
        self._events = events
        self._delay_s = delay_s

    def __aiter__(self) -> "EchoStream":
        return self

    async def __anext__(self) -> bytes:
        event = next(self._events, None)
        if event is None:
            raise StopAsyncIteration
        await asyncio.sleep(self._delay_s)
        return event

    async def aclose(self) -> None:
        """See `Streaming.aclose`."""
        self._events = iter(())


class _Answer:
    """What the model says to one request."""

    def __init__(self, request: ChatRequest, created: int) -> None:
        if request.body.get("n", 1) not in (None, 1):
            raise _rejected("n", "This model gives one choice.")
        messages = request.body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise _rejected("messages", "There must be at least one message.")
        words = _WORD.findall(f"echo: {_last_user_text(messages)}")
        limit = _limit(request.body)
        self.words = words if limit is None else words[:limit]
        self.finish_reason = "length" if len(self.words) < len(words) else "stop"
        self.model = request.model
        self.response_id = f"chatcmpl-{hashlib.sha256(request.request_id.encode()).hexdigest()[:24]}"
        self.created = created
        prompt_tokens = sum(len(_text(message).split()) for message in messages)
        self.usage = Usage(prompt_tokens, len(self.words), prompt_tokens + len(self.words))

    def completion(self) -> dict[str, object]:
        """The whole answer, `chat.completion`."""
        message = {"role": "assistant", "content": "".join(self.words), "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._reported()}

    def events(self, *, include_usage: bool) -> Iterator[bytes]:
        """The streamed answer, one SSE event at a time."""
        usage: dict[str, object] = {"usage": None} if include_usage else {}
        head = {**self._head("chat.completion.chunk"), **usage}
        yield _event({**head, "choices": [_delta({"role": "assistant", "content": "", "refusal": None})]})
        for word in self.words:
            yield _event({**head, "choices": [_delta({"content": word})]})
        yield _event({**head, "choices": [_delta({}, self.finish_reason)]})
        if include_usage:
            yield _event({**head, "choices": [], "usage": self._reported()})
        yield _DONE

    def _head(self, kind: str) -> dict[str, object]:
        return {
            "id": self.response_id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": None,
        }

    def _reported(self) -> dict[str, int]:
        return {
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
            "total_tokens": self.usage.total_tokens,
        }


def _delta(delta: Mapping[str, object], finish_reason: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _event(chunk: Mapping[str, object]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def _last_user_text(messages: list[object]) -> str:
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            return _text(message)
    return ""


def _text(message: object) -> str:
    """The text of one message, whether its content is a string or a list of parts."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))


def _limit(body: Mapping[str, object]) -> int | None:
    """The smaller of `max_tokens` and `max_completion_tokens`; None if neither is given."""
    limits: list[int] = []
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise _rejected(name, "The limit must be a positive integer.")
        limits.append(value)
    return min(limits, default=None)


def _rejected(param: str, message: str) -> UpstreamError:
    return UpstreamError(
        UpstreamCode.REJECTED,
        status=HTTPStatus.BAD_REQUEST,
        message=message,
        provider_type="invalid_request_error",
        provider_code="invalid_value",
        param=param,
    )
