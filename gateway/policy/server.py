"""Bundles from an HTTP(S) server, followed as it changes them; knows how to go on when it is down.

What a server sends is believed as far as it is signed, or as far as TLS says whose server it is. An older
bundle than the active one is taken like any other: taking a revision back is an everyday act, and a bundle
says nothing of when it was sent. What is on our own disk is only ever used while nobody answers.
"""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

import structlog

from bundles.errors import BundleError
from bundles.files import read_archive
from gateway.policy.fetching import Fetching, Unreachable
from gateway.policy.offer import Offer, Read
from gateway.policy.polling import Pace

if TYPE_CHECKING:
    from gateway.policy.aside import Aside
    from gateway.policy.fetching import Fetched
    from gateway.policy.kept import Kept
    from gateway.settings import BundleServer

START_S: Final = 5.0
"""Seconds that a start waits for the server before it takes what was kept."""

LAST_GOOD: Final = "policy.last_good"
"""Reason code of the record of a start from what was kept."""

_LOG = structlog.get_logger("regent")


class ServerSource:
    """A `Source` over a bundle server.

    Args:
        settings: where it is.
        kept: the last good bundle on disk.
        jobs: where the disk is asked.
    """

    required = False

    def __init__(self, settings: BundleServer, kept: Kept, jobs: Aside) -> None:
        self._url = settings.url
        self._wait_s = settings.long_poll_s
        self._fetching = Fetching(settings)
        self._pace = Pace(settings.poll_s)
        self._kept = kept
        self._jobs = jobs
        self._etag: str | None = None
        self._content: bytes | None = None
        self._pause_s = 0.0

    async def first(self) -> Offer | None:
        """The server's bundle, or else the one that was kept, or else nothing."""
        try:
            async with asyncio.timeout(START_S):
                offer = self._news(await self._ask(wait_s=0))
        except (TimeoutError, Unreachable) as error:
            self._failed(error)
        else:
            return offer
        if await self._jobs.run(self._kept.exists):
            return Offer(str(self._kept.path), self._kept.read, reason=LAST_GOOD)
        return None

    async def next(self) -> Offer:
        """Ask until the server has something new; a failure is told and tried again."""
        while True:
            await asyncio.sleep(self._pause_s)
            try:
                offer = self._news(await self._ask(wait_s=self._wait_s))
            except Unreachable as error:
                self._failed(error)
                continue
            if offer is not None:
                return offer

    async def accepted(self, archive: bytes) -> None:
        """Keep it; a disk that doesn't take it costs the next start its fallback, and nothing now."""
        try:
            await self._jobs.run(partial(self._kept.write, archive))
        except BundleError as error:
            _LOG.error("policy.not_kept", detail=error.detail)

    async def close(self) -> None:
        """Close connections."""
        await self._fetching.close()

    async def _ask(self, wait_s: int) -> Fetched:
        began = monotonic()
        fetched = await self._fetching.ask(self._etag, wait_s)
        self._pause_s = self._pace.after_answer(
            news=self._is_new(fetched), held=fetched.held and self._wait_s > 0, took_s=monotonic() - began
        )
        return fetched

    def _is_new(self, fetched: Fetched) -> bool:
        return fetched.archive is not None and hashlib.sha256(fetched.archive).digest() != self._content

    def _news(self, fetched: Fetched) -> Offer | None:
        """An offer of what wasn't offered before; what was refused is remembered, and not asked for again."""
        archive = fetched.archive
        if archive is None or not self._is_new(fetched):
            return None
        self._etag, self._content = fetched.etag, hashlib.sha256(archive).digest()
        return Offer(self._url, partial(_unpacked, archive))

    def _failed(self, error: Exception) -> None:
        self._pause_s = self._pace.after_failure()
        detail = str(error) or "the server did not answer in time"
        _LOG.warning("policy.unreachable", place=self._url, detail=detail, again_s=round(self._pause_s, 1))


def _unpacked(archive: bytes) -> Read:
    return Read(read_archive(archive), archive)
