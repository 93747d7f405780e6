"""uvicorn, tuned and hardened for this house: one write per answer, news of clients that left, bounded heads.

Figures and reasons: `docs/performance.md`, `docs/threat-model.md`.
"""

from __future__ import annotations

import gc
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway import answers
from gateway.errors import Refused

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

CONNECTION = "regent.connection"
"""ASGI extension: a dict whose `callback`, if set, is called once when the client's connection is lost,
and whose `whole` says that the request's last byte has arrived."""

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 256
UNREAD_GRACE_S = 5.0
"""How long a client may go on sending a body that was refused; then its connection is closed."""

_BODY = frozenset({b"content-length", b"transfer-encoding"})
_HEAD = b"HTTP/1.1 "
_INTERIM = b"HTTP/1.1 1"


class OneWrite:
    """A transport that holds an answer's head back until its first body bytes and sends both in one call.

    uvicorn writes them apart; the second system call is a sixth of the cost of a small answer.
    With TCP_NODELAY nothing waits for anything: the head leaves with the first byte that has meaning.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send `data`, or hold it if it is the head of a final answer; nothing once the client is gone."""
        if self._transport.is_closing():
            return
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_HEAD) and not data.startswith(_INTERIM):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send what is held: an answer without a body (to HEAD, say) consists of its head."""
        if self._head and not self._transport.is_closing():
            held, self._head = self._head, b""
            self._transport.write(held)

    def close(self) -> None:
        """Close after what is held has been sent."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """As the transport's own."""
        return self._transport.is_closing()

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


class RegentProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with a stricter door."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # uvicorn narrows asyncio's own signature in the same way
        self._wire = OneWrite(transport)
        # Requests not answered yet, oldest first, since clients may pipeline; uvicorn knows the newest.
        self._unanswered: list[tuple[RequestResponseCycle, dict[str, Any]]] = []
        self._news: dict[str, Any] = {}
        self._in_head = True
        self._head_bytes = 0
        self._mistake = "input.http"
        self._unread: asyncio.TimerHandle | None = None
        super().connection_made(cast("asyncio.Transport", self._wire))

    @override
    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > 2 * MAX_HEAD_BYTES and not self._wire.is_closing():
            # An endless header would fill the memory before anybody is asked who it is.
            self._refuse("input.head_too_large")

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._news = {}
        self.scope["extensions"] = {CONNECTION: cast("dict[object, object]", self._news)}

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            # A trailer must not become a header (RFC 9110 section 6.5.1): it would come after the checks.
            raise ValueError("trailers are not taken")
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        size = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._mistake = "input.head_too_large"
            raise ValueError("the head is too large")
        if self.parser.should_upgrade() and _BODY & {name for name, _ in self.headers}:
            # The parser takes what follows for another protocol: a body would be read as a second request.
            raise ValueError("no upgrade with a body")
        self._in_head = False
        self._head_bytes = 0
        super().on_headers_complete()
        self._unanswered.append((self.cycle, self._news))

    @override
    def on_message_complete(self) -> None:
        self._in_head = True
        self._news["whole"] = True
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        self._wire.flush()
        answered, _ = self._unanswered.pop(0)
        if answered.more_body and not self._wire.is_closing():
            self._unread = self.loop.call_later(UNREAD_GRACE_S, self._wire.close)
        super().on_response_complete()

    @override
    def shutdown(self) -> None:
        for _, news in self._unanswered:
            callback = news.pop("stopping", None)
            if callback is not None:
                callback()
        super().shutdown()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._unread is not None:
            self._unread.cancel()
        self._leave()
        for _, news in self._unanswered:
            callback = news.pop("callback", None)
            if callback is not None:
                callback()

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(self._mistake)

    def _refuse(self, code: str) -> None:
        """End the connection, with an error unless it would be taken for the answer to an earlier request."""
        own = not self._unanswered
        if len(self._unanswered) == 1:
            cycle, _ = self._unanswered[0]
            own = cycle.more_body and not cycle.response_started
        if own:
            self._wire.write(_error(code))
        self._leave()
        self._wire.close()

    def _leave(self) -> None:
        """Let every unanswered request know that nobody listens any more."""
        for cycle, _ in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()


def _error(code: str) -> bytes:
    """A whole HTTP answer with an error in OpenAI's shape, for what never became a request."""
    answer = answers.unrecorded(Refused(code))
    body = cast("bytes", answer.body)
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in answer.headers]
    lines += [b"content-length: %d" % len(body), b"connection: close", b"", body]
    return b"\r\n".join(lines)


def calm_collector() -> None:
    """Keep full collections from stopping every connection at once; call when start-up is done.

    What exists by now lives as long as the process, so it is taken out of the collector's sight, and
    collections become rare. It isn't switched off: exceptions with tracebacks make cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
