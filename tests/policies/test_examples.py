"""The examples in the comments of the data files: whoever takes the hash away has data that is taken."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bundles import build
from bundles import schemas as checking
from gateway.accounts import recorded
from gateway.engine.answer import decision
from gateway.engine.unusable import Unusable
from gateway.types import Allow, Clamp, Origin
from rego.policy import Policy

TABLES = Path(__file__).parents[2] / "policies/regent"
ORIGIN = Origin("embedded", "r-1", "sha256:00", "gateway/request/decision")
SHIPPED_EMPTY = ("limits", "budgets", "thrift", "pii", "injection", "parameters", "replies", "reply_pii")
FOUND = {"findings": [{"entity": "EMAIL_ADDRESS", "count": 1, "score": 0.9, "in": ["user"]}]}


def _shipped() -> dict[str, Any]:
    return {path.parent.name: yaml.safe_load(path.read_text()) for path in TABLES.glob("*/data.yaml")}


def _example(table: str) -> Any:
    """The indented lines of the comments, as they would be without the hash."""
    lines = (TABLES / table / "data.yaml").read_text().splitlines()
    return yaml.safe_load("\n".join(line[4:] for line in lines if line.startswith("#   ")))


@pytest.fixture(scope="module")
def policy(policies: Path, opa: Path) -> Policy:
    """The sources as a plan, for the embedded engine."""
    return Policy.load(build.build(policies, opa)["plan.json"], {})


def _ask(policy: Policy, question: dict[str, Any], **tables: Any) -> Any:
    data = {"regent": {**_shipped(), **tables}}
    return policy.with_data(data).evaluate("gateway/request/decision", question).value


@pytest.mark.parametrize("table", SHIPPED_EMPTY)
def test_is_shipped_empty_with_an_example(table: str, schemas: dict[str, dict[str, Any]]) -> None:
    """An empty table says nothing; its example fits the schema."""
    shipped = _shipped()
    assert shipped[table] == {}
    assert _example(table)
    checking.check_data({"regent": {**shipped, table: _example(table)}}, {"regent": schemas["regent"]})


@pytest.mark.server
@pytest.mark.parametrize("table", SHIPPED_EMPTY)
def test_changes_no_decision_while_it_is_empty(table: str, question: Any, policy: Policy) -> None:
    """Neither does a bundle whose data is older than the table."""
    data = _shipped()
    assert _ask(policy, question())["allow"]
    del data[table]
    said = policy.with_data({"regent": data}).evaluate("gateway/request/decision", question()).value
    assert _ask(policy, question()) == said


@pytest.mark.server
@pytest.mark.parametrize(
    ("table", "more", "kind"),
    [
        ("pii", FOUND, "mask"),
        ("replies", {}, "inspect_reply"),
        ("reply_pii", {}, "inspect_reply"),
    ],
)
def test_what_is_switched_on_is_refused_until_it_is_enforced(
    table: str, more: dict[str, Any], kind: str, question: Any, policy: Policy, schemas: Any
) -> None:
    """The obligation is in the contract, and a gateway that can't keep it doesn't let the call through."""
    asked = question(team="hr")
    asked["context"]["content"].update(more)
    said = _ask(policy, asked, **{table: _example(table)})

    assert kind in [obligation["kind"] for obligation in said["obligations"]]
    jsonschema.Draft7Validator(schemas["decision"]).validate(json.loads(json.dumps(said)))
    with pytest.raises(Unusable, match=r"^obligation\.unknown"):
        decision(said, ORIGIN)


@pytest.mark.server
@pytest.mark.parametrize(("table", "kind"), [("limits", "limit"), ("budgets", "budget")])
def test_what_is_switched_on_is_understood(
    table: str, kind: str, question: Any, policy: Policy, schemas: Any
) -> None:
    """What the examples oblige the gateway to fits the contract, and is read without loss."""
    said = _ask(policy, question(team="hr"), **{table: _example(table)})
    jsonschema.Draft7Validator(schemas["decision"]).validate(json.loads(json.dumps(said)))
    found = decision(said, ORIGIN)

    assert isinstance(found, Allow)
    written = [each.document() for each in found.obligations]
    for each in said["obligations"]:
        if "key" in each:
            each["key"] = recorded(each["key"])
    assert written == said["obligations"]
    assert kind in [each["kind"] for each in written]


@pytest.mark.server
@pytest.mark.parametrize(("table", "reason"), [("pii", "pii.unknown"), ("injection", "injection.unknown")])
def test_what_nobody_looked_for_is_refused(table: str, reason: str, question: Any, policy: Policy) -> None:
    """This gateway gathers no such facts yet, so a row refuses every call."""
    said = _ask(policy, question(), **{table: _example(table)})

    assert [reason] == [each["id"] for each in said["reasons"]]


@pytest.mark.server
def test_parameters_are_enforced(question: Any, policy: Policy) -> None:
    """The gateway takes the clamp of a temperature; the rest is refused by the policy itself."""
    asked = question(team="hr")
    asked["action"]["properties"]["stream"] = False
    read = decision(_ask(policy, asked, parameters=_example("parameters")), ORIGIN)
    assert isinstance(read, Allow)
    assert Clamp(temperature=0.7) in read.obligations

    said = _ask(policy, question(team="hr"), parameters=_example("parameters"))
    assert [each["id"] for each in said["reasons"]] == ["parameters.stream"]


@pytest.mark.server
def test_a_rule_that_is_only_tried_out_refuses_nobody(question: Any, policy: Policy) -> None:
    """In shadow, the decision is what it was, with what would have been asked for as advice."""
    shadow = dict.fromkeys(("limits", "pii", "pii_masking", "pii_zones"), "shadow")
    said = _ask(policy, question(), limits=_example("limits"), pii=_example("pii"), enforcement=shadow)

    read = decision(said, ORIGIN)
    assert isinstance(read, Allow)
    assert {"limits", "pii", "pii_masking"} == {each.rule for each in read.advice}
    assert _ask(policy, question())["obligations"] == said["obligations"]
