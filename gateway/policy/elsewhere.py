"""Policies that an OPA server has from somebody else: it says with each answer which bundle gave it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from audit import record as records
from gateway.engine.pinned import OneRevision

if TYPE_CHECKING:
    from audit.log import AuditLog
    from gateway.ports import Policies, PolicyEngine, Release


class Elsewhere:
    """`Policies` over an engine that takes bundles by itself.

    Args:
        engine: who evaluates.
        judged: whether the settings name signatures or approvals that a bundle must have.
    """

    def __init__(self, engine: PolicyEngine, *, judged: bool = False) -> None:
        self._engine = engine
        self._judged = judged

    @property
    def policies(self) -> Policies:
        """What requests see."""
        return self

    def current(self) -> PolicyEngine:
        """A view of the engine that keeps to one revision, new for each request."""
        return OneRevision(self._engine)

    @property
    def release(self) -> Release | None:
        """None: the bundle isn't here."""
        return None

    async def change(self) -> None:
        """Never returns: what isn't here doesn't change here."""
        await asyncio.Event().wait()

    async def begin(self) -> None:
        """Nothing has to be loaded; what nobody here looks at is said."""
        if self._judged:
            structlog.get_logger("regent").warning(
                "policy.unverified",
                detail="OPA takes its bundle by itself: policy.trust isn't applied to what it decides by;"
                " configure OPA to verify signatures, and activate by a store that asks for approvals",
            )

    async def follow(self, log: AuditLog) -> None:
        """Record that the bundle is elsewhere."""
        await log.append(
            records.policy_load(engine=self._engine.name, bundle=None, revision=None, result="external")
        )

    async def close(self) -> None:
        """Release the engine's connections."""
        await self._engine.close()
