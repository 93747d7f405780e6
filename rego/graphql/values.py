"""Values in a query, and the arguments and directives that they stand in: gqlparser's rules for them.

Longer than most modules: values hold values, and what is found of one is asked of the one around it.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rego.graphql.ast import ENUM, SCALAR, Kind
from rego.graphql.errors import GraphQLError
from rego.graphql.types import is_compatible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rego.graphql.ast import (
        Argument,
        ArgumentDefinition,
        Definition,
        Directive,
        OperationDefinition,
        Type,
        Value,
    )
    from rego.graphql.limits import Work
    from rego.graphql.schema import Schema

_INT64: Final = 2**63
_KINDS: Final = frozenset(Kind)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}")
_DECIMAL: Final = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf(?:inity)?|nan)",
    re.ASCII | re.IGNORECASE,
)
_BOOLEANS: Final = frozenset(
    {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"}
)
#: Scalars of the standard, and as what their values may be written.
_WRITTEN_AS: Final[Mapping[str, frozenset[Kind]]] = {
    "Int": frozenset({Kind.INT}),
    "Float": frozenset({Kind.INT, Kind.FLOAT}),
    "String": frozenset({Kind.STRING, Kind.BLOCK}),
    "Boolean": frozenset({Kind.BOOLEAN}),
    "ID": frozenset({Kind.INT, Kind.STRING, Kind.BLOCK}),
}


class ValueRules:
    """The rules for one operation's values; whoever breaks one is told by a `GraphQLError`.

    Args:
        schema: What the operation is asked of.
        operation: Its variables are what values may use.
        work: What the validation may still do.
    """

    def __init__(self, schema: Schema, operation: OperationDefinition, work: Work) -> None:
        self._schema = schema
        self._work = work
        self._operation = operation
        self._variables = {made.variable: made for made in reversed(operation.variable_definitions)}
        self._unreadable: set[str] = set()

    def check_variables(self) -> None:
        """Check the definitions of the operation's variables; there can be only one of each name."""
        definitions = self._operation.variable_definitions
        if len(self._variables) < len(definitions):
            raise GraphQLError("There can be only one variable of a name.")
        for variable in definitions:
            definition = self._schema.types.get(variable.type.name())
            if definition is None:
                raise GraphQLError(f'Unknown type "{variable.type.name()}".')
            if not definition.is_input:
                raise GraphQLError(
                    f'Variable "${variable.variable}" cannot be non-input type "{variable.type.text()}".'
                )
        for variable in definitions:
            default = variable.default_value
            if default is not None:
                default.expected_type = variable.type
                default.definition = self._schema.types[variable.type.name()]
                if not self._check(default):
                    self._unreadable.add(variable.variable)
            self.check_directives(variable.directives, "VARIABLE_DEFINITION")

    def check_directives(self, directives: Sequence[Directive], location: str) -> None:
        """Check the directives of one node."""
        seen: set[str] = set()
        for directive in directives:
            name = directive.name
            definition = self._schema.directives.get(name)
            if definition is None:
                raise GraphQLError(f'Unknown directive "@{name}".')
            if name in seen and not definition.is_repeatable:
                raise GraphQLError(f'The directive "@{name}" can only be used once at this location.')
            seen.add(name)
            if location not in definition.locations:
                raise GraphQLError(f'Directive "@{name}" may not be used on {location}.')
            where = f'directive "@{name}"'
            self.check_arguments(
                directive.arguments, definition.arguments, definition.arguments_by_name, where
            )

    def check_arguments(
        self,
        given: Sequence[Argument],
        taken: Sequence[ArgumentDefinition],
        by_name: Mapping[str, ArgumentDefinition],
        where: str,
    ) -> None:
        """Check the arguments of a field or directive.

        Args:
            given: What a query has.
            taken: What the schema has.
            by_name: The same by name.
            where: What to call the field or directive.
        """
        self._work.spend(len(taken))
        names: set[str] = set()
        for argument in given:
            definition = by_name.get(argument.name)
            if definition is None:
                raise GraphQLError(f'Unknown argument "{argument.name}" on {where}.')
            if argument.name in names:
                raise GraphQLError(f'There can be only one argument named "{argument.name}".')
            names.add(argument.name)
            self._expect(argument.value, definition.type, definition.default_value)
            self._check(argument.value)
        for definition in taken:
            if definition.type.non_null and definition.default_value is None and definition.name not in names:
                raise GraphQLError(
                    f'Argument "{definition.name}" of type "{definition.type.text()}" on {where} '
                    "is required, but it was not provided."
                )

    def _expect(self, value: Value, expected: Type, default: Value | None) -> None:
        value.expected_type = expected
        value.expected_type_has_default = default is not None and default.kind != Kind.NULL
        value.definition = self._schema.types.get(expected.name())

    def _check(self, value: Value) -> bool:
        """Check a value and what is in it; return whether Go can read its literals."""
        self._work.spend()
        if value.kind == Kind.VARIABLE:
            readable = self._check_variable(value)
        elif value.kind == Kind.OBJECT:
            readable = self._check_members(value)
        elif value.kind == Kind.LIST:
            readable = self._check_items(value)
        else:
            readable = _is_readable(value)
        if value.definition is not None and value.expected_type is not None:
            _check_type(value, value.definition, value.expected_type, readable=readable)
        return readable

    def _check_variable(self, value: Value) -> bool:
        definition = value.variable_definition = self._variables.get(value.raw)
        if definition is None:
            raise GraphQLError(
                f'Variable "${value.raw}" is not defined by operation "{self._operation.name}".'
            )
        definition.used = True
        expected, default = value.expected_type, definition.default_value
        if expected is not None:
            has_default = default is not None and default.kind != Kind.NULL
            asked = (
                replace(expected, non_null=False)
                if has_default or value.expected_type_has_default
                else expected
            )
            if not is_compatible(definition.type, asked):
                raise GraphQLError(
                    f'Variable "${value.raw}" of type "{definition.type.text()}" used in position '
                    f'expecting type "{expected.text()}".'
                )
        return value.raw not in self._unreadable

    def _check_members(self, value: Value) -> bool:
        definition, names, readable = value.definition, set(), True
        only_one = definition is not None and any(used.name == "oneOf" for used in definition.directives)
        for child in value.children:
            if child.name in names:
                raise GraphQLError(f'There can be only one input field named "{child.name}".')
            names.add(child.name)
            field = None if definition is None else definition.fields_by_name.get(child.name)
            if field is not None:
                self._expect(child.value, field.type, field.default_value)
            readable &= self._check(child.value)
            variable = child.value.variable_definition if child.value.kind == Kind.VARIABLE else None
            if only_one and variable is not None and not variable.type.non_null:
                raise GraphQLError(
                    f'Variable "${child.value.raw}" is of type "{variable.type.text()}" '
                    "but must be non-nullable to be used for a OneOf Input Object."
                )
        return readable

    def _check_items(self, value: Value) -> bool:
        readable = True
        for child in value.children:
            if value.expected_type is not None and value.expected_type.elem is not None:
                child.value.expected_type = value.expected_type.elem
                child.value.definition = value.definition
            readable &= self._check(child.value)
        return readable


def _is_readable(value: Value) -> bool:
    """Tell whether Go can read a literal: even of custom scalars, if an input object has them."""
    match value.kind:
        case Kind.INT:
            return _INTEGER.fullmatch(value.raw) is not None and -_INT64 <= int(value.raw) < _INT64
        case Kind.FLOAT:
            return _DECIMAL.fullmatch(value.raw) is not None and (
                value.raw[-1] in "fFnNyY" or not math.isinf(float(value.raw))
            )
        case Kind.BOOLEAN:
            return value.raw in _BOOLEANS
        case _:
            return value.kind in _KINDS


def _check_type(value: Value, definition: Definition, expected: Type, *, readable: bool) -> None:
    """Check a value against the type that is expected where it stands."""
    if value.kind == Kind.NULL:
        right = not expected.non_null
    elif definition.kind == SCALAR and definition.name not in _WRITTEN_AS:
        return
    elif not readable:
        right = False
    elif value.kind == Kind.OBJECT:
        _check_object(value, definition)
        return
    elif value.kind == Kind.LIST:
        right = expected.elem is not None
    elif value.kind == Kind.ENUM:
        right = definition.kind == ENUM and value.raw in definition.value_names
    else:
        right = value.kind == Kind.VARIABLE or value.kind in _WRITTEN_AS.get(definition.name, ())
    if not right:
        raise GraphQLError(f'Expected value of type "{expected.text()}", found {_described(value)}.')


def _described(value: Value) -> str:
    """Return how to call a value in an error; what it says is the client's and stays out."""
    return Kind(value.kind).name if value.kind in _KINDS else "no value"


def _check_object(value: Value, definition: Definition) -> None:
    """Check an input object's fields; gqlparser takes `{}` for a value of any scalar."""
    given = {child.name for child in value.children}
    for field in definition.fields:
        if field.type.non_null and field.default_value is None and field.name not in given:
            raise GraphQLError(
                f'Field "{definition.name}.{field.name}" of required type "{field.type.text()}" '
                "was not provided."
            )
    for name in given:
        if name not in definition.fields_by_name:
            raise GraphQLError(f'Field "{name}" is not defined by type "{definition.name}".')
    if any(used.name == "oneOf" for used in definition.directives):
        if len(value.children) != 1:
            raise GraphQLError(f'OneOf Input Object "{definition.name}" must specify exactly one key.')
        if value.children[0].value.kind == Kind.NULL:
            raise GraphQLError(f'Field of OneOf Input Object "{definition.name}" must be non-null.')
