"""`regent policy explain`: the decision is the engine's, and what is said of it is where it comes from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import bundle, default_path
from bundles.authoring import explaining, words
from bundles.errors import BundleError
from rego import EvaluationError, Policy

if TYPE_CHECKING:
    from bundles.bundle import Bundle

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    """The shipped bundle."""
    return bundle.read(default_path())


def question(team: str = "hr", zone: str = "cloud") -> dict[str, Any]:
    """A request of somebody in a team, with one candidate."""
    candidate = {
        "id": "echo",
        "provider": "echo",
        "model": "demo-small",
        "zone": zone,
        "region": "eu",
        "labels": [],
    }
    return {
        "version": 1,
        "subject": {
            "type": "user",
            "id": "alice",
            "properties": {
                "issuer": "https://idp.example",
                "team": team,
                "roles": ["analyst"],
                "groups": [],
                "claims": {},
                "authentication": {"method": "oidc", "age_s": 42},
            },
        },
        "action": {
            "name": "chat.completions",
            "properties": {"stream": False, "tools": [], "modalities": ["text"]},
        },
        "resource": {"type": "model", "id": "demo-small", "properties": {"deployments": [candidate]}},
        "context": {
            "time": "2026-11-20T09:00:00Z",
            "request_id": "req-1",
            "network": {"client_ip": "10.0.0.7"},
            "content": {"labels": []},
        },
    }


def test_a_refusal_names_rule_reason_and_line(shipped: Bundle) -> None:
    """Who asks why is shown the reason for both readers, the rule, its controls and the line that fired."""
    found = explaining.explain(shipped, "request", question())
    text = "\n".join(words.explained(found))

    assert not found.allowed
    spoke = {rule.id: rule for rule in found.rules if rule.does}
    assert spoke["residency"].does == "objects"
    row = spoke["residency"].rows[0]
    source = shipped.files[spoke["residency"].file].decode().splitlines()[row - 1]
    assert source == "deny contains reason if {"
    assert text.startswith(f"refused: gateway/request/decision of {shipped.revision}\n")
    assert "reason residency.hr_onprem\n  for the user   HR data stays on-prem" in text
    assert re.search(
        r"residency objects: .*\n    rules/request/routes/residency/residency\.rego:\d+; severity critical",
        text,
    )
    assert re.search(r"trace \(\d+ steps\)\n(  \S+\.rego:\d+ +\S.*\n)+", text)


def test_an_allow_names_what_must_be_done(shipped: Bundle) -> None:
    """Obligations are spelled out; who grants is named first."""
    found = explaining.explain(shipped, "request", question(team="eng"))
    lines = list(words.explained(found))

    assert found.allowed
    assert '  route: deployments ["echo"], strategy "ordered"' in lines
    assert any(line.startswith("  model_access grants: ") for line in lines)
    assert any(line.startswith("rules that had nothing to say: ") for line in lines)


@settings(max_examples=5, deadline=None)  # each example compiles the plan
@given(
    part=st.sampled_from(["subject", "action", "resource", "context", "version"]),
    value=JSON,
    phase=st.sampled_from(["admission", "request"]),
)
def test_explaining_changes_no_decision(part: str, value: Any, phase: str, shipped: Bundle) -> None:
    """Whatever is asked, what is explained is what the engine answers; and where it fails, so is that."""
    document = {**question(), part: value}
    try:
        wanted = Policy.load(shipped.plan, dict(shipped.data)).evaluate(f"gateway/{phase}/decision", document)
    except EvaluationError as error:
        with pytest.raises(BundleError, match=f"which denies: {error.code}"):
            explaining.explain(shipped, phase, document)
        return

    found = explaining.explain(shipped, phase, document)

    assert found.decision == wanted.value
    assert list(words.explained(found))
    assert json.loads(words.as_json(found))["decision"] == found.decision


def test_an_unknown_phase_says_which_there_are(shipped: Bundle) -> None:
    """A misspelt phase is no refusal of the policy's."""
    with pytest.raises(BundleError, match=r"no phase 'asking' \(it has: .*request"):
        explaining.explain(shipped, "asking", question())


@pytest.mark.parametrize(
    ("document", "phase"),
    [
        (question(), "request"),
        ({"context": {}}, "admission"),
        ({}, "admission"),
        ({"context": []}, "admission"),
    ],
    ids=["content", "no content", "nothing", "another type"],
)
def test_the_phase_is_guessed_by_the_content(document: dict[str, Any], phase: str) -> None:
    """A question with facts about its content is a request's."""
    assert explaining.phase_of(document) == phase


def test_advice_and_what_only_advises_is_marked(shipped: Bundle) -> None:
    """A rule in shadow is no reason, and is said to be in shadow."""
    advice = [
        {"rule": "late", "enforcement": "shadow", "reason": {"id": "time.late"}},
        {"rule": "short", "enforcement": "warn", "obligation": {"kind": "clamp", "max_tokens": 7}},
    ]
    rule = explaining.Asked(
        "late", "Late", "rules.request.denies.late", "low", "shadow", (), "late.rego", (3,), "objects"
    )
    decision = {"allow": True, "reasons": [], "obligations": [], "advice": advice}
    lines = list(
        words.explained(explaining.Explanation("r-1", "gateway/request/decision", decision, (rule,), (), 1))
    )

    assert "  late (shadow) would have said: time.late" in lines
    assert "  short (warn) would have said: clamp: max_tokens 7" in lines
    assert "  late objects, only in shadow: Late" in lines


def test_an_undefined_answer_refuses() -> None:
    """No answer is no permission, and isn't shown as one."""
    found = explaining.Explanation("r-1", "gateway/request/decision", None, (), (), 1)

    assert not found.allowed
    assert next(words.explained(found)) == "undefined, which refuses: gateway/request/decision of r-1"
