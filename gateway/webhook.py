"""Tells somebody else's server of events, signed so that it knows from whom: Standard Webhooks 1.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

import httpx
import orjson
import structlog

from gateway.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PAUSES_S = (1.0, 10.0, 60.0)
"""Between one try and the next; a server that is away for longer misses the event, and the log says so."""

MOST_WAITING = 256
_PREFIX = "whsec_"
_LEAST_KEY_BYTES = 24


class Webhook:
    """Sends events one after the other, beside everything else.

    Args:
        url: where to.
        secret: `whsec_` and base64 of 24 bytes or more.
        timeout_s: how long the other server may take for each try.
        now_us: wall clock, microseconds.
        pauses_s: seconds before each further try.

    Raises:
        SettingsError: the secret isn't one.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        timeout_s: float,
        now_us: Callable[[], int],
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self._url = url
        self._key = _key(secret)
        self._now_us = now_us
        self._pauses_s = pauses_s
        # Neither a proxy of the environment nor a redirection decides where it goes.
        self._client = httpx.AsyncClient(timeout=timeout_s, trust_env=False, follow_redirects=False)
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Send from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Send no more; what still waits is lost, and the log says how much that is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if not self._waiting.empty():
            _log().warning("webhook.dropped", events=self._waiting.qsize())
        await self._client.aclose()

    def tell(self, kind: str, data: Mapping[str, object]) -> None:
        """Have an event sent; one too many is dropped: memory must not grow while the server is away."""
        stamp_us = self._now_us()
        event = orjson.dumps({"type": kind, "timestamp_us": stamp_us, "data": data})
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            _log().warning("webhook.dropped", events=1)

    async def _run(self) -> None:
        while True:
            await self._send(await self._waiting.get())

    async def _send(self, event: bytes) -> None:
        # One id for all tries: the receiver may have it already.
        name = f"msg_{secrets.token_hex(16)}"
        for pause_s in (*self._pauses_s, None):
            why = await self._try(name, event)
            if why is None:
                return
            if pause_s is None:
                _log().error("webhook.undelivered", why=why)
                return
            await asyncio.sleep(pause_s)

    async def _try(self, name: str, event: bytes) -> str | None:
        """Send once; return why that failed, in words without the URL, which may hold a secret."""
        try:
            async with self._client.stream(
                "POST", self._url, content=event, headers=self._headers(name, event)
            ) as answer:
                return None if answer.is_success else f"status {answer.status_code}"
        except httpx.HTTPError as error:
            return type(error).__name__

    def _headers(self, name: str, event: bytes) -> dict[str, str]:
        stamp = str(self._now_us() // 1_000_000)
        signed = b".".join((name.encode(), stamp.encode(), event))
        signature = base64.b64encode(hmac.digest(self._key, signed, hashlib.sha256)).decode()
        return {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{signature}",
        }


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or len(key) < _LEAST_KEY_BYTES:
        raise SettingsError(
            f"ledger.warnings.webhook_secret must be {_PREFIX} and base64 of {_LEAST_KEY_BYTES} bytes or more"
        )
    return key


def _log() -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger("regent")
    return log
