"""Reading a request's body: bounded in bytes and in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.errors import Refused

if TYPE_CHECKING:
    from gateway.http.asgi import Receive
    from gateway.settings import Limits

# A client that is still sending can't read our answer yet: this much is read and thrown away first,
# so that a body somewhat too large gets its clear error instead of a broken connection.
_DRAINED_BYTES = 32 * 1024 * 1024


async def read(receive: Receive, limits: Limits, *, whole: bool = False) -> bytes:
    """The whole body.

    Args:
        receive: the rest of the request.
        limits: how large it may be, and how long it may take.
        whole: whether it is here already, so that there is nothing to time.

    Raises:
        Refused: `input.too_large`, `input.too_slow`, or `input.disconnected` if the client left.
    """
    if whole:
        return await _read(receive, limits.body_bytes)
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            return await _read(receive, limits.body_bytes)
    except TimeoutError:
        raise Refused("input.too_slow") from None


async def _read(receive: Receive, limit: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body") and len(body) <= limit:
        return body
    chunks, size = [body], len(body)
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size <= _DRAINED_BYTES:
            chunks.clear()
        else:
            break
    if message["type"] == "http.disconnect":
        raise Refused("input.disconnected")
    if size > limit:
        raise Refused("input.too_large", f"The body is larger than {limit} bytes.")
    return b"".join(chunks)
