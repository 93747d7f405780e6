"""How builtins check what they are given, with OPA's words; knows no builtin."""

from __future__ import annotations

from typing import Any, Final

from rego.errors import BuiltinError, EvaluationError, OperandError
from rego.values import RegoSet, Value, int64, integer, is_number, key_of, type_name

#: The largest collection or string that a builtin makes; a policy must not fill the memory.
MAX_SIZE: Final = 10_000_000
_MAX_BITS: Final = 400_000  # some 120,000 digits


def wrong_type(place: int, value: Value, *expected: str) -> OperandError:
    """Return the error for an operand of the wrong type; `place` counts from 1."""
    wanted = expected[0] if len(expected) == 1 else "one of {" + ", ".join(expected) + "}"
    return OperandError(f"operand {place} must be {wanted} but got {type_name(value)}")


def wrong_element(place: int, collection: Value, value: Value, expected: str) -> OperandError:
    """Return the error for a member of the wrong type in a collection."""
    kind, found = type_name(collection), type_name(value)
    return OperandError(f"operand {place} must be {kind} of {expected}s but got {kind} containing {found}")


def text(value: Value, place: int) -> str:
    """Return a string operand."""
    if type(value) is not str:
        raise wrong_type(place, value, "string")
    return value


def number(value: Value, place: int) -> Any:
    """Return a number operand."""
    if not is_number(value):
        raise wrong_type(place, value, "number")
    return value


def whole(value: Value, place: int) -> int:
    """Return an operand that is a whole number."""
    found = integer(number(value, place))
    if found is None:
        raise OperandError(f"operand {place} must be integer number but got floating-point number")
    return found


def machine(value: Value, place: int) -> int:
    """Return an operand that OPA takes for a machine's integer: of 64 bits, its text without an exponent."""
    found = int64(number(value, place))
    if found is None:
        raise OperandError(f"operand {place} must be integer number but got floating-point number")
    return found


def array(value: Value, place: int) -> list[Value]:
    """Return an array operand."""
    if type(value) is not list:
        raise wrong_type(place, value, "array")
    return value


def object_(value: Value, place: int) -> dict[Any, Value]:
    """Return an object operand; its keys are in the form of `values.key_of`."""
    if type(value) is not dict:
        raise wrong_type(place, value, "object")
    return value


def set_(value: Value, place: int) -> RegoSet:
    """Return a set operand."""
    if type(value) is not RegoSet:
        raise wrong_type(place, value, "set")
    return value


def members(value: Value, place: int) -> list[Value]:
    """Return the members of an array or set operand, a set's in Rego's order."""
    if type(value) is list:
        return value
    if type(value) is RegoSet:
        return value.sorted()
    raise wrong_type(place, value, "set", "array")


def texts(value: Value, place: int) -> list[str]:
    """Return the members of an array or set of strings."""
    found = members(value, place)
    for member in found:
        if type(member) is not str:
            raise wrong_element(place, value, member, "string")
    return found


def keys(value: Value, place: int) -> set[Any]:
    """Return keys given as an array, a set or an object, in the form of `values.key_of`."""
    if type(value) is dict:
        return set(value)
    if type(value) in {list, RegoSet}:
        return {key_of(member) for member in members(value, place)}
    raise wrong_type(place, value, "object", "set", "array")


def bounded(size: int) -> int:
    """Return a size, unless what is about to be made would be too large."""
    if size > MAX_SIZE:
        raise EvaluationError("eval_budget_exceeded", "a builtin would make too large a value")
    return size


def bounded_bits(size: int) -> None:
    """Refuse whole numbers so long that arithmetic with them, or their text, would take seconds."""
    if size > _MAX_BITS:
        raise EvaluationError("eval_budget_exceeded", "a builtin would make too large a number")


def affordable(steps: int) -> None:
    """Refuse work that grows faster than the operands, where theirs are so large that it would hardly end."""
    if steps > MAX_SIZE:
        raise EvaluationError("eval_budget_exceeded", "a builtin would work for too long")


def refuse(message: str) -> BuiltinError:
    """Return the error for operands of the right type that have no meaning."""
    return BuiltinError(message)
