"""One streamed chat completion, from an upstream's bytes to whole events for the client.

Decides where a stream truly ends: a stream that breaks off is an error and never looks finished.
"""

import orjson

from adapters import failures, sse
from adapters.contract import UpstreamError, Usage
from adapters.openai.chunks import Chunks
from adapters.transport import Response, TransportError

_DONE = b"data: [DONE]\n\n"


class OpenAIStream:
    """`adapters.contract.Streaming`: one read from the upstream is at most one item.

    Args:
        response: The upstream's answer, status 200, nothing read yet.
        chunks: Reads the chunks.
        event_limit_bytes: The longest single event that is taken.
    """

    def __init__(self, response: Response, chunks: Chunks, event_limit_bytes: int) -> None:
        self._response = response
        self._chunks = chunks
        self._splitter = sse.Splitter(event_limit_bytes)
        self._ended = False
        self._failure: UpstreamError | None = None

    @property
    def usage(self) -> Usage | None:
        """See `Streaming.usage`."""
        return self._chunks.usage

    @property
    def model(self) -> str | None:
        """See `Streaming.model`."""
        return self._chunks.model

    @property
    def response_id(self) -> str | None:
        """See `Streaming.response_id`."""
        return self._chunks.response_id

    @property
    def finish_reason(self) -> str | None:
        """See `Streaming.finish_reason`."""
        return self._chunks.finish_reason

    def __aiter__(self) -> "OpenAIStream":
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            try:
                data = await self._response.read_some()
            except TransportError as error:
                item = self._end(error)
            else:
                item = self._take(data) if data else self._end(None)
            if item:
                return item
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        await self._response.finish()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """See `Streaming.aclose`."""
        self._ended = True
        self._response.close()

    def _take(self, data: bytes) -> bytes:
        """Read what arrived; what stood before an error in the same read still goes to the client."""
        events: list[bytes] = []
        try:
            for block in self._splitter.feed(data):
                event = sse.parse(block)
                if event is not None and (passed := self._pass_on(event)):
                    events.append(passed)
                if self._ended:
                    break
        except UpstreamError as error:
            self._fail(error)
        except TransportError as error:
            self._fail(failures.from_broken_stream(error))
        return b"".join(events)

    def _pass_on(self, event: sse.Event) -> bytes:
        if event.data[:1] == b"[" and event.data.strip() == b"[DONE]":
            return self._finish()
        if event.name == b"error":
            raise failures.from_event(event.data, self._chunks.secret)
        chunk = self._chunks.take(event.data)
        if chunk is None:
            return b""
        if b"\n" in chunk:  # only between JSON's tokens, where a space means the same
            chunk = chunk.replace(b"\n", b" ")
        return b"data: " + chunk + b"\n\n"

    def _end(self, error: TransportError | None) -> bytes:
        """The upstream said nothing more; complete only if each choice had its finish reason."""
        last = self._last_event() if error is None else b""
        if self._ended:
            return last
        if self._chunks.finished:
            return last + self._finish()
        self._fail(failures.from_broken_stream(error))
        return last

    def _last_event(self) -> bytes:
        """An event that lacks only its empty line; half a chunk is no event."""
        event = sse.parse(self._splitter.rest())
        if event is None or not (event.data.strip() == b"[DONE]" or _is_json(event.data)):
            return b""
        try:
            return self._pass_on(event)
        except UpstreamError as error:
            self._fail(error)
            return b""

    def _finish(self) -> bytes:
        self._ended = True
        usage = self._chunks.usage_chunk()
        return _DONE if usage is None else b"data: " + usage + b"\n\n" + _DONE

    def _fail(self, error: UpstreamError) -> None:
        self._ended = True
        self._failure = error
        self._response.close()


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True
