"""AST objects: values that policies pass in a text's place, to the documents that they describe.

They are read as Go's `encoding/json` reads them into gqlparser's structures, peculiarities included:
names match in any case, except in the nodes of selections; what has no name in a structure is passed over;
null is the empty value; a wrong type is an error, except in a selection set,
where the structures of fragments are tried in place of a field's, and what is none of these is passed over.
So the object that OPA shows for `...Name` is read back as a field of that name.

Longer than most modules: half of it is the table of structures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from rego import utf8
from rego.graphql.ast import (
    ABSENT,
    Argument,
    ArgumentDefinition,
    ChildValue,
    Comment,
    CommentGroup,
    Definition,
    Directive,
    DirectiveDefinition,
    EnumValueDefinition,
    Field,
    FieldDefinition,
    FragmentDefinition,
    FragmentSpread,
    InlineFragment,
    OperationDefinition,
    OperationTypeDefinition,
    QueryDocument,
    SchemaDefinition,
    SchemaDocument,
    Type,
    Value,
    VariableDefinition,
    go_names,
)
from rego.graphql.errors import GraphQLError
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rego.graphql.ast import Selection

    _Decoder = Callable[[Any, Any], Any]


@dataclass(slots=True)
class _Source:
    name: str = ""
    input: str = ""
    built_in: bool = False


@dataclass(slots=True)
class _Position:
    """Where a node stood in its text; read, because it may be wrong, and then forgotten."""

    start: int = 0
    end: int = 0
    line: int = 0
    column: int = 0
    src: _Source | None = None


_INT64: Final = 2**63
_POSITION: Final = "position"


def decode_query(value: Mapping[str, Any]) -> QueryDocument:
    """Return the query that an object describes.

    Args:
        value: A Rego value; what it would be as JSON counts, so a set is a list.

    Raises:
        GraphQLError: Something in it has the wrong type.
    """
    found: QueryDocument = _struct(QueryDocument, value)
    return found


def decode_schema(value: Mapping[str, Any]) -> SchemaDocument:
    """Return the schema document that an object describes; as `decode_query`."""
    found: SchemaDocument = _struct(SchemaDocument, value)
    return found


def _struct(kind: type, value: Any, held: Any = None) -> Any:
    """Return a structure with what an object says; a structure that is already there is filled."""
    if type(value) is not dict:
        raise _wrong(kind)
    made = kind() if held is None or held is ABSENT else held
    given = _exact(value) if kind in _EXACT else _folded(value)
    for attribute, name, decode in _members(kind):
        for part in given.get(name, ()):
            found = decode(part, getattr(made, attribute, None))
            if attribute != _POSITION:
                setattr(made, attribute, found)
    return made


def _exact(value: dict[Any, Any]) -> dict[str, tuple[Any]]:
    return {name: (item,) for name, item in value.items()}


def _folded(value: dict[Any, Any]) -> dict[str, list[Any]]:
    """Return an object with its names in the form in which Go compares names in any case.

    What has one name then is in the order in which Go writes an object's names.
    """
    found: dict[str, list[Any]] = {}
    for name in sorted(name for name in value if type(name) is str):
        found.setdefault(name.lower().replace("\u017f", "s"), []).append(value[name])
    return found


def _wrong(kind: type) -> GraphQLError:
    return GraphQLError(f"json: cannot unmarshal a value into a GraphQL {kind.__name__}")


# A decoder takes a value and what its attribute holds, and returns what it holds then.


def _text(value: Any, held: Any) -> Any:
    if value is not None and type(value) is not str:
        raise _wrong(str)
    return held if value is None else utf8.shown(value)


def _flag(value: Any, held: Any) -> Any:
    if value is not None and type(value) is not bool:
        raise _wrong(bool)
    return held if value is None else value


def _whole(value: Any, held: Any) -> Any:
    if value is not None and (type(value) is not int or not -_INT64 <= value < _INT64):
        raise _wrong(int)
    return held if value is None else value


def _one(kind: type, null: Any = None) -> _Decoder:
    """Return the decoder of a pointer to a structure."""
    return lambda value, held: null if value is None else _struct(kind, value, held)


def _many(kind: type) -> _Decoder:
    """Return the decoder of a list of pointers to structures."""

    def decode(value: Any, held: Any) -> Sequence[Any]:
        if value is None:
            return ()
        items = _items(value)
        pairs = zip_longest(items, held[: len(items)])
        return [ABSENT if item is None else _struct(kind, item, old) for item, old in pairs]

    return decode


def _items(value: Any) -> list[Any]:
    if isinstance(value, RegoSet):
        return value.sorted()
    if not isinstance(value, list):
        raise _wrong(list)
    return value


def _texts(value: Any, held: Any) -> Sequence[str]:
    if value is None:
        return ()
    items = _items(value)
    return [_text(item, old) for item, old in zip_longest(items, held[: len(items)], fillvalue="")]


def _selections(value: Any, _: Any) -> Sequence[Selection]:
    if value is None:
        return ()
    return [made for item in _items(value) if (made := _selection(item)) is not None]


def _selection(value: Any) -> Selection | None:
    if value is None:
        return Field()
    kinds: tuple[type[Selection], ...] = (Field, FragmentSpread, InlineFragment)
    for kind in kinds:
        try:
            made: Selection = _struct(kind, value)
        except GraphQLError:
            continue
        return made
    return None


_COMMENT: Final = _one(CommentGroup)
_DESCRIBED: Final[Mapping[str, _Decoder]] = {
    "description": _text,
    "before_description_comment": _COMMENT,
    "after_description_comment": _COMMENT,
}
#: The structures that Go reads by code of gqlparser's own, which asks for exact names.
_EXACT: Final = frozenset({Field, InlineFragment, FragmentDefinition, OperationDefinition})
# What can nest selections stands last in its structure: where an earlier part is wrong nothing was read in
# vain, and trying the next structure cannot double the work at every level.
_STRUCTURES: Final[Mapping[type, Mapping[str, _Decoder]]] = {
    _Source: {"name": _text, "input": _text, "built_in": _flag},
    _Position: {"start": _whole, "end": _whole, "line": _whole, "column": _whole, "src": _one(_Source)},
    Comment: {"value": _text, _POSITION: _one(_Position)},
    CommentGroup: {"list": _many(Comment)},
    Type: {"named_type": _text, "non_null": _flag, "elem": _one(Type)},
    Value: {
        "raw": _text,
        "kind": _whole,
        "expected_type_has_default": _flag,
        "comment": _COMMENT,
        "children": _many(ChildValue),
        "definition": _one(Definition),
        "variable_definition": _one(VariableDefinition),
        "expected_type": _one(Type),
    },
    ChildValue: {"name": _text, "comment": _COMMENT, "value": _one(Value, ABSENT)},
    Argument: {"name": _text, "comment": _COMMENT, "value": _one(Value, ABSENT)},
    Directive: {
        "name": _text,
        "location": _text,
        "arguments": _many(Argument),
        "parent_definition": _one(Definition),
        "definition": _one(DirectiveDefinition),
    },
    Field: {
        "alias": _text,
        "name": _text,
        _POSITION: _one(_Position),
        "arguments": _many(Argument),
        "directives": _many(Directive),
        "definition": _one(FieldDefinition, ABSENT),
        "object_definition": _one(Definition, ABSENT),
        "selection_set": _selections,
    },
    FragmentSpread: {
        "name": _text,
        "comment": _COMMENT,
        "directives": _many(Directive),
        "object_definition": _one(Definition, ABSENT),
        "definition": _one(FragmentDefinition, ABSENT),
    },
    InlineFragment: {
        "type_condition": _text,
        _POSITION: _one(_Position),
        "directives": _many(Directive),
        "object_definition": _one(Definition, ABSENT),
        "selection_set": _selections,
    },
    VariableDefinition: {
        "variable": _text,
        "used": _flag,
        "comment": _COMMENT,
        "type": _one(Type, ABSENT),
        "default_value": _one(Value),
        "directives": _many(Directive),
        "definition": _one(Definition),
    },
    FragmentDefinition: {
        "name": _text,
        "type_condition": _text,
        _POSITION: _one(_Position),
        "variable_definition": _many(VariableDefinition),
        "directives": _many(Directive),
        "definition": _one(Definition),
        "selection_set": _selections,
    },
    OperationDefinition: {
        "operation": _text,
        "name": _text,
        _POSITION: _one(_Position),
        "variable_definitions": _many(VariableDefinition),
        "directives": _many(Directive),
        "selection_set": _selections,
    },
    QueryDocument: {
        "comment": _COMMENT,
        "operations": _many(OperationDefinition),
        "fragments": _many(FragmentDefinition),
    },
    ArgumentDefinition: {
        **_DESCRIBED,
        "name": _text,
        "default_value": _one(Value),
        "type": _one(Type, ABSENT),
        "directives": _many(Directive),
    },
    FieldDefinition: {
        **_DESCRIBED,
        "name": _text,
        "arguments": _many(ArgumentDefinition),
        "default_value": _one(Value),
        "type": _one(Type, ABSENT),
        "directives": _many(Directive),
    },
    EnumValueDefinition: {**_DESCRIBED, "name": _text, "directives": _many(Directive)},
    DirectiveDefinition: {
        **_DESCRIBED,
        "name": _text,
        "is_repeatable": _flag,
        "locations": _texts,
        "arguments": _many(ArgumentDefinition),
    },
    Definition: {
        **_DESCRIBED,
        "kind": _text,
        "name": _text,
        "built_in": _flag,
        "interfaces": _texts,
        "types": _texts,
        "directives": _many(Directive),
        "fields": _many(FieldDefinition),
        "enum_values": _many(EnumValueDefinition),
        "end_of_definition_comment": _COMMENT,
    },
    OperationTypeDefinition: {"operation": _text, "type": _text, "comment": _COMMENT},
    SchemaDefinition: {
        **_DESCRIBED,
        "directives": _many(Directive),
        "operation_types": _many(OperationTypeDefinition),
        "end_of_definition_comment": _COMMENT,
    },
    SchemaDocument: {
        "comment": _COMMENT,
        "schema": _many(SchemaDefinition),
        "schema_extension": _many(SchemaDefinition),
        "directives": _many(DirectiveDefinition),
        "definitions": _many(Definition),
        "extensions": _many(Definition),
    },
}


@cache
def _members(kind: type) -> list[tuple[str, str, _Decoder]]:
    """Return a structure's attributes with the names that its objects have for them, and how to read them."""
    names = {**dict(go_names(kind)), _POSITION: "Position"}
    exact = kind in _EXACT
    return [
        (attribute, names[attribute] if exact else names[attribute].lower(), decode)
        for attribute, decode in _STRUCTURES[kind].items()
    ]
