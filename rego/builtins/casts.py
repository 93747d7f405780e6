"""Types of values, and conversions between them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rego import numeric
from rego.builtins.operands import refuse, wrong_type
from rego.values import RegoSet, Value, is_number, ordered, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _is(kind: type) -> Callable[[Value], bool]:
    def call(value: Value) -> bool:
        return type(value) is kind

    return call


def _is_null(value: Value) -> bool:
    return value is None


def _to_number(value: Value) -> Value:
    if value is None or value is False:
        return 0
    if value is True:
        return 1
    if is_number(value):
        return value
    if type(value) is not str:
        raise wrong_type(1, value, "null", "boolean", "number", "string")
    if value.lstrip("+-").lower() in {"inf", "infinity", "nan"}:
        raise wrong_type(1, value, "valid number string")
    if _NUMBER.fullmatch(value) is None:
        raise refuse(f'strconv.ParseFloat: parsing "{value}": invalid syntax')
    return numeric.of_decimal(Decimal(value))


def _cast(kind: type, name: str) -> Callable[[Value], Value]:
    def call(value: Value) -> Value:
        if type(value) is not kind:
            raise wrong_type(1, value, name)
        return value

    return call


def _cast_array(value: Value) -> list[Value]:
    if type(value) not in {list, RegoSet}:
        raise wrong_type(1, value, "array", "set")
    return value if type(value) is list else ordered(value)


def _cast_set(value: Value) -> RegoSet:
    if type(value) not in {list, RegoSet}:
        raise wrong_type(1, value, "array", "set")
    return value if type(value) is RegoSet else RegoSet(value)


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "type_name": type_name,
    "is_number": is_number,
    "is_string": _is(str),
    "is_boolean": _is(bool),
    "is_array": _is(list),
    "is_object": _is(dict),
    "is_set": _is(RegoSet),
    "is_null": _is_null,
    "to_number": _to_number,
    "cast_array": _cast_array,
    "cast_set": _cast_set,
    "cast_string": _cast(str, "string"),
    "cast_boolean": _cast(bool, "boolean"),
    "cast_object": _cast(dict, "object"),
    "cast_null": _cast(type(None), "null"),
}
