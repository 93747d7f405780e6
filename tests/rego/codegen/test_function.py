"""Functions written where their only call stands: the same values, and only where they run at most once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from rego import EvaluationError, Policy
from tests.rego.generated import generated

if TYPE_CHECKING:
    from collections.abc import Callable


def calls(policy: Policy) -> int:
    """Return how many functions of the plan were written as functions of their own."""
    return len(re.findall(r"^def f\d+\(", generated(policy), re.MULTILINE))


@pytest.mark.parametrize(
    "source",
    [
        "q := input.a\np := q",
        "q if input.a\np if q",
        "q if input.a\np if not q",
        "q contains 1 if input.a\np := q",
        "default q := 1\nq := 2 if input.a\np := q",
        "r := input.a\nq := r\np := q",
    ],
)
def test_a_function_with_one_caller_is_written_there(
    planned: Callable[[str, str], bytes], agreed: Callable[..., Any], source: str
) -> None:
    """There is no function of its own, and nothing else is different."""
    assert calls(Policy.load(planned(f"package t\n\n{source}\n", "t/p"))) == 0
    for given in ({}, {"a": 5}, {"a": False}):
        agreed(source, given)


@pytest.mark.parametrize(
    "source",
    [
        "q := input.a\np := [q | some _ in [1, 2]]",
        "q := input.a\np := [[x | x := q], [x | x := q]]",
        "q := input.a\np := x if x := q with input.a as 1",
        'q.x := input.a\np := [x | some k in ["x", "y"]; x := data.t.q[k]]',
        "q := input.a\nr := q with input.a as 1\np := r",
    ],
    ids=["in a loop", "twice", "under with", "dynamically", "with inside"],
)
def test_others_are_called(
    planned: Callable[[str, str], bytes], agreed: Callable[..., Any], source: str
) -> None:
    """In a loop, twice, under `with`, by a path: each has a function of its own."""
    source = source.replace("r := q with", "r := x if x := q with")
    assert calls(Policy.load(planned(f"package t\n\n{source}\n", "t/p"))) > 0
    for given in ({}, {"a": 5}, {"a": False}):
        agreed(source, given)


@pytest.mark.parametrize(
    "source",
    [
        "f(x) := [x, input.a]\np := f(1)",
        "f(x) := x + 1 if x > 1\np := [f(input.a), f(2)]",
        "f(x) if x == 1\nf(x) if x == input.a\np := [x | some x in input.xs; f(x)]",
        "f(x) if x == 1\nf(x) if x == input.a\np := [x | some x in input.xs; not f(x)]",
        "f(x) := 1 if x == 1 else := 2 if x == 5 else := 3\np := [f(x) | some x in input.xs]",
        "f(x) := 1 if x > 0\nf(x) := 2 if x > 4\np := [f(x) | some x in input.xs]",
        "f(x, k) := x[k]\ng(x) := f(x, `a`)\ng(x) := f(x, `b`)\np := {g(input), f(input, `a`)}",
        "f(x) := {y | some y in input.xs; y > x}\np := [f(x) | some x in input.xs]",
        "default f(_) := false\nf(x) := x == input.a\np := [f(x) | some x in input.xs]",
        "f([x, y]) := x + y\np := [f([x, 1]) | some x in input.xs]",
        "f(x) := x if every y in input.xs { y <= x }\np := [x | some x in input.xs; f(x)]",
    ],
)
def test_a_small_function_is_written_where_it_is_called(
    planned: Callable[[str, str], bytes], agreed: Callable[..., Any], source: str
) -> None:
    """Each time anew, in loops, too; nothing is different, conflicts and errors neither."""
    assert calls(Policy.load(planned(f"package t\n\n{source}\n", "t/p"))) == 0
    for given in ({}, {"a": 5, "xs": [1, 5, 7]}, {"a": False, "xs": [0]}, {"a": "x", "b": "x", "xs": ["x"]}):
        agreed(source, given)


def test_functions_in_functions_are_written_out_only_so_far(agreed: Callable[..., Any]) -> None:
    """Each calls the one before twice: written out to the end, that would be a million bodies."""
    source = "\n".join(f"f{n}(x) := f{n - 1}(x) + f{n - 1}(x + 1)" for n in range(1, 10))
    assert agreed(f"f0(x) := x + input.a\n{source}\np := f9(1)", {"a": 1})[0] == "value"


def test_what_is_written_out_in_a_loop_is_charged(planned: Callable[..., bytes]) -> None:
    """A loop in a function that a loop calls cannot outlast the budget, wherever it is written."""
    source = "package t\n\nf(x) := [y | some y in input.xs; y > x]\n\np := [f(x) | some x in input.xs]\n"
    policy = Policy.load(planned(source, "t/p"), max_steps=10_000)
    assert policy.evaluate("t/p", {"xs": [1, 2]}).statements == 8
    with pytest.raises(EvaluationError) as failure:
        policy.evaluate("t/p", {"xs": list(range(1000))})
    assert failure.value.code == "eval_budget_exceeded"


def test_rules_in_one_another_are_told_apart(agreed: Callable[..., Any]) -> None:
    """Each writes locals of its own, and has its own early ends."""
    source = "\n".join(
        f"q{n} := [x, {n}] if {{ x := q{n - 1}; some y in input.ys; y > {n - 20} }} else := {n}"
        for n in range(1, 20)
    )
    source = f"q0 := input.a if {{ some y in input.ys; y > 2 }}\n{source}\np := q19"
    for given in ({"a": 1, "ys": [3]}, {"a": 1, "ys": [-3, 3]}, {"a": 1, "ys": []}, {"ys": [3]}):
        assert agreed(source, given)[0] == "value"


def test_an_error_in_a_function_written_elsewhere_is_where_it_stands(planned: Callable[..., bytes]) -> None:
    """Its location is its own row, not its caller's."""
    policy = Policy.load(planned("package t\n\nq := x if {\n\tx := 1 / input.a\n}\n\np := q\n", "t/p"))
    with pytest.raises(EvaluationError) as failure:
        policy.evaluate("t/p", {"a": 0})
    assert failure.value.location
    assert failure.value.location.row == 4


def test_the_rules_that_fired_are_named_wherever_they_are_written(planned: Callable[..., bytes]) -> None:
    """In the order of the plan, each once."""
    source = "package t\n\nq if input.a\n\nr contains x if some x in input.xs\n\np := [q, r]\n"
    policy = Policy.load(planned(source, "t/p"))
    fired = policy.evaluate("t/p", {"a": True, "xs": [1, 2]}).fired
    assert sorted(where.row for where in fired) == [3, 5, 7]
    assert [where.row for where in policy.evaluate("t/p", {"xs": [1, 2]}).fired] == []


def test_deep_loops_around_a_call_write_no_function_there(planned: Callable[..., bytes]) -> None:
    """Inner functions would have to know its locals, too."""
    some = "; ".join(f"some x{level} in input.xs" for level in range(20))
    source = f"package t\n\nq := [1 | {some}]\n\np := [q, r]\n\nr if {{ {some}; x19 > 0 }}\n"
    policy = Policy.load(planned(source, "t/p"))
    assert policy.evaluate("t/p", {"xs": [1]}).value == [[1], True]
