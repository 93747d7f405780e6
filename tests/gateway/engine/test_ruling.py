"""Asking for a decision: whatever happens on the way, a decision comes back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.ruling import rule
from gateway.errors import EngineError
from gateway.ports import Ruling
from gateway.reasons import REASONS
from gateway.types import Allow, Clamp, Deny, FiredRule, Question, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRYPOINT = "gateway/request/decision"
ALLOW = {"allow": True, "reasons": [], "obligations": [{"kind": "clamp", "max_tokens": 5}], "advice": []}
RULE = FiredRule("a", "a.rego:7", ("GDPR-44",))


class Engine:
    """An engine that answers, or raises, what it was told to."""

    name = "stub"

    def __init__(self, outcome: object, delay_s: float = 0) -> None:
        self.outcome = outcome
        self.delay_s = delay_s
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        """Answer or raise."""
        self.asked.append((entrypoint, document))
        await asyncio.sleep(self.delay_s)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return Ruling(self.outcome, "r-1", "sha256:00", (RULE,))

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        """As the port says."""
        return True

    async def close(self) -> None:
        """As the port says."""


async def test_the_policys_decision_comes_back_with_its_origin() -> None:
    """The engine is asked the given question, and the origin says who answered, by which rules, how fast."""
    engine = Engine(ALLOW, delay_s=0.02)
    decision = await rule(engine, ENTRYPOINT, Question({"version": 1}))
    assert engine.asked == [(ENTRYPOINT, {"version": 1})]
    assert isinstance(decision, Allow)
    assert decision.obligations == (Clamp(5),)
    origin = decision.origin
    assert (origin.engine, origin.revision, origin.bundle) == ("stub", "r-1", "sha256:00")
    assert (origin.path, origin.rules, origin.asked) == (ENTRYPOINT, (RULE,), {"version": 1})
    assert 15_000 < origin.took_us < 2_000_000


@pytest.mark.parametrize(
    "code",
    ["engine.unavailable", "engine.timeout", "engine.error", "engine.undefined", "engine.budget_exceeded"],
)
async def test_an_engines_failure_denies_with_its_code(code: str) -> None:
    """The caller gets the code's own text, the administrator the detail, bounded; no revision decided."""
    decision = await rule(Engine(EngineError(code, "x" * 5000)), ENTRYPOINT, Question({}))
    assert isinstance(decision, Deny)
    assert decision.reasons == (Reason(code, REASONS[code].message, "x" * 1000),)
    assert (decision.origin.engine, decision.origin.revision) == ("stub", "")


@pytest.mark.parametrize("error", [ValueError("secret"), RecursionError("secret"), KeyError("secret")])
async def test_an_engines_own_mistake_denies(error: Exception) -> None:
    """An unforeseen exception is a failure of the engine, and its text is kept out."""
    decision = await rule(Engine(error), ENTRYPOINT, Question({}))
    assert isinstance(decision, Deny)
    assert decision.reasons[0].id == "engine.error"
    assert "secret" not in repr(decision)


async def test_a_cancellation_gets_through() -> None:
    """Who leaves gets no decision."""
    task = asyncio.create_task(rule(Engine(ALLOW, delay_s=10), ENTRYPOINT, Question({})))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (None, "decision.malformed"),
        (ALLOW | {"allow": 1}, "decision.malformed"),
        (ALLOW | {"allow": False}, "decision.unexplained"),
        (ALLOW | {"obligations": [{"kind": "mask"}]}, "obligation.unknown"),
        (ALLOW | {"obligations": [{"kind": "clamp", "max_tokens": True}]}, "obligation.malformed"),
    ],
)
async def test_an_unusable_answer_denies_with_its_code(answer: object, code: str) -> None:
    """The bundle that gave the answer is named, so that its author can be asked."""
    decision = await rule(Engine(answer), ENTRYPOINT, Question({}))
    assert isinstance(decision, Deny)
    assert [reason.id for reason in decision.reasons] == [code]
    assert decision.reasons[0].user == REASONS[code].message
    assert decision.origin.revision == "r-1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ALLOW, "kind"]), inner),
    max_leaves=10,
)


@given(answer=JSON)
def test_whatever_an_engine_answers_there_is_a_decision(answer: object) -> None:
    """Random answers, even of types that JSON doesn't have, are never an exception and never an allow."""
    decision = asyncio.run(rule(Engine(answer), ENTRYPOINT, Question({})))
    if isinstance(decision, Deny):
        assert decision.reasons
    else:
        assert isinstance(answer, dict)
        assert answer["allow"] is True
        assert answer["obligations"] == answer["reasons"] == []
