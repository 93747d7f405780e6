"""admit: Question -> Decision. May they call this at all? Asked before anything costly is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.engine.ruling import rule
from gateway.question import ADMISSION

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine
    from gateway.types import Decision, Question


async def admit(question: Question, engine: PolicyEngine) -> Decision:
    """Ask the entrypoint `gateway/admission`; every failure on the way is a deny."""
    return await rule(engine, ADMISSION, question)
