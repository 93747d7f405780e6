"""An effect is what the pipeline would do: the same permitted places, limit and retention, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles.backtest.effect import Answer, Effect
from gateway.errors import Refused
from gateway.obligations.effect import Obedience, effect
from gateway.question import ADMISSION, REQUEST, describe, with_content
from gateway.routing.catalogue import Catalogue
from gateway.steps.enforce import enforce
from gateway.types import Allow, Clamp, Deny, Findings, Origin, Reason, Retain, Route

if TYPE_CHECKING:
    from gateway.types import Obligation
    from tests.gateway.conftest import Builders

PLACES = ("a", "b", "c")
ROUTES = st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True).map(
    lambda ids: Route(tuple(ids))
)
CLAMPS = st.integers(1, 500).map(Clamp)
RETENTIONS = st.builds(Retain, st.sampled_from(["none", "digest", "sealed"]), st.integers(1, 9))
OBLIGATIONS = st.lists(st.one_of(ROUTES, CLAMPS, RETENTIONS), max_size=4)


def allowed(path: str, obligations: list[Obligation]) -> Allow:
    """A decision that allows."""
    return Allow((), tuple(obligations), Origin("embedded", "r-1", "", path))


@given(first=OBLIGATIONS, second=OBLIGATIONS, limit=st.sampled_from([None, 10, 400]))
def test_an_effect_is_what_enforce_does(
    build: Builders, first: list[Obligation], second: list[Obligation], limit: int | None
) -> None:
    """Over any obligations of both decisions, and the client's own limit."""
    candidates = Catalogue(build.deployment(name) for name in PLACES).serving("demo-small")
    body = build.body() if limit is None else build.body(max_tokens=limit)
    call = build.call(max_tokens=limit, body=body)
    question = describe(call, build.principal(), call.received_us, candidates.documents)
    document = with_content(question, call, Findings((), None)).document
    admission, decision = allowed(ADMISSION, first), allowed(REQUEST, second)
    found = effect(document, (admission, decision))
    try:
        permitted = enforce(call, build.principal(), candidates, admission, decision)
    except Refused as error:
        assert found == Effect(allow=False, reasons=(error.code,))
        return
    terms = {name: orjson.loads(value) for name, value in found.terms}
    assert terms == {
        "route": [place.id for place in permitted.deployments],
        "clamp": permitted.max_tokens,
        "retain": {"payload": permitted.retain.payload, "days": permitted.retain.days},
        "limits": [],
        "priced": False,
    }


ALLOW: dict[str, Any] = {"allow": True, "reasons": [], "obligations": [], "advice": []}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "decision.malformed"),
        ({**ALLOW, "allow": False}, "decision.unexplained"),
        ({**ALLOW, "obligations": [{"kind": "dance"}]}, "obligation.unknown"),
        ({**ALLOW, "obligations": [{"kind": "clamp", "max_tokens": 0}]}, "obligation.malformed"),
        (ALLOW, "obligation.no_route"),
    ],
)
def test_an_answer_that_is_no_decision_denies(value: object, code: str) -> None:
    """With the gateway's own code, as on live traffic."""
    question = {"resource": {"type": "model", "id": "m", "properties": {"deployments": [{"id": "a"}]}}}

    assert Obedience().effect(question, [Answer(ADMISSION, ALLOW), Answer(REQUEST, value)]).reasons == (code,)


def test_nobody_is_asked_after_a_denial() -> None:
    """A denial at admission is the last word, whatever the request decision would be."""
    denial = {**ALLOW, "allow": False, "reasons": [{"id": "house.rule", "user": "No."}]}
    answers = [Answer(ADMISSION, denial), Answer(REQUEST, code="engine.error")]

    assert Obedience().effect({}, answers) == Effect(allow=False, reasons=("house.rule",))
    assert Obedience().effect({}, answers[::-1]) == Effect(allow=False, reasons=("engine.error",))
    assert effect({}, [Deny((Reason("a", "A"), Reason("b", "B")), Origin("", "", "", ""))]).reasons == (
        "a",
        "b",
    )


@pytest.mark.parametrize("question", [{}, {"resource": 7}, {"resource": {"type": "model", "properties": []}}])
def test_an_odd_question_has_no_candidates(question: dict[str, object]) -> None:
    """What names no place leads nowhere; nothing raises."""
    decisions = [allowed(ADMISSION, []), allowed(REQUEST, [Route(("a",))])]

    assert effect(question, decisions).reasons == ("obligation.no_route",)
