"""Arrays, sets, objects and graphs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import EvaluationError, OperandError
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("array.concat", ([1], [2]), [1, 2]),
        ("array.flatten", ([[1, [2]], 3],), [1, [2], 3]),
        ("array.slice", ([1, 2, 3], -5, 2), [1, 2]),
        ("array.slice", ([1, 2, 3], 2, 1), []),
        ("array.reverse", ([1, 2],), [2, 1]),
        ("and", (RegoSet([1, 2]), RegoSet([2])), RegoSet([2])),
        ("union", (RegoSet([RegoSet([1]), RegoSet([2])]),), RegoSet([1, 2])),
        ("intersection", (RegoSet(),), RegoSet()),
        ("object.get", ({"a": [{"b": 1}]}, ["a", 0, "b"], 2), 1),
        ("object.get", ({"a": 1}, ["a", "b"], 2), 2),
        ("object.get", ({"a": 1}, [], 2), {"a": 1}),
        ("object.keys", ({"a": 1},), RegoSet(["a"])),
        ("object.remove", ({"a": 1, "b": 2}, ["a"]), {"b": 2}),
        ("object.filter", ({"a": 1, "b": 2}, {"a": 9}), {"a": 1}),
        ("object.union", ({"a": {"b": 1}}, {"a": {"c": 2}}), {"a": {"b": 1, "c": 2}}),
        ("object.union_n", ([{"a": {"b": 2}}, {"a": 4}, {"a": {"c": 3}}],), {"a": {"c": 3}}),
        ("object.subset", ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}), True),
        ("object.subset", ([1, 2, 3], [2, 3]), True),
        ("object.subset", ([2, 1], RegoSet([1])), True),
        ("object.subset", ([], RegoSet()), False),
        ("walk", ([1],), [[[], [1]], [[0], 1]]),
        ("graph.reachable", ({"a": ["b"], "b": []}, ["a"]), RegoSet(["a", "b"])),
        ("graph.reachable_paths", ({"a": ["b"], "b": ["a"]}, ["a"]), RegoSet([["a", "b"]])),
    ],
)
def test_collections_are_made_as_opa_makes_them(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """Indices are cut to what there is, right-hand values win, and paths end where a graph does."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("array.concat", ([], 1), OperandError),
        ("array.slice", ([1], 10**23, 1), OperandError),
        ("array.slice", ([1], Decimal("1e1"), 1), OperandError),
        ("and", (RegoSet(), []), OperandError),
        ("object.get", ([], 0, 1), OperandError),
        ("object.union_n", ([{}, 1],), OperandError),
        ("object.subset", ({}, []), OperandError),
        ("graph.reachable", ({}, {}), OperandError),
    ],
)
def test_what_is_no_collection_is_a_type_error(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """So is an index that OPA does not take for a machine's integer."""
    fails(name, operands, error)


def test_paths_are_followed_once_each(gives: Callable[..., None], fails: Callable[..., None]) -> None:
    """Edges that are there twice do not multiply the work; paths that do multiply end with the budget."""
    chain = {str(node): [str(node + 1)] * 20 for node in range(20)}
    gives("graph.reachable_paths", (chain, ["0"]), RegoSet([[str(node) for node in range(20)]]))
    names = [str(node) for node in range(20)]
    fails("graph.reachable_paths", (dict.fromkeys(names, names), names), EvaluationError)
