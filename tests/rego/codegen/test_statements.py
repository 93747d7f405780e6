"""Assignments, blocks, `with` and `not`: what holds after each, and what is as it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

_GIVEN = {"a": {"b": 1}, "n": 2, "xs": [1, 2]}
_DATA = {"d": {"e": 3}}


@pytest.mark.parametrize(
    "source",
    [
        # `with` replaces for one expression only, and is undone where that fails
        "q := input.a.b\np := [[x | x := q with input.a.b as 5], q, [x | x := q with input as {}], q]",
        "q := [input, data.d]\np := x if x := q with input.a as 1 with data.d.e as 2",
        "q if input.n == 7\np := [[1 | q with input.n as 7], [1 | q], [1 | not q with input.n as 7]]",
        "q := input.n\nr := x if x := q with input.n as 3\np := [y | y := [r, q] with input.n as 4]",
        "q := input.n\np := [x | some n in input.xs; x := q with input.n as n]",
        'q := data.d.e\nr := x if x := q with data.d as {"e": 9}\np := [q, r, q]',
        "q := input.n.m\np := [x | x := q with input.n.m as 1]",
        "q := input.a\np := x if x := q with input.a.c as input.n",
        "q if { some x in input.xs; x > 5 }\np := [1 | not q; q with input.xs as [6]]",
        "f(x) := [x, input.n]\np := [a | a := f(input.n) with input.n as 8]",
        "q := 1 / input.n\np := [x | x := q with input.n as 0]",
        # `not`
        "p if not input.a.c",
        "p if not input.a.b == 1",
        "p if { not input.a.b == 2; not input.missing; not false }",
        "p := [x | some x in input.xs; not x == input.n]",
        "p if { some x in input.xs; not x > 1; not not_small(x) }\nnot_small(x) if x > 1",
        "p if not q\nq if { some x in input.xs; some y in input.xs; x + y == 3 }",
        "p if not q\nq if { some x in input.xs; some y in input.xs; x + y == 9 }",
        # `else`, in bodies and functions
        "p := 1 if { input.n > 5 } else := 2 if { input.n > 1 } else := 3",
        "p := 1 if { input.n > 5 } else := input.missing if { input.n > 1 } else := 3",
        'f(x) := "s" if { is_string(x) } else := 1 if { is_number(x) } else := 2\np := [f(1), f(""), f([])]',
        "p := x if { some x in input.xs; x > 5 } else := x if { some x in input.xs; x > 1 }",
        "p := 1 if { not input.n } else := 2",
        # assignments of several
        'p := [a, b, c] if { [a, {"k": b}] := [1, {"k": input.n}]; c := a + b }',
        "p := x if { [x, _] = [input.n, 1] }",
        'p := [x, y] if { {"b": x} = input.a; y = x }',
        "p := [x | [x, 2] = input.xs]",
        "p if { [1, 2] = input.xs }",
        "p := x if { x = y; y = z; z = input.n }",
    ],
)
def test_statements_do_what_they_do_in_opa(agreed: Callable[..., Any], source: str) -> None:
    """Each alone and one in another."""
    agreed(source, _GIVEN, _DATA)


def test_with_is_undone_where_its_block_is_undefined(by_hand: Any, block_of: Any) -> None:
    """The input after it is the input before it, whichever way its block was left."""
    true = {"type": "bool", "value": True}
    for inner in (
        [("EqualStmt", {"a": {"type": "local", "value": 0}, "b": true})],
        [("BreakStmt", {"index": 0})],
        [("BlockStmt", {"blocks": [block_of([("BreakStmt", {"index": 1})])]})],
    ):
        replaced = {
            "local": 0,
            "path": [],
            "value": {"type": "string_index", "value": 0},
            "block": block_of(inner),
        }
        result = {
            "key": {"type": "string_index", "value": 0},
            "value": {"type": "local", "value": 0},
            "object": 5,
        }
        statements = [
            ("BlockStmt", {"blocks": [block_of([("WithStmt", replaced)])]}),
            ("MakeObjectStmt", {"target": 5}),
            ("ObjectInsertStmt", result),
            ("ResultSetAddStmt", {"value": 5}),
        ]
        assert Policy.load(by_hand(statements)).evaluate("main", "given").value == "given"
