"""The schema that a document makes, and whether it is a valid one; gqlparser's `ValidateSchemaDocument`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rego.graphql.ast import (
    INPUT_OBJECT,
    INTERFACE,
    OBJECT,
    UNION,
    ArgumentDefinition,
    Definition,
    FieldDefinition,
    Type,
)
from rego.graphql.errors import GraphQLError
from rego.graphql.prelude import prelude
from rego.graphql.schema_rules import SchemaRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rego.graphql.ast import DirectiveDefinition, SchemaDocument

#: Directives that a schema may define once more, in its own way.
_STANDARD: Final = frozenset({"include", "skip", "deprecated", "specifiedBy", "defer", "oneOf"})
_ROOTS: Final = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
_INTROSPECTION: Final = (
    FieldDefinition(name="__schema", type=Type("__Schema", non_null=True)),
    FieldDefinition(
        name="__type",
        type=Type("__Type"),
        arguments=(ArgumentDefinition(name="name", type=Type("String", non_null=True)),),
    ),
)


@dataclass(frozen=True, slots=True)
class Schema:
    """A valid schema; nothing in it is changed, so threads may share it.

    Args:
        types: By name, the prelude's, too.
        directives: By name, the prelude's, too.
        roots: The types of "query", "mutation" and "subscription", as far as there are such.
        possible: By a type's name, the names of the types that its values can have.
    """

    types: Mapping[str, Definition]
    directives: Mapping[str, DirectiveDefinition]
    roots: Mapping[str, Definition]
    possible: Mapping[str, frozenset[str]]


def build_schema(document: SchemaDocument) -> Schema:
    """Return the schema that a document and the prelude make.

    Raises:
        GraphQLError: The schema is invalid.
    """
    try:
        return _build(document)
    except GraphQLError as error:
        raise GraphQLError(f"Error in gqlparser SchemaDocument to Schema conversion: {error}") from None


def _build(document: SchemaDocument) -> Schema:
    types = _extended(_declared(document), document.extensions)
    rules = SchemaRules(types, _directives(document), _possible(types.values()))
    if len(document.schema) > 1:
        raise GraphQLError("Cannot have multiple schema entry points, consider schema extensions instead.")
    roots: dict[str, str] = {}
    for part in (*document.schema, *document.schema_extension):
        roots |= rules.check_roots(part)
    rules.check_definitions()
    if not document.schema:
        roots = {**{root: name for root, name in _ROOTS.items() if name in types}, **roots}
    if "query" in roots:
        query = types[roots["query"]]
        types[query.name] = replace(query, fields=[*query.fields, *_INTROSPECTION])
    named = {root: types[name] for root, name in roots.items()}
    return Schema(types, rules.directives, named, rules.possible)


def _declared(document: SchemaDocument) -> dict[str, Definition]:
    types: dict[str, Definition] = {}
    for definition in (*prelude().definitions, *document.definitions):
        if definition.name in types:
            raise GraphQLError(f"Cannot redeclare type {definition.name}.")
        types[definition.name] = definition
    return types


def _extended(types: dict[str, Definition], extensions: Iterable[Definition]) -> dict[str, Definition]:
    """Return types with their extensions; to extend what isn't there makes it."""
    parts: dict[str, list[Definition]] = {}
    for extension in extensions:
        made = Definition(kind=extension.kind, name=extension.name)
        definition = types.setdefault(extension.name, made)
        if definition.kind != extension.kind:
            raise GraphQLError(
                f"Cannot extend type {extension.name} because the base type is a {definition.kind}, "
                f"not {extension.kind}."
            )
        parts.setdefault(extension.name, [definition]).append(extension)
    for name, found in parts.items():
        types[name] = replace(
            found[0],
            directives=[directive for part in found for directive in part.directives],
            interfaces=[interface for part in found for interface in part.interfaces],
            fields=[field for part in found for field in part.fields],
            types=[member for part in found for member in part.types],
            enum_values=[value for part in found for value in part.enum_values],
        )
    return types


def _possible(types: Iterable[Definition]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for definition in types:
        if definition.kind == UNION:
            found.setdefault(definition.name, set()).update(definition.types)
        if definition.kind in {INPUT_OBJECT, OBJECT, INTERFACE}:
            for interface in definition.interfaces:
                found.setdefault(interface, set()).add(definition.name)
        if definition.kind in {INPUT_OBJECT, OBJECT}:
            found.setdefault(definition.name, set()).add(definition.name)
    return {name: frozenset(names) for name, names in found.items()}


def _directives(document: SchemaDocument) -> dict[str, DirectiveDefinition]:
    found: dict[str, DirectiveDefinition] = {}
    for directive in (*prelude().directives, *document.directives):
        if directive.name in found and directive.name not in _STANDARD:
            raise GraphQLError(f"Cannot redeclare directive {directive.name}.")
        found[directive.name] = directive
    return found
