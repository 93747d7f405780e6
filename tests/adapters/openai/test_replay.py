"""Recorded answers of OpenAI-shaped providers, served again and cut at hostile places.

The recordings are not part of the repository; without them these tests are skipped.
"""

import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from adapters.contract import ChatRequest, Completed, Streaming, UpstreamCode, UpstreamError
from adapters.openai import OpenAIChat
from adapters.openai.chunks import Chunks
from adapters.openai.stream import OpenAIStream

if TYPE_CHECKING:
    from tests.adapters.conftest import Answer, Upstream

_DATA = Path(__file__).parents[4] / "shared" / "data" / "provider-traffic"
_SPEAKERS = [
    "azure_openai",
    "bedrock_mantle",
    "cerebras",
    "crusoe",
    "deepseek",
    "groq",
    "heroku",
    "huggingface",
    "mistral",
    "ollama",
    "openai",
    "openai_compatible",
    "openrouter",
    "snowflake",
    "tgi",
    "together",
    "vllm",
    "zai",
]
_CUTS = (1, 2, 3, 7, 61, 1_000_000)

pytestmark = pytest.mark.skipif(not _DATA.is_dir(), reason=f"the recorded traffic is not at {_DATA}")

Row = dict[str, Any]
Rows = list[Row]


def _load() -> Iterator[Row]:
    for name in _SPEAKERS:
        for folder in (_DATA, _DATA / "response_only"):
            path = folder / f"{name}.jsonl.gz"
            if path.exists():
                with gzip.open(path, "rt", encoding="utf-8") as lines:
                    rows = map(json.loads, lines)
                    yield from (row for row in rows if row["surface"] == "chat/completions")


@pytest.fixture(scope="module")
def rows() -> Rows:
    """All recorded chat completions of upstreams that speak OpenAI's language."""
    return list(_load())


def _kind(row: Row) -> str:
    if row["response"]["status"] != 200:
        return "error"
    return "stream" if "stream" in row["flags"] else "whole"


def _text(row: Row) -> bytes:
    """A row's body; rows that kept only the payloads get plain framing."""
    response = row["response"]
    if "chunks" not in response:
        return response["body_text"].encode()  # type: ignore[no-any-return]  # JSON
    return b"".join(f"data: {chunk}\n\n".encode() for chunk in [*response["chunks"], "[DONE]"])


def _payloads(text: bytes) -> list[Any]:
    """Read an event stream line by line, in the plainest way there is."""
    lines = text.decode().replace("\r\n", "\n").split("\n")
    data = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    return [json.loads(payload) for payload in data if payload != "[DONE]"]


def _recorded_usage(chunks: list[Any]) -> Any:
    own = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    groq = [chunk["x_groq"]["usage"] for chunk in chunks if (chunk.get("x_groq") or {}).get("usage")]
    return (own or groq or [None])[-1]


def _without_usage(chunk: Any, *, keep_groq: bool) -> Any:
    kept = {name: value for name, value in chunk.items() if name != "usage"}
    if not keep_groq and isinstance(kept.get("x_groq"), dict):
        kept["x_groq"] = {name: value for name, value in kept["x_groq"].items() if name != "usage"}
    return kept


def _take_numbers(chunks: list[Any]) -> list[int]:
    """Take the tool calls' numbers out of chunks, in place: they may rightly differ."""
    numbers: list[int] = []
    for chunk in chunks:
        for choice in chunk["choices"]:
            calls = (choice.get("delta") or {}).get("tool_calls")
            numbers += [call.pop("index", -1) for call in (calls if isinstance(calls, list) else [])]
    return numbers


class Pieces:
    """A response that gives a body out in pieces of one size."""

    status = 200

    def __init__(self, body: bytes, size: int) -> None:
        self._pieces = iter([body[at : at + size] for at in range(0, len(body), size)])

    def header(self, name: str) -> str | None:
        return None

    async def read(self, limit_bytes: int, within_s: float) -> bytes:
        raise AssertionError

    async def read_some(self) -> bytes:
        return next(self._pieces, b"")

    async def finish(self) -> None:
        return

    def close(self) -> None:
        return


def _cuts(row: Row) -> list[tuple[int, bool]]:
    sizes = [size for size in _CUTS if size > 3 or len(_text(row)) < 8_000]
    return [(size, asked) for size in sizes for asked in (True, False)]


async def _collect(stream: Streaming | AsyncIterator[bytes]) -> tuple[bytes, UpstreamError | None]:
    text = b""
    try:
        async for item in stream:
            text += item
    except UpstreamError as error:
        return text, error
    return text, None


def _check_stream(row: Row, text: bytes, stream: Streaming, *, asked: bool) -> None:
    recorded = _payloads(_text(row))
    usage = _recorded_usage(recorded)
    assert text.endswith(b"data: [DONE]\n\n"), row["name"]
    got = _payloads(text)
    if asked and usage:
        last = got.pop()
        assert ([], usage) == (last["choices"], last["usage"]), row["name"]
    _take_numbers(recorded)
    numbers = list(dict.fromkeys(_take_numbers(got)))
    assert list(range(len(numbers))) == numbers, row["name"]
    expected = [
        _without_usage(chunk, keep_groq=asked)
        for chunk in recorded
        if chunk["choices"] or not chunk.get("usage")
    ]
    assert expected == [_without_usage(chunk, keep_groq=asked) for chunk in got], row["name"]
    assert not any(chunk.get("usage") for chunk in got), row["name"]
    assert asked or not any("usage" in chunk for chunk in got), row["name"]
    told = stream.usage
    assert (usage is None) == (told is None), row["name"]
    if told is not None:
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (
            told.prompt_tokens,
            told.completion_tokens,
        )
    reasons = [c["finish_reason"] for chunk in recorded for c in chunk["choices"] if c.get("finish_reason")]
    assert (reasons[-1] if reasons else None) == stream.finish_reason, row["name"]
    assert recorded[-1]["model"] == stream.model, row["name"]


@pytest.mark.slow
async def test_streams_survive_any_cut(rows: Rows) -> None:
    """Every recorded stream, in pieces of 1 byte and more: same chunks, usage apart, facts right."""
    good = [row for row in rows if _kind(row) == "stream" and not _fails_inside(row)]
    assert len(good) > 50
    for row in good:
        for size, asked in _cuts(row):
            stream = OpenAIStream(
                Pieces(_text(row), size), Chunks(include_usage=asked, choices=1, secret=None), 1 << 24
            )
            text, error = await _collect(stream)
            assert error is None, row["name"]
            _check_stream(row, text, stream, asked=asked)


def _fails_inside(row: Row) -> bool:
    return any(chunk.get("error") for chunk in _payloads(_text(row)))


async def test_streams_that_fail_inside(rows: Rows) -> None:
    """Groq's and OpenRouter's recorded in-stream errors are errors, told in the provider's words."""
    bad = [row for row in rows if _kind(row) == "stream" and _fails_inside(row)]
    assert len(bad) >= 2
    for row in bad:
        for size, asked in _cuts(row):
            chunks = Chunks(include_usage=asked, choices=1, secret=None)
            text, error = await _collect(OpenAIStream(Pieces(_text(row), size), chunks, 1 << 24))
            recorded = _payloads(_text(row))
            failed = next(at for at, chunk in enumerate(recorded) if chunk.get("error"))
            assert error is not None
            assert (UpstreamCode.STREAM_ERROR, recorded[failed]["error"]["message"]) == (
                error.code,
                error.message,
            )
            assert failed == len(_payloads(text))


async def test_every_truncation_of_a_stream_is_broken_or_complete(rows: Rows) -> None:
    """A recorded stream cut anywhere before its finish reason never ends with `[DONE]`."""
    row = min(
        (row for row in rows if _kind(row) == "stream" and row["provider"] == "openai"),
        key=lambda r: len(_text(r)),
    )
    body = _text(row)
    for end in range(0, len(body), 5):
        cut = OpenAIStream(
            Pieces(body[:end], 97), Chunks(include_usage=True, choices=1, secret=None), 1 << 24
        )
        text, error = await _collect(cut)
        assert (error is None) == text.endswith(b"data: [DONE]\n\n")
        assert (error is None) == (cut.finish_reason is not None or b"[DONE]" in body[:end])


async def test_rows_over_a_socket(
    rows: Rows,
    upstream: Callable[..., Awaitable["Upstream"]],
    chat_with: Callable[..., OpenAIChat],
    ask: Callable[..., ChatRequest],
    whole: Callable[..., "Answer"],
    events: Callable[..., "Answer"],
) -> None:
    """Every row over HTTP: request passed on, whole bodies byte for byte, streams whole, errors coded."""
    scripts, seen = [], {"whole": 0, "stream": 0, "error": 0}
    for row in rows:
        body = _text(row)
        if _kind(row) == "stream":
            scripts.append(events(*[body[at : at + 997] for at in range(0, len(body), 997)]))
        else:
            kept = {
                n: v
                for n, v in row["response"].get("headers", {}).items()
                if n in {"content-type", "retry-after"}
            }
            scripts.append(whole(body, status=row["response"]["status"], headers=kept))
    server = await upstream(*scripts, whole(b"{}"))
    adapter = chat_with(server.base_url)
    for row in rows:
        kind = _kind(row)
        seen[kind] += 1
        sent = (row["request"] or {}).get("body") or {"messages": []}
        request = ask(sent, stream=kind == "stream", include_usage=True)
        if kind == "error":
            await _check_refused(adapter, request, row)
            continue
        answer = await adapter.chat(request)
        _check_request(sent, server.requests[-1][2], stream=kind == "stream")
        if not isinstance(answer, Completed):
            text, error = await _collect(answer)
            assert (error is not None) == _fails_inside(row), row["name"]
            if error is None:
                _check_stream(row, text, answer, asked=True)
            continue
        assert _text(row) == answer.body, row["name"]
        _check_whole(row, answer)
    assert seen["whole"] > 200
    assert seen["stream"] > 50
    assert seen["error"] >= 12
    # Only an answer that was given up costs its connection: the errors inside streams.
    assert server.connections <= 3


def _check_request(given: Any, sent: bytes, *, stream: bool) -> None:
    ours = {"model": "upstream-name"}
    if stream:
        options = {**(given.get("stream_options") or {}), "include_usage": True}
        ours |= {"stream": True, "stream_options": options}  # type: ignore[dict-item]  # JSON of several types
    elif "stream" in given:
        ours["stream"] = False  # type: ignore[assignment]  # JSON of several types
    assert {**given, **ours} == orjson.loads(sent)


def _check_whole(row: Row, answer: Completed) -> None:
    recorded = json.loads(_text(row))
    told = answer.usage
    assert told is not None, row["name"]
    usage = recorded["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (
        told.prompt_tokens,
        told.completion_tokens,
    )
    assert (
        recorded["model"] or None,
        recorded["id"] or None,
        recorded["choices"][0]["finish_reason"] or None,
    ) == (
        answer.model,
        answer.response_id,
        answer.finish_reason,
    ), row["name"]


async def _check_refused(adapter: OpenAIChat, request: ChatRequest, row: Row) -> None:
    with pytest.raises(UpstreamError) as caught:
        await adapter.chat(request)
    status, error = row["response"]["status"], caught.value
    limited = status == 429
    assert (UpstreamCode.RATE_LIMITED if limited else UpstreamCode.REJECTED, status) == (
        error.code,
        error.status,
    )
    if not limited and _text(row).lstrip().startswith(b"{"):
        recorded = json.loads(_text(row))["error"]
        assert (recorded["message"], recorded["type"], recorded.get("code"), recorded.get("param")) == (
            error.message,
            error.provider_type,
            error.provider_code,
            error.param,
        )
