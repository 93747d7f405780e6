"""The active bundle: one reference that is swapped between requests; knows not where bundles come from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.engine.nothing import NothingActive

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine, Release


class Live:
    """`Policies` over engines of one bundle each, such as the embedded one.

    A request holds the engine that it began with, so nobody has to wait for it or to tell it; an engine
    that isn't active any more is gone with its last request.
    """

    def __init__(self) -> None:
        self._engine: PolicyEngine = NothingActive()
        self._release: Release | None = None
        self._change = asyncio.Event()

    def current(self) -> PolicyEngine:
        """See `Policies.current`."""
        return self._engine

    @property
    def release(self) -> Release | None:
        """See `Policies.release`."""
        return self._release

    async def change(self) -> None:
        """See `Policies.change`."""
        await self._change.wait()

    def activate(self, engine: PolicyEngine, release: Release) -> None:
        """Let `engine` decide from the next request on."""
        self._engine, self._release = engine, release
        woken, self._change = self._change, asyncio.Event()
        woken.set()
