"""Loops over collections and what they collect: order, sets made late, and what may not be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import EvaluationError, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

_GIVEN: dict[str, Any] = {
    "xs": [3, 1, 2, 1], "o": {"b": 1, "a": 2, "c": 3}, "n": 5, "s": "text", "none": [],
    "mixed": [True, None, "x", 1, 1.5, [2], {"k": 1}], "users": [{"n": "z", "r": ["p", "q"]}, {"n": "y"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        # order
        "p := [x | some x in input.xs]",
        "p := [x | some x in {y | some y in input.mixed}]",
        "p := [[k, v] | some k, v in input.o]",
        "p := [[k, v] | some k, v in {y | some y in input.xs}]",
        "p := [v | some v in input.o]",
        "p := [i | some i, _ in input.xs]",
        "q contains x if some x in input.mixed\np := [x | some x in q]",
        'p := concat(",", {x | some x in {"b", "a", input.s}})',
        # nothing to loop over
        "p := [x | some x in input.s]",
        "p := [x | some x in input.n]",
        "p := [x | some x in input.missing]",
        "p := count([x | some x in input.none])",
        # sets that are made late, or not at all
        "q contains x if { some x in input.xs; x > 9 }\np := [q, count(q), q == set(), q | {1}]",
        "q contains x if { some x in input.xs; x > 9 }\nq contains 7 if input.n == 5\np := [q, count(q)]",
        "q contains x if some x in input.xs\nr contains x if some x in q\nr contains 9\np := [q, r]",
        "q contains x if { some x in input.xs; x > 9 }\nr contains x if some x in q\np := [q, r, q == r]",
        "q contains x if some x in input.xs\nr contains x if { some x in q; x > 1 }\np := [q - r, q & r]",
        "q contains [u.n, r] if { some u in input.users; some r in u.r }\np := q",
        # partial objects
        'q[k] := v if some k, v in input.o\nq["z"] := 9\np := [q, [k | some k, _ in q]]',
        "q[x] := true if some x in input.xs\np := [q, q[1], count(q)]",
        "q[u.n] contains r if { some u in input.users; some r in u.r }\np := q",
        'q.a[x] := 1 if some x in ["m", "n"]\nq.b := 2\np := q',
        # comprehensions in comprehensions
        "p := {u.n: {r | some r in u.r} | some u in input.users}",
        "p := [[y | some y in input.xs; y > x] | some x in input.xs]",
        "p := {x: [y | some y in input.mixed; y == x] | some x in input.xs}",
        # one that holds is enough, and one that fails
        "p if { some x in input.xs; x == 1 }",
        'p if { some u in input.users; some r in u.r; r == "q" }',
        'p := "found" if { some x in {y | some y in input.xs}; x > 2 }',
        "p if { some x in input.mixed; not is_string(x); not is_number(x) }",
        # steps
        'p := [input.xs[i] | some i in [3, 0, 9, -1, "0", 1.0]]',
        'p := [input.o[k] | some k in ["a", "z", 0, true]]',
        "p := [input.mixed[5][0], input.mixed[6].k, input.users[0].r[1]]",
        'p := [q[x] | some x in [1, 3, 1.0, "3"]]\nq := {y | some y in input.xs}',
    ],
)
def test_collections_are_what_they_are_in_opa(agreed: Callable[..., Any], source: str) -> None:
    """Sets in Rego's order wherever that shows, arrays in their own, objects by key."""
    agreed(source, _GIVEN)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('p[k] := v if { some u in input.users; k := "same"; v := u.n }', ("error", "eval_conflict_error")),
        ('p[k] := 1 if { some u in input.users; k := "same" }', ("value", {"same": 1})),
        ('p := {k: v | some u in input.users; k := "same"; v := u.n}', ("error", "eval_conflict_error")),
        ("p := {k: v | some v in [1, 1.0]; k := 1}", ("value", {"1": 1})),
        ("p := u.n if { some u in input.users }", ("error", "eval_conflict_error")),
        ('p := 1 if { some x in [1, "a"]; x + 1 == 2 }', ("value", 1)),
        ('p := 1 if { some x in ["a", 1]; x + 1 == 2 }', ("error", "eval_type_error")),
    ],
)
def test_conflicts_and_errors_in_loops_are_as_in_opa(
    agreed: Callable[..., Any], source: str, expected: tuple[str, Any]
) -> None:
    """Two values for a key, or for a rule, in one loop; and the first proof ends the search."""
    if '[1, "a"]' in source or '["a", 1]' in source:
        source = source.replace('[1, "a"]', "input.l").replace('["a", 1]', "input.r")
    assert expected == agreed(source, _GIVEN | {"l": [1, "a"], "r": ["a", 1]})


def test_an_empty_set_of_one_evaluation_is_not_anothers(planned: Callable[[str, str], bytes]) -> None:
    """Sets without members share one empty set until they have a member of their own."""
    source = "package t\n\nq contains x if some x in input\nr contains 1 if input[0] == 5\np := [q, r]\n"
    policy = Policy.load(planned(source, "t/p"))
    for given, expected in (([], [[], []]), ([5], [[5], [1]]), ([], [[], []]), ([4], [[4], []])):
        assert expected == policy.evaluate("t/p", given).value


def test_a_members_set_is_not_changed_through_a_copy(planned: Callable[[str, str], bytes]) -> None:
    """What one rule takes over from another and adds to stays the other's own."""
    source = """package t

q contains x if some x in input.xs

r contains x if some x in q

r contains "more"

p := [q, r, q]
"""
    policy = Policy.load(planned(source, "t/p"))
    assert policy.evaluate("t/p", {"xs": ["a"]}).value == [["a"], ["a", "more"], ["a"]]


def test_loops_in_loops_are_charged_and_stopped(planned: Callable[[str, str], bytes]) -> None:
    """The steps of an evaluation are the members that its loops ran over; no more are taken than allowed."""
    source = "package t\n\np := count([1 | some a in input; some b in input])\n"
    plan = planned(source, "t/p")
    small, large = (Policy.load(plan).evaluate("t/p", list(range(n))).statements for n in (10, 100))
    assert 10 + 100 <= small < 150
    assert 100 + 10_000 <= large < 10_200
    policy = Policy.load(plan, max_steps=large)
    assert policy.evaluate("t/p", list(range(100))).value == 10_000
    with pytest.raises(EvaluationError) as stopped:
        policy.evaluate("t/p", list(range(101)))
    assert stopped.value.code == "eval_budget_exceeded"


def test_a_set_that_is_looked_at_early_is_made_early(by_hand: Any) -> None:
    """What holds the set while it is empty holds its members later."""
    key, member = {"type": "string_index", "value": 0}, {"type": "local", "value": 2}
    stmts = [
        ("MakeSetStmt", {"target": 2}),
        ("MakeArrayStmt", {"capacity": 1, "target": 4}),
        ("ArrayAppendStmt", {"value": member, "array": 4}),
        ("SetAddStmt", {"value": key, "set": 2}),
        ("ReturnLocalStmt", {"source": 4}),
    ]
    block = {"stmts": [{"type": kind, "stmt": given} for kind, given in stmts]}
    function = {"name": "f", "params": [0, 1], "return": 2, "path": ["f"], "blocks": [block]}
    arguments = [{"type": "local", "value": 0}, {"type": "local", "value": 1}]
    statements = [
        ("CallStmt", {"func": "f", "args": arguments, "result": 5}),
        ("MakeObjectStmt", {"target": 6}),
        ("ObjectInsertStmt", {"key": key, "value": {"type": "local", "value": 5}, "object": 6}),
        ("ResultSetAddStmt", {"value": 6}),
    ]
    assert Policy.load(by_hand(statements, functions=(function,))).evaluate("main", {}).value == [["result"]]
