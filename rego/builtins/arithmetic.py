"""Arithmetic, rounding, ranges and bits, exact where OPA is exact."""

from __future__ import annotations

import math
import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from rego import numeric
from rego.builtins.operands import bounded, bounded_bits, number, refuse, whole, wrong_type
from rego.errors import OperandError
from rego.values import RegoSet, Value, integer, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXACT: Final = 2 ** (numeric.MANTISSA_BITS - 2)  # a half more fits into the mantissa, too
_HALF: Final = Fraction(1, 2)
_UINT64: Final = 2**64 - 1


def _binary(work: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
    if type(left) is int and type(right) is int:
        return work(left, right)
    first, second = number(left, 1), number(right, 2)
    whole_first, whole_second = integer(first), integer(second)
    if whole_first is not None and whole_second is not None:
        return work(whole_first, whole_second)
    return numeric.from_binary(numeric.rounded(work(numeric.binary(first), numeric.binary(second))))


def _plus(left: Value, right: Value) -> Value:
    return _binary(operator.add, left, right)


def _times(left: Value, right: Value) -> Value:
    return _binary(_product, left, right)


def _product(left: Any, right: Any) -> Any:
    if type(left) is int:
        bounded_bits(left.bit_length() + right.bit_length())
    return left * right


def _minus(left: Value, right: Value) -> Value:
    if type(left) is RegoSet and type(right) is RegoSet:
        return RegoSet(value for key, value in left.members.items() if key not in right.members)
    if not is_number(left) and type(left) is not RegoSet:
        raise wrong_type(1, left, "number", "set")
    if is_number(left) != is_number(right):
        raise wrong_type(2, right, "set" if is_number(right) else "number")
    return _binary(operator.sub, left, right)


def _divide(left: Value, right: Value) -> Value:
    first, second = numeric.binary(number(left, 1)), numeric.binary(number(right, 2))
    if second == 0:
        raise refuse("divide by zero")
    return numeric.from_binary(numeric.rounded(first / second))


def _remainder(left: Value, right: Value) -> Value:
    first, second = integer(number(left, 1)), integer(number(right, 2))
    if first is None or second is None:
        raise refuse("modulo on floating-point number")
    if second == 0:
        raise refuse("modulo by zero")
    return int(math.copysign(1, first)) * (abs(first) % abs(second))


def _rounding(work: Callable[[Fraction], int]) -> Callable[[Value], Value]:
    def call(value: Value) -> Value:
        if type(value) is int and -_EXACT < value < _EXACT:
            return value
        return work(numeric.binary(number(value, 1)))

    return call


def _round(value: Fraction) -> int:
    """Round half away from zero; what is added is rounded itself, as in OPA."""
    return math.trunc(numeric.rounded(value + (-_HALF if value < 0 else _HALF)))


def _ceil(value: Fraction) -> int:
    """Round up; OPA makes 1 of what lies between -1 and 0."""
    return 1 if -1 < value < 0 else math.ceil(value)


def _floor(value: Fraction) -> int:
    """Round down; OPA makes 0 of what lies between -1 and 0."""
    return 0 if -1 < value < 0 else math.floor(value)


def _absolute(value: Value) -> Value:
    if type(value) is int and -_EXACT < value < _EXACT:
        return abs(value)
    return numeric.from_binary(abs(numeric.binary(number(value, 1))))


def _range(first: Value, last: Value) -> list[Value]:
    return _range_by(whole(first, 1), whole(last, 2), 1)


def _range_step(first: Value, last: Value, step: Value) -> list[Value]:
    start, end, width = whole(first, 1), whole(last, 2), whole(step, 3)
    if width <= 0:
        raise refuse("numbers.range_step: step must be a positive integer")
    return _range_by(start, end, width)


def _range_by(start: int, end: int, step: int) -> list[Value]:
    bounded(abs(end - start) // step * 10)
    return list(range(start, end + 1, step) if start <= end else range(start, end - 1, -step))


def _bits(work: Callable[[int, int], int]) -> Callable[[Value, Value], int]:
    def call(left: Value, right: Value) -> int:
        return work(whole(left, 1), whole(right, 2))

    return call


def _shift(work: Callable[[int, int], int]) -> Callable[[Value, Value], int]:
    def call(left: Value, right: Value) -> int:
        first, places = whole(left, 1), whole(right, 2)
        if places < 0:
            raise OperandError("operand 2 must be an unsigned integer number but got a negative integer")
        places &= _UINT64  # Go shifts by what a machine's integer holds of it
        if work is operator.lshift and first:
            bounded_bits(places + first.bit_length())
        return work(first, places)

    return call


def _negate(value: Value) -> int:
    return ~whole(value, 1)


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "plus": _plus,
    "minus": _minus,
    "mul": _times,
    "div": _divide,
    "rem": _remainder,
    "abs": _absolute,
    "round": _rounding(_round),
    "ceil": _rounding(_ceil),
    "floor": _rounding(_floor),
    "numbers.range": _range,
    "numbers.range_step": _range_step,
    "bits.or": _bits(operator.or_),
    "bits.and": _bits(operator.and_),
    "bits.xor": _bits(operator.xor),
    "bits.negate": _negate,
    "bits.lsh": _shift(operator.lshift),
    "bits.rsh": _shift(operator.rshift),
}
