"""Asks an OpenAI-shaped upstream for a chat completion and answers with its own bytes.

Changes three fields of the request (`model`, `stream`, `stream_options`) and none of a whole answer.
"""

from http import HTTPStatus
from typing import Any

import orjson

from adapters import failures
from adapters.contract import ChatRequest, Completed, Streaming, Target, UpstreamError
from adapters.openai.chunks import Chunks
from adapters.openai.facts import read_usage, read_word
from adapters.openai.stream import OpenAIStream
from adapters.transport import Response, Transport, TransportError

_MIB = 1024 * 1024


class OpenAIChat:
    """`adapters.contract.Adapter` for one OpenAI-shaped target.

    Args:
        target: Where and how.
        transport: The process's connections; stays the caller's to close.
        body_limit_bytes: The largest whole answer that is taken.
        event_limit_bytes: The largest single event of a stream that is taken.
    """

    def __init__(
        self,
        target: Target,
        transport: Transport,
        *,
        body_limit_bytes: int = 64 * _MIB,
        event_limit_bytes: int = 16 * _MIB,
    ) -> None:
        self._secret = target.api_key
        self._supports_stream_options = target.supports_stream_options
        self._endpoint = transport.endpoint(target.chat_url, target.request_headers())
        self._body_limit_bytes = body_limit_bytes
        self._event_limit_bytes = event_limit_bytes

    async def chat(self, request: ChatRequest) -> Completed | Streaming:
        """See `Adapter.chat`."""
        body = request_body(request, supports_stream_options=self._supports_stream_options)
        try:
            response = await self._endpoint.post(
                body,
                {"x-request-id": request.request_id},
                connect_timeout_s=request.connect_timeout_s,
                first_byte_timeout_s=request.first_byte_timeout_s,
                idle_timeout_s=request.idle_timeout_s,
            )
        except TransportError as error:
            raise failures.from_transport(error) from error
        if request.stream and response.status == HTTPStatus.OK and _is_stream(response):
            return self._streaming(response, request)
        try:
            return await self._whole(response, request)
        finally:
            response.close()

    async def close(self) -> None:
        """See `Adapter.close`."""

    def _streaming(self, response: Response, request: ChatRequest) -> OpenAIStream:
        n = request.body.get("n")
        chunks = Chunks(
            include_usage=request.include_usage,
            choices=n if isinstance(n, int) and n > 1 else 1,
            secret=self._secret,
        )
        return OpenAIStream(response, chunks, self._event_limit_bytes)

    async def _whole(self, response: Response, request: ChatRequest) -> Completed:
        if response.status != HTTPStatus.OK:
            raise await self._refusal(response, request.answer_timeout_s)
        if not _is_plain(response):
            raise failures.malformed()
        try:
            body = await response.read(self._body_limit_bytes, request.answer_timeout_s)
        except TransportError as error:
            raise failures.from_transport(error) from error
        answer = self._parse(body)
        if request.stream:
            raise failures.malformed()  # a whole answer where a stream was asked for
        first = answer["choices"][0] if answer["choices"] else {}
        return Completed(
            body=body,
            usage=read_usage(answer.get("usage")),
            model=read_word(answer.get("model")),
            response_id=read_word(answer.get("id")),
            finish_reason=read_word(first.get("finish_reason")),
        )

    def _parse(self, body: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise failures.malformed() from error
        if not isinstance(answer, dict):
            raise failures.malformed()
        if answer.get("error") or answer.get("object") == "error":
            raise failures.from_object(answer, self._secret)
        choices = answer.get("choices")
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise failures.malformed()
        for choice in choices:
            if choice.get("finish_reason") == "error":
                raise failures.from_object(choice, self._secret)
        return answer

    async def _refusal(self, response: Response, within_s: float) -> UpstreamError:
        """Read an error's body as far as it is of use; the status alone says enough."""
        body = b""
        if _is_plain(response):
            try:
                body = await response.read(failures.ERROR_BODY_LIMIT_BYTES, within_s)
            except TransportError:
                body = b""
        return failures.from_answer(response.status, response.header("retry-after"), body, self._secret)


def request_body(request: ChatRequest, *, supports_stream_options: bool) -> bytes:
    """The JSON that goes upstream: the client's, with our model, and the usage always asked for."""
    body: dict[str, object] = {**request.body, "model": request.model}
    if request.stream or "stream" in body:
        body["stream"] = request.stream
    if request.stream and supports_stream_options:
        asked = body.get("stream_options")
        body["stream_options"] = {**(asked if isinstance(asked, dict) else {}), "include_usage": True}
    elif request.stream:
        body.pop("stream_options", None)
    return orjson.dumps(body)


def _is_plain(response: Response) -> bool:
    """Whether the body is not compressed: we never ask for it, and do not unpack what we did not ask for."""
    return (response.header("content-encoding") or "identity").lower() == "identity"


def _is_stream(response: Response) -> bool:
    """Whether it may be events; what says that it is something else is read as that."""
    content_type = (response.header("content-type") or "").lower()
    return _is_plain(response) and not content_type.startswith(("application/json", "text/html"))
