"""How GraphQL's types relate: compatible, covariant, conflicting; knows no documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rego.graphql.ast import ABSENT, ENUM, SCALAR

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from rego.graphql.ast import Definition, Type


def is_compatible(given: Type, expected: Type) -> bool:
    """Tell whether a variable of one type can stand where another is expected."""
    while given.named_type == expected.named_type and (given.non_null or not expected.non_null):
        if given.elem is None:
            return True
        if expected.elem is None:
            return False
        given, expected = given.elem, expected.elem
    return False


def is_covariant(required: Type, actual: Type, possible: Mapping[str, AbstractSet[str]]) -> bool:
    """Tell whether a field's type is as special as its interface asks.

    Args:
        possible: By a type's name, the names of the types that its values can have.
    """
    while True:
        if required.non_null and not actual.non_null:
            return False
        if required.named_type:
            name = actual.named_type
            return required.named_type == name or name in possible.get(required.named_type, ())
        if required.elem is not None and actual.elem is None:
            return False
        required = ABSENT if required.elem is None else required.elem
        actual = ABSENT if actual.elem is None else actual.elem


def conflict(one: Type, other: Type, types: Mapping[str, Definition]) -> bool:
    """Tell whether fields of these types cannot be answered under one name."""
    while one.elem is not None and other.elem is not None:
        one, other = one.elem, other.elem
    if one.elem is not None or other.elem is not None or one.non_null != other.non_null:
        return True
    kinds = (types[one.named_type].kind, types[other.named_type].kind)
    return all(kind in {SCALAR, ENUM} for kind in kinds) and one.named_type != other.named_type
