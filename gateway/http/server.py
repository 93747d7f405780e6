"""uvicorn, tuned for this house: one write per answer, news of a client that left, a quiet collector.

Figures and reasons: `docs/performance.md`.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

CONNECTION = "regent.connection"
"""ASGI extension: a dict whose `callback`, if set, is called once when the client's connection is lost,
and whose `whole` says that the request's last byte has arrived."""

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
        """Send `data`, or hold it if it is the head of a final answer."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_HEAD) and not data.startswith(_INTERIM):
            self._head = data
            return
        self._transport.write(data)

    def close(self) -> None:
        """Close after what is held has been sent: an answer without a body consists of its head."""
        if self._head:
            held, self._head = self._head, b""
            self._transport.write(held)
        self._transport.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


class RegentProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with the two additions above."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # uvicorn narrows asyncio's own signature in the same way
        super().connection_made(cast("asyncio.Transport", OneWrite(transport)))

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: {}}

    @override
    def on_message_complete(self) -> None:
        self.scope["extensions"][CONNECTION]["whole"] = True
        super().on_message_complete()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.scope is not None:
            extension = cast(
                "dict[str, Callable[[], None]]", (self.scope.get("extensions") or {}).get(CONNECTION, {})
            )
            callback = extension.pop("callback", None)
            if callback is not None:
                callback()


def calm_collector() -> None:
    """Keep full collections from stopping every connection at once; call when start-up is done.

    What exists by now lives as long as the process, so it is taken out of the collector's sight, and
    collections become rare. It isn't switched off: exceptions with tracebacks make cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
