"""How operands become Python: as keys and members, by their exact value and type."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import pytest

from rego import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

_VALUES: Final = [
    None, False, True, 0, 1, -1, 1.0, 1.5, 2**53, 2**63, 2**64, 0.1, 1e300, "", "1", "a", "true",
    [], [1], [True], {}, {"a": 1}, {"a": 1.0},
]  # fmt: skip
_CONSTANTS: Final = [
    "null", "false", "true", "0", "1", "-1", "1.0", "1.5", "9007199254740992", "9223372036854775808",
    "12345678901234567890123", "0.1", '""', '"1"', '"a"', "[]", "[1]", "{}", '{"a": 1}', "set()", "{1}",
]  # fmt: skip


def test_values_are_keys_and_members_as_in_opa(agreed: Callable[..., Any]) -> None:
    """1 and 1.0 are one, true and 1 are two, whether they come from the input or stand in the policy."""
    source = f"""
c := [{", ".join(_CONSTANTS)}]
o := {{x: "found" | some x in input.xs; not is_number(x)}}
p := [
	[count({{x, y}}) | some x in input.xs; some y in input.xs],
	{{x | some x in input.xs}},
	{{x | some x in c}},
	[[x, y] | some x in c; y := o[x]],
	[y | some x in c; y := x in input.xs],
	[y | some x in input.xs; y := x in c],
	[y | some x in input.xs; y := x in {{1, "a", true, [1], null}}],
	object.union({{input.k: 1, [input.k]: 2}}, {{"k": 4, 5: 5}}),
	{{input.k, "k", true, [input.k]}},
]
"""
    for key in (1, 1.0, "k", True, None, [2]):
        assert agreed(source, {"xs": _VALUES, "k": key})[0] == "value"


def _constant(place: int, value: Any) -> tuple[str, dict[str, Any]]:
    """Return a statement that makes a constant in a local."""
    match value:
        case None:
            return "MakeNullStmt", {"target": place}
        case bool():
            return "AssignVarStmt", {"source": {"type": "bool", "value": value}, "target": place}
        case int():
            return "MakeNumberIntStmt", {"value": value, "target": place}
        case str():
            return "AssignVarStmt", {"source": {"type": "string_index", "value": 0}, "target": place}
        case list():
            return "MakeArrayStmt", {"capacity": 0, "target": place}
        case _:
            return ("MakeSetStmt" if isinstance(value, set) else "MakeObjectStmt"), {"target": place}


@pytest.mark.parametrize("second", [None, True, False, 0, 1, "result", [], {}, set()], ids=repr)
@pytest.mark.parametrize("first", [None, True, False, 0, 1, "result", [], {}, set()], ids=repr)
def test_constants_are_compared_without_a_warning(by_hand: Any, first: Any, second: Any) -> None:
    """Where Python would see a slip (`"x" is None`), the source says it in another way."""
    same = type(first) is type(second) and first == second
    for kind in ("EqualStmt", "NotEqualStmt"):
        sides = {"a": {"type": "local", "value": 3}, "b": {"type": "local", "value": 4}}
        call = ("CallStmt", {"func": "equal", "args": list(sides.values()), "result": 5})
        statements = [_constant(3, first), _constant(4, second), call, (kind, sides)]
        statements += [("MakeObjectStmt", {"target": 6})]
        inserted = {"key": {"type": "string_index", "value": 0}, "value": {"type": "local", "value": 5}}
        statements += [("ObjectInsertStmt", {**inserted, "object": 6}), ("ResultSetAddStmt", {"value": 6})]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            policy = Policy.load(by_hand(statements, builtins=("equal",)))
        found = policy.evaluate("main", {})
        assert (same is (kind == "EqualStmt")) is found.defined
        assert found.value == (same if found.defined else None)


@pytest.mark.parametrize("given", _VALUES, ids=repr)
def test_a_value_of_the_input_is_compared_by_type_and_value(agreed: Callable[..., Any], given: Any) -> None:
    """With every constant, directly, through a function and through a builtin."""
    tests = ", ".join(
        f"[x | x := 1; input.x == {one}], [x | x := 1; input.x != {one}], f(input.x, {one})"
        for one in _CONSTANTS
    )
    source = f"f(x, y) := equal(x, y)\np := [{tests}]"
    assert agreed(source, {"x": given})[0] == "value"
