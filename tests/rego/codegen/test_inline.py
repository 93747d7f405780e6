"""Expressions for builtins: worth what the builtin gives, for operands of every type."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rego import EvaluationError, Policy
from rego.builtins import PLAIN
from rego.codegen.inline import INLINE, inline
from rego.errors import BuiltinError
from rego.optimize.kinds import KINDS
from rego.runtime import NAMES
from rego.values import RegoSet, Value, equal

if TYPE_CHECKING:
    from collections.abc import Sequence

_POOL: Final[list[Value]] = [
    None, True, False, 0, 1, -1, 2, 2**62 - 1, 2**62, -(2**62), 2**63, 2**64 + 1, 1.0, 0.5, -0.0, 1e300,
    Decimal("1e400"), Decimal("0.1"), "", "a", "abc", "A", "É", "İ", "ß", "1",
    [], [1], ["a"], [True], [1.0], ["a", ["a"]], {}, {"a": 1}, {1: "a"},
    RegoSet(), RegoSet(["a"]), RegoSet([1]), RegoSet([True]), RegoSet([1.0, "a"]),
]  # fmt: skip
_ONE: Final = frozenset(
    {"count", "floor", "ceil", "round", "lower", *(name for name in INLINE if name[:3] == "is_")}
)


def _outcome(run: Any) -> tuple[str, Any]:
    try:
        return "value", run()
    except BuiltinError as error:
        return "error", error.code


def _alike(one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    if one[0] == "error" or other[0] == "error":
        return one == other
    return type(one[1]) is type(other[1]) and equal(one[1], other[1])


def _check(name: str, operands: Sequence[Value], known: Sequence[bool]) -> None:
    names = ["x", "y"][: len(operands)]
    kinds = [KINDS.get(type(value)) if told else None for value, told in zip(operands, known, strict=True)]
    found = inline(name, names, kinds)
    assert found is not None
    places = dict(zip(names, operands, strict=True))
    world = {"__builtins__": {}, **NAMES}
    if found.when is not None and not eval(found.when, world, places):  # noqa: S307 - what is tested
        return
    expected = _outcome(lambda: PLAIN[name](*operands))
    value = eval(found.expression, world, places)  # noqa: S307 - what is tested
    assert _alike(("value", value), expected), (name, operands, kinds, value, expected)
    assert found.kind is None or KINDS[type(value)] == found.kind


@pytest.mark.parametrize("name", sorted(INLINE))
def test_an_expression_is_worth_what_the_builtin_gives(name: str) -> None:
    """Where its condition holds, whatever is known of the operands' types beforehand."""
    for first in _POOL:
        if name in _ONE:
            _check(name, [first], [False])
            _check(name, [first], [True])
            continue
        for second in _POOL:
            for known in ([False, False], [True, False], [False, True], [True, True]):
                _check(name, [first, second], known)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["plus", "minus", "lt", "lte", "gt", "gte", "equal", "neq"]),
    st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.booleans(), min_size=2, max_size=2),
)
def test_numbers_are_worked_with_exactly(name: str, first: Any, second: Any, known: list[bool]) -> None:
    """Of any size, and between whole ones and others."""
    _check(name, [first, second], known)


def test_every_expression_is_about_a_builtin() -> None:
    """One for a name that is none would never be written."""
    assert set(INLINE) <= set(PLAIN)


@pytest.mark.parametrize("name", sorted(INLINE))
def test_a_call_with_another_number_of_operands_has_none(by_hand: Any, name: str) -> None:
    """A plan that OPA did not write may call a builtin so: that is no error of Python's."""
    for number in {0, 1, 2, 3} - {1 if name in _ONE else 2}:
        assert inline(name, ["x"] * number, [None] * number) is None
        call = {"func": name, "args": [{"type": "local", "value": 0}] * number, "result": 3}
        with pytest.raises(EvaluationError):
            Policy.load(by_hand([("CallStmt", call)], builtins=(name,))).evaluate("main", 1)
