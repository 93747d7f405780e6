"""Types of values, and conversions between them."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rego import numeric
from rego.builtins.operands import refuse, wrong_type
from rego.values import RegoSet, Value, is_number, ordered, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Go's floating-point literals; underscores stand between digits, or after a prefix.
_DECIMAL: Final = re.compile(
    r"[+-]?(?=[0-9_]*\.?[0-9_]*[0-9])[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?"
)
_HEXADECIMAL: Final = re.compile(
    r"[+-]?0[xX](?=[0-9a-fA-F_]*\.?[0-9a-fA-F_]*[0-9a-fA-F])[0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?"
    r"[pP][+-]?[0-9][0-9_]*"
)
_MISPLACED: Final = re.compile(r"(?<![0-9a-fA-FxX])_|_(?![0-9a-fA-F])")
_MISPLACED_DECIMAL: Final = re.compile(r"(?<![0-9])_|_(?![0-9])")


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
    return _parsed(value)


def _parsed(text: str) -> Value:
    """Read a number as Go's `strconv.ParseFloat` does, and keep the text as OPA does."""
    hexadecimal = _HEXADECIMAL.fullmatch(text) is not None
    misplaced = _MISPLACED if hexadecimal else _MISPLACED_DECIMAL
    if not (hexadecimal or _DECIMAL.fullmatch(text)) or misplaced.search(text):
        raise refuse(f'strconv.ParseFloat: parsing "{text}": invalid syntax')
    plain = text.replace("_", "")
    try:
        double = float.fromhex(plain) if hexadecimal else float(plain)
    except OverflowError:
        double = math.inf
    if math.isinf(double):
        raise refuse(f'strconv.ParseFloat: parsing "{text}": value out of range')
    if hexadecimal:
        return numeric.of_decimal(Decimal(double))
    try:
        return numeric.parse(text)
    except ValueError:  # a number, but none of JSON's: +1, .5, 1_000
        return numeric.of_decimal(Decimal(plain))


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
