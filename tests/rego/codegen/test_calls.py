"""Calls of rules, functions and builtins: remembered for one input and data, and asked for what they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import EvaluationError, Policy
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("source", "document", "expected"),
    [
        # a condition on what a function gives
        ("f(x) if x > 1\np if f(input.n)", {"n": 2}, ("value", True)),
        ("f(x) if x > 1\np if f(input.n)", {"n": 1}, ("undefined", None)),
        ("f(x) if x > 1\np if not f(input.n)", {"n": 1}, ("value", True)),
        ("f(x) := x > 1\np if f(input.n)", {"n": 1}, ("undefined", None)),
        ("f(x) := x > 1\np if not f(input.n)", {"n": 1}, ("value", True)),
        ("f(x) := x\np if f(input.n)", {"n": 0}, ("value", True)),
        ("f(x) := x\np if f(input.n)", {"n": None}, ("value", True)),
        ("f(x) := x\np if f(input.n)", {"n": False}, ("undefined", None)),
        ("f(x) := x > 1\np if f(input.n) == false", {"n": 1}, ("value", True)),
        ("f(x) := false\np := f(1)", {}, ("value", False)),
        # with another input, or other data
        ("q := input.n\np := [q, r, q]\nr := x if x := q with input.n as 2", {"n": 1}, ("value", [1, 2, 1])),
        ("q := data.d\np := [r, q]\nr := x if x := q with data.d as input.n", {"n": 1}, ("value", [1, 5])),
        (
            "q if input.n == 1\np := [x | some n in [1, 2, 1]; x := [n | q] with input.n as n]",
            {},
            ("value", [[1], [], [1]]),
        ),
        (
            "f(x) := [x, input.n]\np := [a | some n in [1, 2]; a := f(n) with input.n as n]",
            {"n": 0},
            ("value", [[1, 1], [2, 2]]),
        ),
        ("q := count(input.xs)\np := x if x := q with count as 7", {"xs": []}, ("value", 7)),
        ("f(x) := 9\nq := count(input.xs)\np := x if x := q with count as f", {"xs": []}, ("value", 9)),
        # by a path known only when it runs
        (
            "a.b := 1\na.c := x if x := input.n\np := [data.t.a[k] | some k in input.ks]",
            {"n": 2, "ks": ["b", "c", "d"]},
            ("value", [1, 2]),
        ),
        (
            "a.b := 1\np := [data.t.a[k] | some k in input.ks]",
            {"ks": [1, True, None, ["b"], "b"]},
            ("value", [1]),
        ),
        (
            "a.b.c := 1\na.b.d := 2\np := [[i, j, x] | x := data.t.a[i][j]]",
            {},
            ("value", [["b", "c", 1], ["b", "d", 2]]),
        ),
    ],
)
def test_calls_give_what_they_give_in_opa(
    agreed: Callable[..., Any], source: str, document: Any, expected: tuple[str, Any]
) -> None:
    """Whoever asks, however often, under `with` or not."""
    data = {"d": 5} if "data.d" in source else {}
    assert expected == agreed(source, document, data)


def test_a_rule_runs_once_for_each_input(planned: Callable[[str, str], bytes]) -> None:
    """It is remembered, whatever its value, and not beyond `with`."""
    asked: list[Any] = []

    def answer(value: Any) -> Any:
        asked.append(value)
        return value

    source = "package t\n\nq := abs(input.n)\np := [q, q, x, q] if x := q with input.n as 2\n"
    policy = Policy.load(planned(source, "t/p"), builtins={"abs": answer})
    for n in (None, 1, False):
        asked.clear()
        assert policy.evaluate("t/p", {"n": n}).value == [n, n, 2, n]
        assert sorted(map(repr, asked)) == sorted([repr(n), "2"])


def test_a_rule_without_a_value_runs_once_too(planned: Callable[[str, str], bytes]) -> None:
    """Undefined is remembered like anything else."""
    asked: list[Any] = []

    def answer(value: Any) -> Any:
        asked.append(value)
        return value

    source = "package t\n\nq if { abs(input.n) > 5 }\np := [x | some _ in [1, 2, 3]; x := [1 | q]]\n"
    policy = Policy.load(planned(source, "t/p"), builtins={"abs": answer})
    assert policy.evaluate("t/p", {"n": 1}).value == [[], [], []]
    assert asked == [1]


def test_the_hosts_builtin_goes_before_our_own_and_its_shortcuts(
    planned: Callable[[str, str], bytes],
) -> None:
    """Whatever is written inline for a builtin is not, where the host has one of its own."""
    source = 'package t\n\np := [count(input.xs), startswith("abc", input.s), "x" in input.xs]\n'
    own = {"count": lambda _: 42, "startswith": lambda *_: False, "internal.member_2": lambda *_: True}
    policy = Policy.load(planned(source, "t/p"), builtins=own)
    assert policy.evaluate("t/p", {"xs": [], "s": "a"}).value == [42, False, True]


def test_an_error_of_the_hosts_is_one_of_a_builtin(planned: Callable[[str, str], bytes]) -> None:
    """Strictly it ends the evaluation where the call stands; leniently the call is undefined."""

    def refuse(_: Any) -> Any:
        raise BuiltinError("no")

    plan = planned("package t\n\np := x if {\n\tx := abs(input.n)\n}\n", "t/p")
    with pytest.raises(EvaluationError) as failure:
        Policy.load(plan, builtins={"abs": refuse}).evaluate("t/p", {"n": 1})
    assert (failure.value.code, str(failure.value.location)[-3:-2]) == ("eval_builtin_error", "4")
    lenient = Policy.load(plan, builtins={"abs": refuse}, strict_builtin_errors=False)
    assert not lenient.evaluate("t/p", {"n": 1}).defined


def test_leniently_an_inline_builtin_is_undefined_where_it_would_fail(
    planned: Callable[[str, str], bytes],
) -> None:
    """Conditions and values alike."""
    source = 'package t\n\np := [a, b, c] if {\n\ta := [1 | startswith(input.x, "a")]\n'
    source += '\tb := [1 | not startswith(input.x, "a")]\n\tc := [n | n := count(input.x)]\n}\n'
    policy = Policy.load(planned(source, "t/p"), strict_builtin_errors=False)
    assert policy.evaluate("t/p", {"x": 7}).value == [[], [1], []]
    assert policy.evaluate("t/p", {"x": "ab"}).value == [[1], [], [2]]


def test_an_answer_about_another_input_is_not_remembered(by_hand: Any) -> None:
    """A plan may hand any value over as the input: what is found for it is found for it alone."""
    function = {
        "name": "f",
        "params": [0, 1],
        "return": 2,
        "path": ["f"],
        "blocks": [
            {
                "stmts": [
                    {
                        "type": "AssignVarOnceStmt",
                        "stmt": {"source": {"type": "local", "value": 0}, "target": 2},
                    },
                    {"type": "ReturnLocalStmt", "stmt": {"source": 2}},
                ]
            }
        ],
    }
    data, result = {"type": "local", "value": 1}, {"type": "string_index", "value": 0}
    statements: list[tuple[str, dict[str, Any]]] = [("MakeArrayStmt", {"capacity": 3, "target": 5})]
    for source in (
        {"type": "local", "value": 0},
        {"type": "string_index", "value": 0},
        {"type": "local", "value": 0},
    ):
        statements.append(("CallStmt", {"func": "f", "args": [source, data], "result": 4}))
        statements.append(("ArrayAppendStmt", {"value": {"type": "local", "value": 4}, "array": 5}))
    statements += [
        ("MakeObjectStmt", {"target": 6}),
        ("ObjectInsertStmt", {"key": result, "value": {"type": "local", "value": 5}, "object": 6}),
        ("ResultSetAddStmt", {"value": 6}),
    ]
    policy = Policy.load(by_hand(statements, functions=(function,)))
    assert policy.evaluate("main", "given").value == ["given", "result", "given"]
