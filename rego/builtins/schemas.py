"""`json.match_schema` and `json.verify_schema`: documents against JSON schemas, which can't reach outside."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.operands import refuse
from rego.errors import EvaluationError
from rego.gojsonschema.compiling import Schema, compiled
from rego.gojsonschema.validating import faults
from rego.gojsonschema.wording import SchemaError
from rego.output import to_json
from rego.values import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.context import Context
    from rego.values import Value


def _document(value: Value) -> Any:
    """Return a document as plain JSON of its own: a string is its text."""
    if type(value) in {dict, list}:
        return to_json(value)
    if type(value) is not str:
        raise SchemaError("wrong type, expected string or object")
    try:
        return json.loads(value, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise SchemaError("invalid JSON string") from error


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _compile(context: Context, value: Value) -> Schema:
    """Return a schema, compiled once for a policy: most policies have theirs in their text or data."""
    made: Schema = context.patterns.get(("schema", canonical(value)), lambda: compiled(_document(value)))
    return made


def _verify(context: Context, schema: Value) -> list[Value]:
    try:
        _compile(context, schema)
    except SchemaError as error:
        return [False, f"jsonschema: {error}"]
    except RecursionError:
        raise _too_deep() from None
    return [True, None]


def _match(context: Context, document: Value, schema: Value) -> list[Value]:
    try:
        found = _document(document)
        wrong = faults(_compile(context, schema), found)
    except SchemaError as error:
        raise refuse(str(error)) from error
    except RecursionError:
        raise _too_deep() from None
    return [
        not wrong,
        [
            {
                "error": f"{fault.field}: {fault.description}",
                "type": fault.kind,
                "field": fault.field,
                "desc": fault.description,
            }
            for fault in wrong
        ],
    ]


def _too_deep() -> EvaluationError:
    """Return the error for a schema that leads back to itself, or a document that is nested too deep."""
    return EvaluationError("eval_depth_exceeded", "a JSON schema or document is nested too deep")


CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {
    "json.match_schema": _match,
    "json.verify_schema": _verify,
}
