"""Asks an engine and always comes back with a decision: a failure on the way is a denial with its reason."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING

from gateway.engine.answer import decision
from gateway.engine.unusable import Unusable
from gateway.errors import EngineError
from gateway.ports import Ruling
from gateway.reasons import REASONS
from gateway.types import Deny, Origin, Reason

if TYPE_CHECKING:
    from gateway.ports import PolicyEngine
    from gateway.types import Decision, Question

MAX_DETAIL_CHARS = 1000
_SILENCE = Ruling(value=None, revision="")


async def rule(engine: PolicyEngine, entrypoint: str, question: Question) -> Decision:
    """Have `question` decided.

    Args:
        engine: who evaluates.
        entrypoint: the rule to ask for, such as `gateway/request/decision`.
        question: what the policy sees.

    Returns:
        the policy's decision, or a `Deny` with an `engine.*`, `decision.*` or `obligation.*` reason. Only
        a cancellation gets through as an exception.
    """
    began_ns = perf_counter_ns()
    ruling = _SILENCE
    try:
        ruling = await engine.ask(entrypoint, question.document)
        return decision(ruling.value, _origin(engine, ruling, entrypoint, question, began_ns))
    except (EngineError, Unusable) as error:
        code, detail = error.code, error.detail
    except Exception as error:  # noqa: BLE001 - an unforeseen mistake must deny like a foreseen one
        code, detail = "engine.error", f"the engine failed with {type(error).__name__}"
    return _deny(code, detail, _origin(engine, ruling, entrypoint, question, began_ns))


def _origin(
    engine: PolicyEngine, ruling: Ruling, entrypoint: str, question: Question, began_ns: int
) -> Origin:
    took_us = (perf_counter_ns() - began_ns) // 1000
    return Origin(
        engine.name, ruling.revision, ruling.bundle, entrypoint, ruling.rules, took_us, question.document
    )


def _deny(code: str, detail: str, origin: Origin) -> Deny:
    return Deny((Reason(code, REASONS[code].message, detail[:MAX_DETAIL_CHARS]),), origin)
