"""`graphql.*`: queries and schemas parsed and validated as OPA does it; GraphQL itself is `rego.graphql`'s.

A query or schema is a text, or an AST object as `graphql.parse_query` and `graphql.parse_schema` give it.
Where OPA answers `false` a text may be no GraphQL, a document invalid, or an operand of the wrong type.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from rego import utf8
from rego.builtins.operands import text, wrong_type
from rego.errors import BuiltinError
from rego.graphql.ast import value_of
from rego.graphql.decoding import decode_query, decode_schema
from rego.graphql.limits import too_deep
from rego.graphql.queries import parse_query
from rego.graphql.schema import build_schema
from rego.graphql.schemas import parse_schema
from rego.graphql.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.context import Context
    from rego.graphql.ast import QueryDocument, SchemaDocument
    from rego.graphql.schema import Schema
    from rego.values import Value

#: What is kept of schemas' texts, as many as OPA keeps; they are large.
_MAX_KEPT: Final = 10


class _Kept:
    """What was made of schemas' texts, for a policy that asks about one schema over and over.

    Threads may make a thing twice; each then gets an equal one. A full store is emptied.
    """

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def get(self, source: str, make: Callable[[str], Any]) -> Any:
        found = self._made.get(source)
        if found is None:
            found = make(source)
            if len(self._made) >= _MAX_KEPT:
                self._made = {}
            self._made[source] = found
        return found


def _query(operand: Value) -> QueryDocument:
    if type(operand) is str:
        return parse_query(utf8.shown(operand))
    if type(operand) is dict:
        return decode_query(operand)
    raise wrong_type(1, operand, "string", "object")


def _schema_document(operand: Value, place: int) -> SchemaDocument:
    if type(operand) is str:
        return parse_schema(utf8.shown(operand))
    if type(operand) is dict:
        return decode_schema(operand)
    raise wrong_type(place, operand, "string", "object")


def _schema(context: Context, operand: Value, place: int) -> Schema:
    if type(operand) is not str:
        return build_schema(_schema_document(operand, place))
    kept: _Kept = context.patterns.get(("graphql", "schemas"), _Kept)
    schema: Schema = kept.get(operand, lambda source: build_schema(_schema_document(source, place)))
    return schema


def _schema_value(context: Context, operand: Value, place: int) -> Value:
    if type(operand) is not str:
        return value_of(_schema_document(operand, place))
    kept: _Kept = context.patterns.get(("graphql", "schema values"), _Kept)
    return kept.get(operand, lambda source: value_of(_schema_document(source, place)))


def _parse_query(_: Context, query: Value) -> Value:
    return value_of(_query(text(query, 1)))


def _parse_schema(context: Context, schema: Value) -> Value:
    return _schema_value(context, text(schema, 1), 1)


def _parse(context: Context, query: Value, schema: Value) -> Value:
    document = _query(query)
    schema_value = _schema_value(context, schema, 2)
    valid = _schema(context, schema, 2)
    query_value = value_of(document)  # as it was written: validation writes into the document
    validate(valid, document)
    return [query_value, schema_value]


def _parse_and_verify(context: Context, query: Value, schema: Value) -> Value:
    try:
        return [True, *_parse(context, query, schema)]
    except BuiltinError:
        return [False, {}, {}]


def _is_valid(context: Context, query: Value, schema: Value) -> Value:
    try:
        document = _query(query)
        validate(_schema(context, schema, 2), document)
    except BuiltinError:
        return False
    return True


def _schema_is_valid(context: Context, schema: Value) -> Value:
    try:
        _schema(context, schema, 1)
    except BuiltinError:
        return False
    return True


def _shallow(function: Callable[..., Value]) -> Callable[..., Value]:
    """Return a builtin that ends the evaluation where AST objects are nested too deep for the stack.

    Texts are refused before, by `rego.graphql.limits`.
    """

    @wraps(function)
    def bounded(*operands: Any) -> Value:
        try:
            return function(*operands)
        except RecursionError:
            raise too_deep() from None

    return bounded


CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {
    "graphql.is_valid": _shallow(_is_valid),
    "graphql.parse": _shallow(_parse),
    "graphql.parse_and_verify": _shallow(_parse_and_verify),
    "graphql.parse_query": _shallow(_parse_query),
    "graphql.parse_schema": _shallow(_parse_schema),
    "graphql.schema_is_valid": _shallow(_schema_is_valid),
}
