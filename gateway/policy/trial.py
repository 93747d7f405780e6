"""Which bundle is tried out beside the active one: what the settings or a store name, as it changes."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog

from bundles.errors import BundleError
from bundles.store import pointers
from gateway.policy.path import Watch
from gateway.policy.store import pointed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bundles.bundle import Bundle
    from gateway.policy.aside import Aside
    from gateway.policy.offer import Check, Offer
    from gateway.policy.path import PathSource


class Candidates(Protocol):
    """**Protocol:** knows which bundle is to be tried out."""

    async def next(self) -> Offer | None:
        """Wait for another candidate than the last one; the first time, for what there is. None for none.

        Raises:
            BundleError: what names it can't be understood; it is asked again.
        """
        ...


class PathCandidate:
    """The bundle at one path.

    Args:
        source: follows the path.
    """

    def __init__(self, source: PathSource) -> None:
        self._source = source
        self._met = False

    async def next(self) -> Offer:
        """See `Candidates.next`."""
        if self._met:
            return await self._source.next()
        self._met = True
        return await self._source.first()


class StoreCandidate:
    """The revision that `regent bundle shadow` names in a store.

    Args:
        folder: the store.
        jobs: where the disk is asked.
    """

    def __init__(self, folder: Path, jobs: Aside) -> None:
        self._folder = folder
        self._jobs = jobs
        self._watch = Watch(folder / pointers.SHADOW, jobs)

    async def next(self) -> Offer | None:
        """See `Candidates.next`."""
        await self._watch.change()
        return await self._jobs.run(partial(pointed, self._folder, pointers.SHADOW))


class Trial:
    """Hands each candidate to whoever tries it out; one that is no good is said and tried by nobody.

    Args:
        candidates: names them; None where nothing is ever tried out.
        check: makes a bundle of files, or says why not.
        jobs: where the disk is asked.
    """

    def __init__(self, candidates: Candidates | None, check: Check, jobs: Aside) -> None:
        self._candidates = candidates
        self._check = check
        self._jobs = jobs
        self._task: asyncio.Task[None] | None = None

    def follow(self, take: Callable[[Bundle | None], None]) -> None:
        """Begin; `take` is given each candidate, and None when there is none any more."""
        if self._candidates is not None:
            self._task = asyncio.get_running_loop().create_task(self._run(self._candidates, take))

    async def close(self) -> None:
        """Name no more candidates."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._jobs.close()

    async def _run(self, candidates: Candidates, take: Callable[[Bundle | None], None]) -> None:
        while True:
            try:
                offer = await candidates.next()
                take(await self._jobs.run(partial(self._load, offer)) if offer is not None else None)
            except BundleError as error:
                take(None)
                structlog.get_logger("regent").error("shadow.unusable", code=error.code, detail=error.detail)

    def _load(self, offer: Offer) -> Bundle:
        """Read and check a candidate as if it were to decide.

        Raises:
            BundleError: it can't be read, isn't to be believed, or isn't the revision that was named.
        """
        return offer.checked(offer.read(), self._check)
