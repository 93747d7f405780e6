"""Handing an answer to the client: whole in one go, or event by event with signs of life in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.http.asgi import Send
    from gateway.types import Answer

# Clients and the proxies between give up on a silent stream after 30 to 60 seconds; every known
# client ignores comment lines.
HEARTBEAT_S = 15.0
_NOT_MODIFIED = 304
_HEARTBEAT = b": keep-alive\n\n"


async def deliver(answer: Answer, send: Send, heartbeat_s: float = HEARTBEAT_S) -> None:
    """Send `answer`; returns when its last byte was handed to the transport."""
    if isinstance(answer.body, bytes):
        headers = list(answer.headers)
        if (
            answer.status != _NOT_MODIFIED
        ):  # its length would be that of what is not sent (RFC 9110 section 8.6)
            headers.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    stream = _Stream(send)
    pulse = asyncio.create_task(stream.keep_alive(heartbeat_s))
    try:
        await stream.pump(answer.body)
    finally:
        pulse.cancel()
        # Closing the generator closes the upstream's connection, also when this task was cancelled.
        await answer.body.aclose()


class _Stream:
    """One streamed answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._sent = 0

    async def pump(self, events: AsyncGenerator[bytes, None]) -> None:
        send = self._send
        async for event in events:
            self._sent += 1
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def keep_alive(self, every_s: float) -> None:
        while True:
            before = self._sent
            await asyncio.sleep(every_s)
            if self._sent == before:
                await self._send({"type": "http.response.body", "body": _HEARTBEAT, "more_body": True})
