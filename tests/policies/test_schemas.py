"""The JSON Schemas: bounded everywhere, and true of the questions and the data that are used."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from bundles import bundle, default_path
from bundles import schemas as checking
from bundles.errors import BundleError

Question = Callable[..., dict[str, Any]]
Schemas = Mapping[str, dict[str, Any]]


def _nodes(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema that describes a value of its own, with where it stands."""
    if "type" in schema:
        yield path, schema
    for key in ("properties",):
        for name, below in schema.get(key, {}).items():
            yield from _nodes(below, f"{path}/{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _nodes(schema[key], f"{path}/*")
    for key in ("anyOf", "oneOf"):
        for number, below in enumerate(schema.get(key, [])):
            yield from _nodes(below, f"{path}|{number}")


@pytest.mark.parametrize("name", ["input", "decision", "regent"])
def test_is_a_schema(name: str, schemas: Schemas) -> None:
    """Each file is a draft-07 schema, the newest draft that `opa check --schema` reads."""
    assert schemas[name]["$schema"] == "http://json-schema.org/draft-07/schema#"
    # Patterns are RE2's, as in OPA, so they are no business of Python's `re`.
    jsonschema.Draft7Validator.check_schema(schemas[name], format_checker=jsonschema.FormatChecker(()))


def test_the_schema_of_the_data_can_be_carried(schemas: Schemas) -> None:
    """It uses nothing but what a bundle's reader applies."""
    checking.check_schemas({"regent": schemas["regent"]})


@pytest.mark.parametrize("name", ["input", "decision", "regent"])
def test_everything_is_bounded(name: str, schemas: Schemas) -> None:
    """No string, array, object or number can be longer or larger than its schema says."""
    bound = {"string": "maxLength", "array": "maxItems", "integer": "minimum"}
    unbounded = [
        path
        for path, node in _nodes(schemas[name])
        if (node["type"] in bound and bound[node["type"]] not in node and "enum" not in node)
        or (
            node["type"] == "object"
            and node.get("additionalProperties") is not False
            and "maxProperties" not in node
        )
    ]
    assert unbounded == []


def test_only_claims_are_open(schemas: Schemas) -> None:
    """In the question, `claims` alone takes names that the schema doesn't list."""
    opened = [
        p for p, node in _nodes(schemas["input"]) if node["type"] == "object" and node["additionalProperties"]
    ]
    assert opened == ["/subject/properties/claims"]


def test_questions_fit(
    question: Question, listing: Question, administering: Question, replying: Question, schemas: Schemas
) -> None:
    """The questions that these tests ask are questions a gateway could ask."""
    check = jsonschema.Draft7Validator(schemas["input"])
    usual = (
        question(),
        question(team=None, labels=None),
        listing(),
        administering("audit.query"),
        replying(),
    )
    for document in usual:
        check.validate(document)


def test_facts_about_content_and_usage_fit(question: Question, schemas: Schemas) -> None:
    """Facts that the gateway doesn't gather yet have their place, so that rules can be tested with them."""
    document = question()
    document["context"]["content"] |= {
        "injection": 0.02,
        "findings": [{"entity": "EMAIL_ADDRESS", "count": 2, "score": 0.95, "in": ["user"]}],
    }
    budget = {
        "usd_micros": 100,
        "spent_usd_micros": 70,
        "reserved_usd_micros": 11,
        "remaining_usd_micros": 19,
    }
    document["context"]["usage"] = [
        {"kind": "budget", "key": "hr/team:hr", "period": "month", "part": 0.81, **budget},
        {
            "kind": "limit",
            "key": "k",
            "window_s": 60,
            "quantity": "tokens",
            "most": 9,
            "used": 1,
            "remaining": 8,
        }
        | {"part": 0.1},
    ]
    jsonschema.Draft7Validator(schemas["input"]).validate(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("surprise",), 1),
        (("subject", "type"), "root"),
        (("subject", "id"), ""),
        (("subject", "id"), "a" * 513),
        (("subject", "properties", "team"), None),
        (("subject", "properties", "roles"), ["r"] * 65),
        (("subject", "properties", "roles"), "engineer"),
        (("subject", "properties", "claims"), {f"c{n}": 1 for n in range(33)}),
        (("subject", "properties", "claims"), {"nested": {"a": 1}}),
        (("subject", "properties", "authentication", "age_s"), -1),
        (("subject", "properties", "authentication", "method"), "header"),
        (("action", "name"), "images.generate"),
        (("action", "properties"), {}),
        (("action", "properties", "modalities"), ["smell"]),
        (("action", "properties", "choices"), 0),
        (("action", "properties", "choices"), 129),
        (("action", "properties", "choices"), None),
        (("resource", "type"), "catalogue"),
        (("resource", "properties"), {}),
        (("resource", "properties", "deployments"), [{"id": "echo"}]),
        (("context", "content"), {}),
        (("context", "content"), None),
        (("context", "content", "labels"), ["l" * 65]),
        (("context", "content", "text"), "a prompt"),
        (("context", "content", "injection"), 1.5),
        (("context", "content", "findings"), [{"entity": "IBAN_CODE", "count": 1, "text": "DE89..."}]),
        (("context", "reply"), {"finish": "stop"}),
        (("context", "reply"), {"finish": "stop", "tokens": {"completion": 1}, "findings": [], "text": "a"}),
        (("context", "usage"), [{"kind": "budget", "key": "hr/team:hr", "part": 0.8}]),
        (("context", "usage"), [{"kind": "limit", "key": "k", "quantity": "calls", "most": 9, "part": 0}]),
        (("resource", "properties", "deployment"), {"id": "echo"}),
        (("action", "name"), "bundle.read"),
    ],
)
def test_questions_refused(path: tuple[str, ...], value: Any, question: Question, schemas: Schemas) -> None:
    """What a policy must never see is no question: over-long, null, unknown or carrying text."""
    document = question()
    *parents, last = path
    place = document
    for parent in parents:
        place = place[parent]
    place[last] = value
    assert not jsonschema.Draft7Validator(schemas["input"]).is_valid(document)


def test_shipped_data_fits(schemas: Schemas) -> None:
    """The data of the shipped bundle has the shape that its authors are told."""
    data = bundle.read(default_path()).data
    assert list(data) == ["regent"]
    checking.check_data(data, {"regent": schemas["regent"]})


@pytest.mark.parametrize(
    "change",
    [
        {"roles": {"Analyst": {"models": ["demo-*"]}}},  # upper case would never match
        {"roles": {"analyst": {"models": ["GPT-4o"]}}},
        {"roles": {"analyst": {"models": [], "max_tokens": 0}}},
        {"teams": {"hr": {}}},
        {"residency": {"hr": {"zones": ["onprem"]}}},
        {"residency": {"hr": {"zones": [], "reason": {}}}},
        {"retention": {"payload": "full", "days": 1}},
        {"enforcement": {"residency": "loose"}},
        {"enforcement": {"Residency": "warn"}},
        {"administration": {"everybody": {"roles": ["a"]}}},
        {"grants": {"a": {"roles": ["a"], "models": ["*"], "until": "soon"}}},
        {"grants": {"a": {"roles": ["a"], "models": ["*"], "until": "2027-01-01T00:00:00+01:00"}}},
        {"kill_switch": {"labels": ["hr"]}},
        {"purposes": {"a": {"labels": ["hr"]}}},
        {"step_up": {"a": {"models": ["*"], "max_age": 5}}},
        {"time_windows": {"a": {"zone": "UTC", "windows": []}}},
        {"networks": {"a": {"ranges": ["10.0.0.1"]}}},
        {"exceptions": {"a": {"rule": "network", "until": "2027-01-01", "owner": "o", "reason": "r"}}},
        {"surprise": 1},
    ],
)
def test_data_refused(change: dict[str, Any], schemas: Schemas) -> None:
    """Slips that would loosen or break a rule are found by the schema."""
    data = {**bundle.read(default_path()).data["regent"], **change}
    with pytest.raises(BundleError, match=r"^bundle\.data_invalid: regent"):
        checking.check_data({"regent": data}, {"regent": schemas["regent"]})


@pytest.mark.parametrize(
    ("payload", "fits"), [("none", True), ("digest", True), ("sealed", True), ("full", False)]
)
def test_payloads_that_can_be_retained(payload: str, fits: bool, schemas: Schemas) -> None:  # noqa: FBT001 - a case
    """The contract names what the gateway can keep, nothing being the least."""
    obligations = [
        {"kind": "route", "deployments": ["echo"], "strategy": "ordered"},
        {"kind": "retain", "payload": payload, "days": 1},
    ]
    decision = {"allow": True, "reasons": [], "obligations": obligations, "advice": []}
    assert fits == jsonschema.Draft7Validator(schemas["decision"]).is_valid(decision)


@pytest.mark.parametrize(
    "decision",
    [
        {"allow": False, "reasons": [], "obligations": [], "advice": []},  # a refusal without a reason
        {"allow": True, "reasons": [], "obligations": [{"kind": "mask"}], "advice": []},
        {
            "allow": True,
            "reasons": [],
            "obligations": [{"kind": "route", "deployments": [], "strategy": "ordered"}],
            "advice": [],
        },
        {"allow": "true", "reasons": [], "obligations": [], "advice": []},
        {"allow": True, "reasons": [], "obligations": []},
    ],
)
def test_decisions_refused(decision: dict[str, Any], schemas: Schemas) -> None:
    """An answer that the gateway couldn't obey is no decision."""
    assert not jsonschema.Draft7Validator(schemas["decision"]).is_valid(decision)
