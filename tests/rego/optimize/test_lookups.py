"""Each path of the input and the data is walked once: to what it leads to there, and never past `with`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import Policy
from rego import plan as p
from rego.errors import Location
from rego.flow import walk
from rego.nodes import Lookup
from rego.optimize import prepared
from rego.optimize.lookups import prefixes

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Location("", 0, 0)


def lookups(*statements: p.Statement) -> list[tuple[p.Local, tuple[str, ...]]]:
    """Return the sources and paths of a function's lookups."""
    blocks = (p.Block(statements), p.Block((p.ReturnLocal(AT, 2),)))
    found = walk(prepared(blocks, (0, 1), 2).blocks)
    return [(s.source, s.path) for s in found if isinstance(s, Lookup)]


def test_steps_one_after_the_other_are_one() -> None:
    """By constant keys, from the input or the data."""
    steps = (p.Dot(AT, 0, "a", 3), p.Dot(AT, 3, "b", 4), p.Dot(AT, 4, "c", 5), p.AssignVarOnce(AT, 5, 2))
    assert lookups(*steps) == [(0, ("a", "b", "c"))]
    assert lookups(p.Dot(AT, 1, "x", 3), p.AssignVarOnce(AT, 3, 2)) == [(1, ("x",))]


def test_a_step_that_is_used_twice_stays() -> None:
    """Its value is wanted for itself."""
    steps = (p.Dot(AT, 0, "a", 3), p.Dot(AT, 3, "b", 4), p.Equal(AT, 3, 4), p.AssignVarOnce(AT, 4, 2))
    assert lookups(*steps) == [(0, ("a",))]
    keyed = (p.Dot(AT, 0, "a", 3), p.Dot(AT, 3, 1, 4), p.AssignVarOnce(AT, 4, 2))
    assert lookups(*keyed) == [(0, ("a",))]


def test_where_paths_part_the_way_there_is_kept() -> None:
    """Parents come before their children, and a way that only one path takes has no place of its own."""
    paths = [("a", "b", "c"), ("a", "b", "d"), ("x", "y", "z"), ("a",)]
    assert prefixes(paths) == [("a",), ("a", "b"), ("a", "b", "c"), ("a", "b", "d"), ("x", "y", "z")]


_PATHS = """
q := input.a.b.c
r := input.a.b.d
s := input.a.b
u := data.u.v.w
n := data.u.v["1"]
p := [
	[x | x := q], [x | x := r], [x | x := s], [x | x := u], [x | x := n],
	[x | x := q with input.a.b as {"c": 5}], [x | x := q with input.a.b.c as 6],
	[x | x := q with input as {}],
	[x | x := u with data.u as {"v": {"w": 7}}], [x | x := u with data.u.v.w as 8],
	[x | x := q],
	[x | x := u],
]
"""


@pytest.mark.parametrize(
    ("document", "data"),
    [
        ({"a": {"b": {"c": 1, "d": 2}}}, {"u": {"v": {"w": 3}}}),
        ({"a": {"b": {"c": False}}}, {"u": {"v": ["x", "y"]}}),
        ({"a": {"b": ["c"]}}, {"u": {"v": {"1": None}}}),
        ({"a": "b"}, {"u": [1]}),
        ({"a": None}, {}),
        ([1], {"u": {"v": {"w": {}}}}),
    ],
)
def test_paths_lead_where_they_lead_in_opa(agreed: Callable[..., Any], document: Any, data: Any) -> None:
    """Through objects, lists of the data, and nothing; under `with` to the replaced value, and back."""
    assert agreed(_PATHS, document, data)[0] == "value"


def test_a_path_is_walked_again_for_each_question_and_all_new_data(
    planned: Callable[[str, str], bytes],
) -> None:
    """What one evaluation found is nothing to the next; what the data has is looked up when it is given."""
    policy = Policy.load(planned("package t\n\np := [input.a.b, data.u.v]\n", "t/p"), {"u": {"v": 1}})
    assert policy.evaluate("t/p", {"a": {"b": 1}}).value == [1, 1]
    assert policy.evaluate("t/p", {"a": {"b": 2}}).value == [2, 1]
    assert policy.with_data({"u": {"v": 3}}).evaluate("t/p", {"a": {"b": 4}}).value == [4, 3]
    assert not policy.with_data({}).evaluate("t/p", {"a": {"b": 4}}).defined
    assert policy.evaluate("t/p", {"a": {"b": 2}}).value == [2, 1]
