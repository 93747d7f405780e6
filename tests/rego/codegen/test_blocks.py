"""How deep blocks may nest, and where jumps out of them land."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import EvaluationError, Policy

if TYPE_CHECKING:
    from collections.abc import Callable


def loops(depth: int, then: str) -> str:
    """Write that many loops in one another."""
    names = [f"x{level}" for level in range(depth)]
    some = "; ".join(f"some {name} in input.xs" for name in names)
    return then.replace("@", some).replace("#", " + ".join(names))


@pytest.mark.parametrize("depth", [3, 16, 17, 33])
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("p := [y | @; y := #]", lambda depth: [depth]),
        ("p contains # if { @ }", lambda depth: [depth]),
        ("p[x0] := # if { @ }", lambda depth: {"1": depth}),
        ("p if { @; # > 0 }", lambda _: True),
        ("q if { @; # < 0 }\np if not q", lambda _: True),
        ("f(y) := # + y if { @ }\np := f(1)", lambda depth: depth + 1),
        ("p := # if { @ } else := 7", lambda depth: depth),
        ("p := {y | @; y := {x0: #}}", lambda depth: [{"1": depth}]),
    ],
)
def test_loops_nest_deeper_than_python_allows(
    planned: Callable[[str, str], bytes], rule: str, expected: Callable[[int], Any], depth: int
) -> None:
    """What is made, assigned and returned in the innermost of them gets out of all of them."""
    policy = Policy.load(planned(f"package t\n\n{loops(depth, rule)}\n", "t/p"))
    assert expected(depth) == policy.evaluate("t/p", {"xs": [1]}).value
    assert policy.evaluate("t/p", {"xs": []}).value in ([], {}, None, True, 7)


def test_the_values_of_deep_loops_are_all_combinations(agreed: Callable[..., Any]) -> None:
    """Two to the eighteenth of them would be too many; of eighteen loops two run over two members."""
    some = "; ".join(f"some x{level} in input.one" for level in range(16))
    source = f"p := [[a, b] | some a in input.two; {some}; some b in input.two; x15 > 0]"
    given = {"one": [1], "two": ["l", "r"]}
    assert agreed(source, given) == ("value", [["l", "l"], ["l", "r"], ["r", "l"], ["r", "r"]])


@pytest.mark.parametrize("number", [5, 14, 15, 31, 60])
def test_conditions_without_end_are_asked_in_order(agreed: Callable[..., Any], number: int) -> None:
    """Many conditions are no deeper than one: each of them counts, and the first that fails ends it."""
    body = "; ".join(f"input.c{place} == {place}" for place in range(number))
    holds = {f"c{place}": place for place in range(number)}
    assert agreed(f"p if {{ {body} }}", holds) == ("value", True)
    for failing in (0, number // 2, number - 1):
        assert agreed(f"p if {{ {body} }}", holds | {f"c{failing}": "no"}) == ("undefined", None)


def test_negations_nest(agreed: Callable[..., Any]) -> None:
    """Each `not` turns what is inside it around, loops and all."""
    source = """
q0 if { some x in input.xs; x > 1 }
""" + "\n".join(f"q{n} if {{ some y in input.ys; not q{n - 1}; y > 0 }}" for n in range(1, 20))
    for last in (18, 19):
        expected = ("value", True) if last % 2 == 0 else ("undefined", None)
        assert expected == agreed(f"{source}\n\np if q{last}", {"xs": [2], "ys": [1]})


def test_a_conflict_in_the_deepest_loop_is_one(planned: Callable[[str, str], bytes]) -> None:
    """An error passes through all inner functions, and says where it is."""
    policy = Policy.load(planned(f"package t\n\n{loops(20, 'p := # if { @ }')}\n", "t/p"))
    assert policy.evaluate("t/p", {"xs": [1]}).value == 20
    with pytest.raises(EvaluationError) as conflict:
        policy.evaluate("t/p", {"xs": [1, 2]})
    assert conflict.value.code == "eval_conflict_error"
    assert conflict.value.location
    assert conflict.value.location.row == 3


def test_conditions_in_loops_indent_no_further_than_python_reads(agreed: Callable[..., Any]) -> None:
    """Nine loops with twelve conditions each would stand more than a hundred steps in."""
    loop = "; ".join(
        f"some x{level} in input.xs; " + "; ".join(f"x{level} != {number}" for number in range(12))
        for level in range(9)
    )
    assert agreed(f"p contains x8 if {{ {loop} }}", {"xs": [5, 12, 13]}) == ("value", [12, 13])
