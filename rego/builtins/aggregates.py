"""Counting, adding up, extremes, sorting."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from rego import numeric
from rego.builtins.operands import bounded_bits, members, wrong_element, wrong_type
from rego.values import TYPE_NAMES, UNDEFINED, RegoSet, Value, integer, is_number, ordered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COUNTABLE: Final = frozenset({"array", "object", "set", "string"})


def _count(value: Value) -> int:
    if TYPE_NAMES.get(type(value)) not in _COUNTABLE:
        raise wrong_type(1, value, "array", "object", "set", "string")
    return len(value)


def _accumulate(value: Value, start: int, work: Callable[[Any, Any], Any], bits: int) -> Value:
    found = members(value, 1)
    for member in found:
        if not is_number(member):
            raise wrong_element(1, value, member, "number")
    whole = [integer(member) for member in found]
    if None not in whole:
        exact: Any = start
        for part in whole:
            exact = work(exact, part)
            bounded_bits(exact.bit_length())
        return exact
    total = Fraction(start)
    for member in found:
        total = numeric.rounded(work(total, numeric.binary(member)), bits)
    return numeric.from_binary(total, bits)


def _sum(value: Value) -> Value:
    return _accumulate(value, 0, operator.add, numeric.MANTISSA_BITS)


def _product(value: Value) -> Value:
    # OPA begins with the double 1.0, and a big.Float keeps the mantissa that it begins with.
    return _accumulate(value, 1, operator.mul, numeric.DOUBLE_BITS)


def _max(value: Value) -> Value:
    found = _sort(value)
    return found[-1] if found else UNDEFINED


def _min(value: Value) -> Value:
    found = _sort(value)
    return found[0] if found else UNDEFINED


def _sort(value: Value) -> list[Value]:
    return value.sorted() if type(value) is RegoSet else ordered(members(value, 1))


def _all(value: Value) -> bool:
    if type(value) not in {list, RegoSet}:
        raise wrong_type(1, value, "array", "set")
    return all(member is True for member in members(value, 1))


def _any(value: Value) -> bool:
    if type(value) not in {list, RegoSet}:
        raise wrong_type(1, value, "array", "set")
    return any(member is True for member in members(value, 1))


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "count": _count,
    "sum": _sum,
    "product": _product,
    "max": _max,
    "min": _min,
    "sort": _sort,
    "all": _all,
    "any": _any,
}
