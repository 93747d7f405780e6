"""What is left of a function over known data: what can still happen, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import Policy, nodes
from rego import plan as p
from rego.flow import walk

if TYPE_CHECKING:
    from collections.abc import Callable

    Planned = Callable[..., bytes]


def left(planned: Planned, source: str, data: Any, *, tracing: bool = True) -> list[p.Statement]:
    """Return the statements that are left of the rule `p` over some data."""
    policy = Policy.load(planned(f"package t\n\n{source}\n", "t/p"), data, tracing=tracing)
    names = [function.name for function in policy.plan.functions]
    found = policy._programs.bodies("t/p").functions.get(names.index("g0.data.t.p"))
    return walk(found.blocks) if found else []


def kinds(statements: list[p.Statement]) -> set[type[p.Statement]]:
    """Return the types of statements but for those that only give the result back."""
    return {type(s) for s in statements} - {p.ResetLocal, p.IsDefined, p.ReturnLocal}


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("p contains x if some x in data.rows", {}),
        ("p contains x if some x in data.rows", {"rows": {}}),
        ("p contains x if some x in data.rows", {"rows": "text"}),
        ("p contains x if { some x in input.xs; data.rows[x].y }", {"rows": {"a": {}, "b": {"x": 1}}}),
        ("p contains x if { some x in input.xs; x in data.rows }", {"rows": []}),
        ('p contains x if { some x in input.xs; data.mode == "on" }', {"mode": "off"}),
        ('p contains x if { some x in input.xs; data.mode in {"on", "warn"} }', {"mode": "off"}),
        ("p contains x if { some x in input.xs; count(data.rows) > 0 }", {"rows": []}),
        ("p contains x if { some x in input.xs; not data.rows }", {"rows": [1]}),
        ("p contains x if { some x in input.xs; x in q }\n\nq contains y if some y in data.rows", {}),
        ("p contains x if { some x in input.xs; f(x) }\n\nf(x) if data.rows[x]", {}),
        ("p contains x if some x in data.t.r[_]\n\nr.a contains x if some x in data.rows", {}),
        ("p contains x if { some x in input.xs; every y in input.ys { y == x }; data.rows }", {}),
        ("p contains x if { x := {y | some y in input.ys}; data.rows[x] }", {}),
    ],
)
def test_a_rule_that_cannot_come_to_a_result_is_an_empty_set(
    planned: Planned, source: str, data: Any
) -> None:
    """Nothing is looked up, looped over or asked."""
    assert kinds(left(planned, source, data)) <= {p.MakeSet}
    whole = Policy.load(planned(f"package t\n\n{source}\n", "t/p"), data, specialise=False)
    assert whole.evaluate("t/p", {"xs": [1, "a"], "ys": [1]}).value == []


@pytest.mark.parametrize(
    ("source", "data", "value"),
    [
        ("p if not data.rows", {}, True),
        ("p if not q\n\nq if data.rows[input.a]", {}, True),
        ("p if every row in data.rows { row == input.a }", {"rows": []}, True),
        ("default p := 7\n\np := input.a if data.rows[input.a]", {}, 7),
        ("p := 1 if { data.rows[input.a] } else := 2 if { data.no } else := 3", {"rows": []}, 3),
        ("p := 1 if { not data.rows } else := input.a", {}, 1),
        ("p if { count(q) == 0; q == set() }\n\nq contains x if some x in data.rows", {}, True),
    ],
)
def test_what_must_hold_is_not_asked(planned: Planned, source: str, data: Any, value: Any) -> None:
    """A constant is left, and the note that the rule fired."""
    assert kinds(left(planned, source, data)) <= {p.AssignVarOnce, p.Nested}
    assert Policy.load(planned(f"package t\n\n{source}\n", "t/p"), data).evaluate("t/p", {}).value == value


def test_a_call_that_leaves_a_trace_stays(planned: Planned) -> None:
    """Its value is known, but it fires; without a trace nobody would see it."""
    source = "p if mode == 1\n\nmode := data.mode"
    assert p.Call in kinds(left(planned, source, {"mode": 1}))
    assert kinds(left(planned, source, {"mode": 1}, tracing=False)) == set()


def test_a_call_of_the_hosts_stays(planned: Planned) -> None:
    """Nothing is known of it, not even of `count`."""
    plan = planned("package t\n\np if count(data.rows) > 0\n", "t/p")
    policy = Policy.load(plan, {"rows": []}, builtins={"count": lambda rows: len(rows) + 5})
    assert policy.evaluate("t/p", {}).value is True


def test_rows_for_which_nothing_happens_leave_the_table(planned: Planned) -> None:
    """Those that are switched off, or that name a rule without a result."""
    rows = {"rows": [{"off": True, "id": "a"}, {"id": "b"}, {"off": True, "id": "c"}]}
    source = "p contains row.id if { some row in data.rows; not row.off; input.a == row.id }"
    policy = Policy.load(planned(f"package t\n\n{source}\n", "t/p"), rows)
    assert policy.evaluate("t/p", {"a": "b"})[:4:3] == (["b"], 1)
    assert policy.evaluate("t/p", {"a": "a"}).value == []
    source = """
p if every name in data.names { is_set(data.t.rules[name]) }

rules.a contains x if some x in data.rows

rules.b contains input.b
"""
    policy = Policy.load(planned(f"package t\n\n{source}\n", "t/p"), {"names": ["a", "b", "a"]})
    found = policy.evaluate("t/p", {"b": 1})
    assert (found.value, found.statements) == (True, 0)
    assert {location.row for location in found.fired} == {4, 8}
    other = policy.with_data({"names": ["a", "c"]})
    assert not other.evaluate("t/p", {"b": 1}).defined


def test_places_in_an_array_stay_what_they_are(planned: Planned) -> None:
    """Whoever asks for them sees all rows counted."""
    source = "p contains i if { some i, row in data.rows; not row.off; input.a }"
    rows = {"rows": [{"off": True}, {}, {"off": True}, {}]}
    policy = Policy.load(planned(f"package t\n\n{source}\n", "t/p"), rows)
    assert policy.evaluate("t/p", {"a": 1}).value == [1, 3]


def test_a_dynamic_reference_without_rules_is_a_step_into_the_data(planned: Planned) -> None:
    """Once it is known that none can be meant."""
    source = "p := data.t.r[data.name]\n\nr.a := 1"
    found = kinds(left(planned, source, {"name": "b"}))
    assert nodes.Reference not in found
    assert p.Call in kinds(left(planned, source, {"name": "a"}))  # where one is meant for sure, it is called
    assert nodes.Reference in kinds(left(planned, "p := data.t.r[input.name]\n\nr.a := 1", {}))
