"""Whether a query is valid for a schema: gqlparser's default rules, the cheap ones first.

gqlparser collects the errors of all rules; here the first one ends the validation,
since all that OPA tells is whether there is one, and its text.

Longer than most modules: the rules for an operation share what is known at each of its selections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rego.graphql.ast import Field, FieldDefinition, FragmentSpread, Type
from rego.graphql.errors import GraphQLError
from rego.graphql.graphs import is_cyclic
from rego.graphql.limits import Work
from rego.graphql.overlap import check_overlap
from rego.graphql.values import ValueRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rego.graphql.ast import (
        Definition,
        FragmentDefinition,
        InlineFragment,
        OperationDefinition,
        QueryDocument,
        Selection,
    )
    from rego.graphql.schema import Schema

    _Task = tuple[Sequence[Selection], Definition]

_TYPENAME: Final = FieldDefinition(name="__typename", type=Type("String"))
_LOCATIONS: Final = {"query": "QUERY", "mutation": "MUTATION", "subscription": "SUBSCRIPTION"}
#: Fields of introspection that list types; each within another makes an answer longer by a factor.
_LISTS: Final = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})
_MAX_LISTS: Final = 3


def validate(schema: Schema, document: QueryDocument) -> None:
    """Check a query, and write into its nodes which definitions they mean.

    Args:
        schema: What is asked.
        document: The query; it is changed, so no other thread may have it.

    Raises:
        GraphQLError: It is invalid.
        EvaluationError: It takes more work than `rego.graphql.limits` allows.
    """
    work = Work()
    fragments = _fragments(schema, document)
    _check_names(document)
    used: set[str] = set()
    for operation in document.operations:
        walk = _OperationRules(schema, fragments, operation, work)
        walk.check()
        used |= walk.spread
    for name in fragments:
        if name not in used:
            raise GraphQLError(f'Fragment "{name}" is never used.')
    if is_cyclic({name: _spread_in(fragment.selection_set) for name, fragment in fragments.items()}):
        raise GraphQLError("Cannot spread a fragment within itself.")
    check_overlap(document, fragments, schema.types, work)


def _fragments(schema: Schema, document: QueryDocument) -> dict[str, FragmentDefinition]:
    """Return the fragments by name; each is alone in its name and stands on a type that has fields."""
    found: dict[str, FragmentDefinition] = {}
    for fragment in document.fragments:
        if fragment.name in found:
            raise GraphQLError(f'There can be only one fragment named "{fragment.name}".')
        found[fragment.name] = fragment
        _conditioned(schema, fragment.type_condition)
    return found


def _conditioned(schema: Schema, name: str) -> Definition:
    """Return the type that a fragment is on; it must have fields or members."""
    definition = schema.types.get(name)
    if definition is None:
        raise GraphQLError(f'Unknown type "{name}".')
    if not definition.is_composite:
        raise GraphQLError(f'Fragment cannot condition on non composite type "{name}".')
    return definition


def _check_names(document: QueryDocument) -> None:
    """Check that an operation is alone where it has no name, and alone in its name."""
    names = [operation.name for operation in document.operations]
    if "" in names and len(names) > 1:
        raise GraphQLError("This anonymous operation must be the only defined operation.")
    if len(set(names)) < len(names):
        raise GraphQLError("There can be only one operation of a name.")


def _spread_in(selection_set: Sequence[Selection]) -> list[str]:
    """Return the names of the fragments that are spread at any depth, but not those within these."""
    found, sets = [], [selection_set]
    while sets:
        for selection in sets.pop():
            if isinstance(selection, FragmentSpread):
                found.append(selection.name)
            else:
                sets.append(selection.selection_set)
    return found


class _OperationRules:
    """The rules for one operation and all that it spreads, without recursion into selections."""

    def __init__(
        self,
        schema: Schema,
        fragments: Mapping[str, FragmentDefinition],
        operation: OperationDefinition,
        work: Work,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._operation = operation
        self._work = work
        self._values = ValueRules(schema, operation, work)
        self._tasks: list[_Task] = []
        self._introspections: list[Field] = []
        self.spread: set[str] = set()
        """The fragments that the operation needs."""

    def check(self) -> None:
        """Check the operation.

        Raises:
            GraphQLError: It breaks a rule.
        """
        operation = self._operation
        kind = operation.operation or "query"
        root = self._schema.roots.get(kind)
        if root is None:
            raise GraphQLError(f'Schema does not support operation type "{operation.operation}"')
        self._values.check_variables()
        self._values.check_directives(operation.directives, _LOCATIONS[kind])
        self._tasks.append((operation.selection_set, root))
        while self._tasks:
            selections, parent = self._tasks.pop()
            for selection in selections:
                self._work.spend()
                if isinstance(selection, Field):
                    self._check_field(selection, parent)
                elif isinstance(selection, FragmentSpread):
                    self._check_spread(selection, parent)
                else:
                    self._check_inline(selection, parent)
        for variable in operation.variable_definitions:
            if not variable.used:
                raise GraphQLError(f'Variable "${variable.variable}" is never used.')
        if kind == "subscription":
            self._check_single_field()
        self._check_introspections()

    # ── selections ──────────────────────────────────────────────────────────────────────────────

    def _check_field(self, field: Field, parent: Definition) -> None:
        name = field.name
        definition = _TYPENAME if name == "__typename" else parent.fields_by_name.get(name)
        if definition is None:
            raise GraphQLError(f'Cannot query field "{name}" on type "{parent.name}".')
        field.definition, field.object_definition = definition, parent
        where = f'field "{parent.name}.{name}"'
        self._values.check_arguments(
            field.arguments, definition.arguments, definition.arguments_by_name, where
        )
        self._values.check_directives(field.directives, "FIELD")
        kind = self._schema.types[definition.type.name()]
        if kind.is_leaf and field.selection_set:
            raise GraphQLError(
                f'Field "{name}" must not have a selection since type "{kind.name}" has no subfields.'
            )
        if not kind.is_leaf and not field.selection_set:
            raise GraphQLError(f'Field "{name}" of type "{kind.name}" must have a selection of subfields.')
        if field.selection_set:
            self._tasks.append((field.selection_set, kind))
        if name in {"__schema", "__type"}:
            self._introspections.append(field)

    def _check_inline(self, fragment: InlineFragment, parent: Definition) -> None:
        fragment.object_definition = parent
        inner = parent
        if fragment.type_condition:
            inner = _conditioned(self._schema, fragment.type_condition)
            self._check_possible(parent, inner)
        self._values.check_directives(fragment.directives, "INLINE_FRAGMENT")
        self._tasks.append((fragment.selection_set, inner))

    def _check_spread(self, spread: FragmentSpread, parent: Definition) -> None:
        fragment = self._fragments.get(spread.name)
        if fragment is None:
            raise GraphQLError(f'Unknown fragment "{spread.name}".')
        spread.definition, spread.object_definition = fragment, parent
        inner = self._schema.types[fragment.type_condition]
        self._check_possible(parent, inner)
        self._values.check_directives(spread.directives, "FRAGMENT_SPREAD")
        if spread.name not in self.spread:
            self.spread.add(spread.name)
            self._values.check_directives(fragment.directives, "FRAGMENT_DEFINITION")
            self._tasks.append((fragment.selection_set, inner))

    def _check_possible(self, parent: Definition, inner: Definition) -> None:
        """Check that a fragment can apply: that some object is of both types."""
        if not parent.is_composite:
            return
        possible = self._schema.possible
        outer = possible.get(parent.name, frozenset())
        self._work.spend(1 + min(len(outer), len(possible.get(inner.name, ()))) // 100)
        if outer.isdisjoint(possible.get(inner.name, ())):
            raise GraphQLError(
                f'Fragment cannot be spread here as objects of type "{parent.name}" '
                f'can never be of type "{inner.name}".'
            )

    # ── rules with a view of their own ──────────────────────────────────────────────────────────

    def _expanded(self, root: Sequence[Selection]) -> list[Field]:
        """Return the fields of a selection set with its fragments, but not what is in these fields."""
        found: list[Field] = []
        sets, seen = [root], set()
        while sets:
            for selection in sets.pop():
                if isinstance(selection, Field):
                    found.append(selection)
                elif not isinstance(selection, FragmentSpread):
                    sets.append(selection.selection_set)
                elif selection.name not in seen:
                    seen.add(selection.name)
                    sets.append(self._fragments[selection.name].selection_set)
        return found

    def _check_single_field(self) -> None:
        names = {field.name for field in self._expanded(self._operation.selection_set)}
        if len(names) > 1:
            raise GraphQLError("A subscription must select only one top level field.")
        if any(name.startswith("__") for name in names):
            raise GraphQLError("A subscription must not select an introspection top level field.")

    def _check_introspections(self) -> None:
        """Check that introspection does not list types in lists of types in lists of types."""
        sets = [(field.selection_set, 0) for field in self._introspections]
        seen: set[tuple[str, int]] = set()
        while sets:
            selections, lists = sets.pop()
            self._work.spend(len(selections))
            for selection in selections:
                if isinstance(selection, FragmentSpread):
                    if (selection.name, lists) not in seen:
                        seen.add((selection.name, lists))
                        sets.append((self._fragments[selection.name].selection_set, lists))
                    continue
                deeper = lists + (isinstance(selection, Field) and selection.name in _LISTS)
                if deeper >= _MAX_LISTS:
                    raise GraphQLError("Maximum introspection depth exceeded")
                sets.append((selection.selection_set, deeper))
