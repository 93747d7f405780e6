"""Keeps the active bundle at what its source offers; one that is no good leaves the active one deciding."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Final, Literal

import structlog

from audit import record as records
from audit.errors import AuditError
from bundles.errors import BundleError
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from audit.log import AuditLog
    from audit.record import Record
    from gateway.policy.aside import Aside
    from gateway.policy.live import Live
    from gateway.policy.loading import Loaded, Loader
    from gateway.policy.offer import Offer, Source

LOOK_AGAIN_S: Final = 0.25
STALLED_S: Final = 30.0
"""After so many seconds a load that hasn't ended is told of; the active bundle goes on deciding."""

_LOG = structlog.get_logger("regent")


class Follower:
    """Takes what a source offers, one offer after the other.

    Args:
        source: where bundles come from.
        loader: makes engines of them.
        policies: what requests see.
        jobs: where loading happens.
    """

    def __init__(self, source: Source, loader: Loader, policies: Live, jobs: Aside) -> None:
        self.policies = policies
        self._source = source
        self._loader = loader
        self._jobs = jobs
        self._digest: str | None = None
        self._unwritten: list[Record] = []
        self._log: AuditLog | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Load what the source has at the start.

        Raises:
            BundleError, SettingsError: it is no good and the source says that it must be.
        """
        offer = await self._source.first()
        if offer is None:
            _LOG.warning("policy.none_active")
            return
        try:
            await self._take(offer)
        except (BundleError, SettingsError) as error:
            if self._source.required:
                raise
            await self._refuse(offer, error)

    async def follow(self, log: AuditLog) -> None:
        """Record what the start brought, and take what comes from now on.

        Raises:
            AuditError: the start can't be recorded.
        """
        self._log = log
        waiting, self._unwritten = self._unwritten, []
        for record in waiting:
            await log.append(record)
        self._task = asyncio.get_running_loop().create_task(self._run(), name="policy")

    async def close(self) -> None:
        """Take nothing any more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._source.close()
        self._jobs.close()

    async def _run(self) -> None:
        while True:
            try:
                offer = await self._source.next()
            except BundleError as error:
                await self._refuse(None, error)
                continue
            try:
                await self._take(offer)
            except Exception as error:  # noqa: BLE001 - whatever a bundle sets off, the next one must be taken
                await self._refuse(offer, error)

    async def _take(self, offer: Offer) -> None:
        began = perf_counter()
        loaded = await self._load(offer)
        if loaded is None:
            return
        await self._record(loaded.digest, loaded.release.revision, "active", offer.reason)
        self.policies.activate(loaded.engine, loaded.release)
        self._digest = loaded.digest
        _LOG.info(
            "policy.active",
            revision=loaded.release.revision,
            bundle=loaded.digest,
            place=offer.place,
            reason=offer.reason,
            took_ms=round((perf_counter() - began) * 1000),
        )
        await self._source.accepted(loaded.release.archive)

    async def _load(self, offer: Offer) -> Loaded | None:
        for _ in range(offer.looks - 1):
            with contextlib.suppress(BundleError):
                return await self._told_if_stalled(offer)
            await asyncio.sleep(LOOK_AGAIN_S)
        return await self._told_if_stalled(offer)

    async def _told_if_stalled(self, offer: Offer) -> Loaded | None:
        late = asyncio.get_running_loop().call_later(
            STALLED_S, partial(_LOG.error, "policy.stalled", place=offer.place)
        )
        try:
            return await self._jobs.run(partial(self._loader.load, offer, self._digest))
        finally:
            late.cancel()

    async def _refuse(self, offer: Offer | None, error: Exception) -> None:
        code, detail = _described(error)
        place = offer.place if offer else None
        _LOG.error("policy.refused", code=code, detail=detail, place=place)
        await self._record(None, offer.revision if offer else None, "refused", code)

    async def _record(
        self,
        bundle: str | None,
        revision: str | None,
        result: Literal["active", "refused"],
        reason: str | None,
    ) -> None:
        """Record a load before it takes effect; a log that can't take it counts what it misses."""
        record = records.policy_load(
            engine="embedded", bundle=bundle, revision=revision, result=result, reason_code=reason
        )
        if self._log is None:
            self._unwritten.append(record)
            return
        try:
            await self._log.append(record)
        except AuditError:
            self._log.append_soon(record)


def _described(error: Exception) -> tuple[str, str]:
    """A code and words for the administrator; of a mistake of our own only what kind it was."""
    if isinstance(error, BundleError):
        return error.code, error.detail
    if isinstance(error, SettingsError):
        return "bundle.unusable", str(error)
    return "gateway.error", f"loading failed with {type(error).__qualname__}"
