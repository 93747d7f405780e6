"""JSON schemas in gojsonschema's manner: its words, its quirks, and nothing fetched."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from rego.builtins.context import Context, Patterns
from rego.builtins.schemas import CONTEXTUAL
from rego.errors import BuiltinError, EvaluationError

CONTEXT = Context(0, None, Patterns())
DRAFT_4, DRAFT_7 = (f"http://json-schema.org/draft-0{number}/schema#" for number in (4, 7))


def match(document: Any, schema: Any) -> list[tuple[str, str, str]]:
    """Return what is wrong with a document: kind, field and description of each fault."""
    valid, faults = CONTEXTUAL["json.match_schema"](CONTEXT, document, schema)
    assert valid is not bool(faults)
    assert all(fault["error"] == f"{fault['field']}: {fault['desc']}" for fault in faults)
    return [(fault["type"], fault["field"], fault["desc"]) for fault in faults]


def verify(schema: Any) -> list[Any]:
    """Return whether a document is a schema, and why it is none."""
    found: list[Any] = CONTEXTUAL["json.verify_schema"](CONTEXT, schema)
    return found


@pytest.mark.parametrize(
    ("schema", "document", "expected"),
    [
        (
            {"type": "string"},
            {},
            [("invalid_type", "(Root)", "Invalid type. Expected: string, given: object")],
        ),
        (
            {"type": ["string", "null"]},
            [],
            [("invalid_type", "(Root)", "Invalid type. Expected: [string,null], given: array")],
        ),
        ({"items": {"type": "integer"}}, [1, 1.0, Decimal("1e300")], []),
        ({"required": ["a"]}, {"b": 1}, [("required", "(Root)", "a is required")]),
        (
            {"properties": {"a": {"properties": {"b": {"minimum": 1000000.5}}}}},
            {"a": {"b": 1}},
            [("number_gte", "a.b", "Must be greater than or equal to 1.0000005e+06")],
        ),
        (
            {"items": {"enum": [1, "<a>", {"b": 2, "a": 1e21}]}},
            [9],
            [("enum", "0", '0 must be one of the following: 1, "\\u003ca\\u003e", {"a":1e+21,"b":2}')],
        ),
        ({"items": {"enum": []}}, [9], [("enum", "0", "0 must be one of the following: ")]),
        (
            {"anyOf": [{"type": "string"}, {"required": ["a", "b"]}]},
            {"a": 1},
            [
                ("number_any_of", "(Root)", "Must validate at least one schema (anyOf)"),
                ("required", "(Root)", "b is required"),
            ],
        ),
        (
            {"oneOf": [{}, {}]},
            [],
            [("number_one_of", "(Root)", "Must validate one and only one schema (oneOf)")],
        ),
        (
            {"additionalProperties": False, "patternProperties": {"^x": {}}},
            {"xa": 1, "b": 1},
            [("additional_property_not_allowed", "(Root)", "Additional property b is not allowed")],
        ),
        (
            {"uniqueItems": True},
            [1, 2, 1.0],
            [("unique", "(Root)", "array items[0,2] must be unique")],
        ),
        ({"$schema": DRAFT_4, "const": 1, "if": False, "propertyNames": False}, {"a": 1}, []),
        (
            {"$schema": DRAFT_7, "if": {"required": ["a"]}, "then": {"required": ["b"]}},
            {"a": 1},
            [
                ("condition_then", "(Root)", 'Must validate "then" as "if" was valid'),
                ("required", "(Root)", "b is required"),
            ],
        ),
        ({"$schema": DRAFT_4, "minimum": 1, "exclusiveMinimum": True}, {}, []),
        ({"items": {"format": "email"}}, ["a@b", "A B <a@b>"], []),
        ({"items": {"format": "date"}}, ["0000-02-29"], []),
        ({"items": {"format": "unheard-of"}}, ["x"], []),
        ({"properties": {"a": {"$ref": "#/definitions/n"}}, "definitions": {"n": {"not": {}}}}, {"b": 1}, []),
        ({"items": {"$ref": DRAFT_7}}, [{"type": "array"}], []),
    ],
)
def test_faults_have_gojsonschemas_words(
    schema: Any, document: Any, expected: list[tuple[str, str, str]]
) -> None:
    """What is wrong with a document is said as OPA says it, and in its order, from values and from texts."""
    assert expected == match(document, schema)
    assert expected == match(json.dumps(document, default=float), json.dumps(schema))


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (
            {"type": "int"},
            (
                "has a primitive type that is NOT VALID -- given: /int/ Expected valid values "
                "are:[array boolean integer number null object string]"
            ),
        ),
        ({"minimum": True}, "minimum must be of a Number"),
        ({"minLength": 2, "maxLength": 1}, "minLength cannot be greater than maxLength"),
        ({"pattern": "(?=a)"}, "pattern must be a valid regex"),
        ({"required": ["a", "a"]}, "required items must be unique"),
        ({"$ref": "#/definitions/none"}, "Object has no key 'definitions'"),
        ({"$ref": "other.json"}, "Reference /other.json must be canonical"),
        ({"id": "#a", "items": {"id": "#a"}}, 'Reference already exists: "#a"'),
        ("{", "invalid JSON string"),
        ("NaN", "invalid JSON string"),
        (["a"], "schema is invalid"),
        (1, "wrong type, expected string or object"),
    ],
)
def test_what_is_no_schema_is_said_so(schema: Any, fault: str) -> None:
    """`json.verify_schema` says why; `json.match_schema` fails on the same."""
    assert [False, f"jsonschema: {fault}"] == verify(schema)
    with pytest.raises(BuiltinError):
        match({}, schema)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/x", "https://example.org/s#/a", "file:///etc/passwd", "ftp://h/x"]
)
def test_no_reference_leads_outside(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema from an input can't make the gateway send a request or read a file."""

    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("a reference was followed")

    monkeypatch.setattr("socket.socket.connect", fail)
    monkeypatch.setattr("builtins.open", fail)
    assert [False, f"jsonschema: remote reference loading disabled: {address}"] == verify({"$ref": address})


def test_a_schema_that_leads_back_to_itself_ends_the_evaluation() -> None:
    """OPA runs out of stack; here it is an error of the evaluation."""
    with pytest.raises(EvaluationError, match="eval_depth_exceeded"):
        match({}, {"$ref": "#"})


def test_branches_that_multiply_are_bounded() -> None:
    """Twenty levels of two branches each would be a million checks."""
    definitions: dict[str, Any] = {
        f"d{level}": {"allOf": [{"$ref": f"#/definitions/d{level + 1}"}] * 2} for level in range(40)
    }
    definitions["d40"] = {}
    with pytest.raises(EvaluationError, match="eval_budget_exceeded"):
        match({}, {"allOf": [{"$ref": "#/definitions/d0"}], "definitions": definitions})


def test_equal_documents_have_equal_answers() -> None:
    """The order of names in an object shows in no answer."""
    schema = {"additionalProperties": {"type": "string"}}
    assert match({"b": 1, "a": 2}, schema) == match({"a": 2, "b": 1}, schema)
