"""What must hold of a schema's definitions; knows nothing of how they came together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rego.graphql.ast import ENUM, INPUT_OBJECT, INTERFACE, OBJECT, Kind
from rego.graphql.errors import GraphQLError
from rego.graphql.graphs import is_cyclic
from rego.graphql.types import is_compatible, is_covariant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rego.graphql.ast import (
        ArgumentDefinition,
        Definition,
        Directive,
        DirectiveDefinition,
        FieldDefinition,
        SchemaDefinition,
        Type,
    )

#: What a schema can have a root type for.
OPERATIONS: Final = frozenset({"query", "mutation", "subscription"})
_NO_VALUES: Final = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class SchemaRules:
    """The rules, over everything that a schema defines; whoever breaks one is told by a `GraphQLError`.

    Args:
        types: By name.
        directives: By name.
        possible: By a type's name, the names of the types that its values can have.
    """

    types: Mapping[str, Definition]
    directives: Mapping[str, DirectiveDefinition]
    possible: Mapping[str, frozenset[str]]

    def check_roots(self, part: SchemaDefinition) -> dict[str, str]:
        """Check `schema {}` or an extension of it; return the names of its root types by operation."""
        for root in part.operation_types:
            if root.type not in self.types:
                raise GraphQLError(
                    f"Schema root {root.operation} refers to a type {root.type} that does not exist."
                )
        self._check_directives(part.directives, "SCHEMA")
        return {root.operation: root.type for root in part.operation_types if root.operation in OPERATIONS}

    def check_definitions(self) -> None:
        """Check all types and directives."""
        for definition in self.types.values():
            self._check_definition(definition)
        self._check_input_cycles()
        for directive in self.directives.values():
            _check_name(directive.name)
            self._check_arguments(directive.arguments, directive)

    # ── types ───────────────────────────────────────────────────────────────────────────────────

    def _check_definition(self, definition: Definition) -> None:
        for field in definition.fields:
            self._check_field(definition, field)
        self._check_members(definition)
        interfaces = frozenset(definition.interfaces)
        for interface in interfaces:
            self._check_implements(definition, interface, interfaces)
        if definition.kind in {OBJECT, INTERFACE, INPUT_OBJECT} and not definition.fields:
            raise GraphQLError(f"{definition.kind} {definition.name}: must define one or more fields.")
        self._check_enum(definition)
        if len(definition.fields_by_name) < len(definition.fields):
            raise GraphQLError(f"Fields of {definition.name} can only be defined once.")
        if not definition.built_in:
            _check_name(definition.name)
        # Directives of a type and of its extensions stand in one list: each is a place of its own.
        self._check_directives(definition.directives, definition.kind, once=False)

    def _check_field(self, definition: Definition, field: FieldDefinition) -> None:
        _check_name(field.name)
        kind = self._type(field.type).kind
        self._check_arguments(field.arguments, None)
        takes_input = definition.kind == INPUT_OBJECT
        self._check_directives(
            field.directives, "INPUT_FIELD_DEFINITION" if takes_input else "FIELD_DEFINITION"
        )
        if takes_input and not self._type(field.type).is_input:
            raise GraphQLError(f"{kind} {field.name}: field must be one of SCALAR, ENUM, INPUT_OBJECT.")
        given = self._type(field.type)
        if definition.kind in {OBJECT, INTERFACE} and not (given.is_composite or given.is_leaf):
            raise GraphQLError(
                f"{definition.kind} {definition.name}: field must be one of "
                "SCALAR, OBJECT, INTERFACE, UNION, ENUM."
            )

    def _check_members(self, definition: Definition) -> None:
        for name in definition.types:
            member = self.types.get(name)
            if member is None:
                raise GraphQLError(f'Undefined type "{name}".')
            if member.kind != OBJECT:
                raise GraphQLError(f'{definition.kind} type "{name}" must be OBJECT.')
        if len(set(definition.types)) < len(definition.types):
            raise GraphQLError(f"Union type {definition.name} can only include a type once.")

    def _check_enum(self, definition: Definition) -> None:
        names = {value.name for value in definition.enum_values}
        if len(names) < len(definition.enum_values):
            raise GraphQLError(f"Enum values of {definition.name} can only be defined once.")
        if definition.kind != ENUM:
            return
        if not names:
            raise GraphQLError(f"ENUM {definition.name}: must define one or more unique enum values.")
        if not names.isdisjoint(_NO_VALUES):
            raise GraphQLError(f"ENUM {definition.name}: true, false and null are no enum values.")
        for value in definition.enum_values:
            self._check_directives(value.directives, "ENUM_VALUE")

    def _check_input_cycles(self) -> None:
        """Refuse input objects that need themselves: no value could be written."""
        graph = {
            name: [field.type.named_type for field in definition.fields if field.type.non_null]
            for name, definition in self.types.items()
            if definition.kind == INPUT_OBJECT
        }
        if is_cyclic(graph):
            raise GraphQLError(
                "Cannot reference an Input Object within itself through a series of non-null fields."
            )

    # ── interfaces ──────────────────────────────────────────────────────────────────────────────

    def _check_implements(self, definition: Definition, name: str, implemented: frozenset[str]) -> None:
        interface = self.types.get(name)
        if interface is None:
            raise GraphQLError(f'Undefined type "{name}".')
        if interface.kind != INTERFACE:
            raise GraphQLError(f'"{name}" is a non interface type {interface.kind}.')
        for field in interface.fields:
            found = definition.fields_by_name.get(field.name)
            if found is None:
                raise GraphQLError(
                    f"For {definition.name} to implement {name} it must have a field called {field.name}."
                )
            reason = self._mismatch(field, found)
            if reason is not None:
                raise GraphQLError(f"For {definition.name} to implement {name} {reason}.")
        for ancestor in interface.interfaces:
            if ancestor not in implemented:
                raise GraphQLError(
                    f"Type {definition.name} must implement {ancestor} because it is implemented by {name}."
                )

    def _mismatch(self, required: FieldDefinition, found: FieldDefinition) -> str | None:
        """Return why a field is not what an interface asks for, or None where it is."""
        name = required.name
        if not is_covariant(required.type, found.type, self.possible):
            return f"the field {name} must have type {required.type.text()}"
        for argument in required.arguments:
            given = found.arguments_by_name.get(argument.name)
            if given is None:
                return f"the field {name} must have the same arguments but it is missing {argument.name}"
            if not is_compatible(argument.type, given.type):
                return f"the field {name} must have the same arguments but {argument.name} has the wrong type"
        for argument in found.arguments:
            if argument.name not in required.arguments_by_name and _is_required(argument):
                return (
                    f"any additional arguments on {name} must be optional or have a default value "
                    f"but {argument.name} is required"
                )
        return None

    # ── what types, fields and directives consist of ────────────────────────────────────────────

    def _type(self, reference: Type) -> Definition:
        found = self.types.get(reference.name())
        if found is None:
            raise GraphQLError(f"Undefined type {reference.name()}.")
        return found

    def _check_arguments(
        self, arguments: Sequence[ArgumentDefinition], directive: DirectiveDefinition | None
    ) -> None:
        """Check what a field or a directive takes; the arguments of a directive cannot use it."""
        for argument in arguments:
            _check_name(argument.name)
            kind = self._type(argument.type)
            if not kind.is_input:
                raise GraphQLError(
                    f"cannot use {argument.type.text()} as argument {argument.name} "
                    f"because {kind.kind} is not a valid input type"
                )
            if directive is not None and any(used.name == directive.name for used in argument.directives):
                raise GraphQLError(f"Directive {directive.name} cannot refer to itself.")
            self._check_directives(argument.directives, "ARGUMENT_DEFINITION")

    def _check_directives(self, used: Sequence[Directive], location: str, *, once: bool = True) -> None:
        seen: set[str] = set()
        for directive in used:
            name = directive.name
            _check_name(name)
            definition = self.directives.get(name)
            if definition is None:
                raise GraphQLError(f"Undefined directive {name}.")
            if once and name in seen and not definition.is_repeatable:
                raise GraphQLError(f"The directive {name} can only be used once at this location.")
            seen.add(name)
            if location not in definition.locations:
                raise GraphQLError(f"Directive {name} is not applicable on {location}.")
            _check_given(directive, definition)


def _check_given(directive: Directive, definition: DirectiveDefinition) -> None:
    """Check the arguments that a directive is given."""
    for argument in directive.arguments:
        if argument.name not in definition.arguments_by_name:
            raise GraphQLError(f"Undefined argument {argument.name} for directive {directive.name}.")
    given = {argument.name: argument for argument in reversed(directive.arguments)}
    for taken in definition.arguments:
        name = taken.name
        if _is_required(taken) and (name not in given or given[name].value.kind == Kind.NULL):
            raise GraphQLError(f"Argument {name} for directive {directive.name} cannot be null.")


def _is_required(argument: ArgumentDefinition) -> bool:
    return argument.type.non_null and argument.default_value is None


def _check_name(name: str) -> None:
    if name.startswith("__"):
        raise GraphQLError(
            f'Name "{name}" must not begin with "__", which is reserved by GraphQL introspection.'
        )
