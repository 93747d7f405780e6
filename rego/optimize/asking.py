"""What builtins say of operands that are known: asked when the plan is loaded, and not again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rego.errors import BuiltinError, EvaluationError
from rego.optimize.effects import TOTAL
from rego.optimize.kinds import KINDS
from rego.optimize.known import ANYTHING, Known, combinations, exactly, is_plain, of_kind, one_of
from rego.values import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.values import Value

#: Functions of their operands alone with which policies ask about tables, and which cost next to nothing.
ASKED: Final[Mapping[str, int]] = {
    **TOTAL, "count": 1, "endswith": 2, "lower": 1, "object.get": 3, "object.keys": 1, "startswith": 2,
    "upper": 1,
}  # fmt: skip
_TYPE_TESTS: Final[Mapping[str, str]] = {
    "is_array": "list", "is_boolean": "bool", "is_null": "null", "is_object": "dict", "is_set": "set",
    "is_string": "str",
}  # fmt: skip
_MEMBERSHIP: Final = frozenset({"internal.member_2", "internal.member_3"})
#: The operand that may be a large collection: to look into it costs little.
_LOOKED_INTO: Final[Mapping[str, int]] = {
    "count": 0, "internal.member_2": 1, "internal.member_3": 2, "object.get": 0, "object.keys": 0,
}  # fmt: skip
_KEPT: Final = frozenset({*KINDS, float})


def answer(name: str, implementation: Callable[..., Value], operands: list[Known]) -> tuple[Known, bool]:
    """Return what is known of a call's value, and whether the call is sure to be no error.

    Args:
        name: One of `ASKED`.
        implementation: Our own.
        operands: What is known of the operands.
    """
    if name in _MEMBERSHIP and operands and operands[-1].empty() and operands[-1].defined:
        return exactly(value=False), True
    if name in _TYPE_TESTS and len(operands) == 1 and operands[0].kind and operands[0].defined:
        return exactly(operands[0].kind == _TYPE_TESTS[name]), True
    found = _tried(name, implementation, operands)
    if found is not None:
        return one_of(
            (value for value in found if value is not UNDEFINED), defined=UNDEFINED not in found
        ), True
    return (of_kind("bool"), True) if name in TOTAL else (ANYTHING, False)


def _tried(name: str, implementation: Callable[..., Value], operands: list[Known]) -> list[Value] | None:
    """Return what a call may give; None where that is not known, or an error."""
    together = combinations(operands)
    if together is None:
        return None
    into = _LOOKED_INTO.get(name)
    if not all(_is_simple(operand) for place, operand in enumerate(operands) if place != into):
        return None  # a comparison may cost as much as the data is large
    try:
        found = [implementation(*each) for each in together]
    except (BuiltinError, EvaluationError, TypeError):  # also of a plan that OPA did not write
        return None
    return found if all(type(value) in _KEPT or value is UNDEFINED for value in found) else None


def _is_simple(operand: Known) -> bool:
    """Tell scalars, empty collections and paths of texts."""
    return all(
        is_plain(value) or (type(value) is list and {*map(type, value)} == {str})
        for value in operand.values or ()
    )
