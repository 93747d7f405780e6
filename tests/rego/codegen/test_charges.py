"""What builtins cost: collections that they make, and what they look through in loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import EvaluationError, Policy
from rego.builtins import CONTEXTUAL, ON_DEMAND, PLAIN
from rego.codegen.charges import LIGHT, MAKING, PRICES

if TYPE_CHECKING:
    from collections.abc import Callable


def test_what_is_charged_for_is_there() -> None:
    """A name that is no builtin's would charge for nothing."""
    known = {*PLAIN, *CONTEXTUAL, *(name for names in ON_DEMAND.values() for name in names)}
    assert not (MAKING | LIGHT | PRICES.keys()) - known
    assert not MAKING & LIGHT


@pytest.mark.parametrize(
    ("source", "least"),
    [
        ("p := count(numbers.range(1, input.n))", 1000),
        ("p := count(array.concat(input.xs, input.xs))", 2000),
        ('p := count(split(input.s, ""))', 1000),
        ("p := count(sort(input.xs))", 1000),
        ("p := count([1 | some _ in [1, 2, 3]; sum(input.xs) > 0])", 3 * 1000),
        ("f(x) := sum(x)\np := f(input.xs)", 1000),
    ],
)
def test_work_on_large_collections_takes_steps(
    planned: Callable[[str, str], bytes], source: str, least: int
) -> None:
    """About as many as it has members to make, or to look through in a loop."""
    plan = planned(f"package t\n\n{source}\n", "t/p")
    large: dict[str, Any] = {"n": 1000, "xs": [1] * 1000, "s": "a" * 1000}
    small: dict[str, Any] = {"n": 3, "xs": [1] * 3, "s": "a" * 3}
    assert Policy.load(plan).evaluate("t/p", small).statements < 50
    assert least <= Policy.load(plan).evaluate("t/p", large).statements < least + 50
    with pytest.raises(EvaluationError) as stopped:
        Policy.load(plan, max_steps=least // 2).evaluate("t/p", large)
    assert stopped.value.code == "eval_budget_exceeded"


@pytest.mark.parametrize(
    "source",
    [
        "p := count(input.xs)",
        "p := sum(input.xs)",
        "p := [1 | some _ in [1, 2, 3]; count(input.xs) > 0]",
        "p := startswith(input.s, input.s)",
    ],
)
def test_work_that_does_not_multiply_is_free(planned: Callable[[str, str], bytes], source: str) -> None:
    """What is done once is bounded by the size of the policy and of the input."""
    policy = Policy.load(planned(f"package t\n\n{source}\n", "t/p"))
    assert policy.evaluate("t/p", {"xs": [1] * 5000, "s": "a" * 5000}).statements < 20


_NESTED = {
    "o": {"a": list(range(3000))},
    "p": {"a": list(range(3000))},
    "big": "x" * 100_000,
    "l": [[1, 2]] * 3000,
}


@pytest.mark.parametrize(
    "asked",
    [
        "json.marshal(input.o) != x",
        "input.o == input.p",
        "input.o <= input.p",
        "input.o in [input.p]",
        "sort(input.l) != x",
        "count({input.o}) > 0",
        "count({input.o: x}) > 0",
        'sprintf("%v", [input.o]) != x',
        "json.match_schema(input.o, {})[0]",
        "contains(input.big, input.s)",
        "upper(input.big) != x",
        "base64.encode(input.big) != x",
        '$"{input.big}{x}" != x',
    ],
)
def test_work_on_nested_values_and_texts_in_a_loop_is_cut_off(
    planned: Callable[[str, str], bytes], asked: str
) -> None:
    """However small the outermost part is; of a thousand rounds only some are gone."""
    plan = planned(f"package t\n\np := count([x | some x in numbers.range(1, 5000); {asked}])\n", "t/p")
    with pytest.raises(EvaluationError) as stopped:
        Policy.load(plan, max_steps=200_000).evaluate("t/p", {**_NESTED, "s": "y"})
    assert stopped.value.code == "eval_budget_exceeded"


def test_costly_calls_have_a_price(planned: Callable[[str, str], bytes]) -> None:
    """A hundred signatures are not a hundred steps."""
    source = "p := count([1 | some x in numbers.range(1, 1000); not io.jwt.verify_rs256(input.t, input.k)])"
    policy = Policy.load(
        planned(f"package t\n\n{source}\n", "t/p"), max_steps=200_000, strict_builtin_errors=False
    )
    with pytest.raises(EvaluationError) as stopped:
        policy.evaluate("t/p", {"t": "a.b.c", "k": "x"})
    assert stopped.value.code == "eval_budget_exceeded"
