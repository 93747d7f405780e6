"""Conditions come first, as OPA's rule index has it: errors behind them do not happen, others still do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import plan as p
from rego.errors import Location
from rego.nodes import HasAffix, Lookup, MayBe
from rego.optimize import prepared

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Location("", 0, 0)
ASKED = (p.Dot(AT, 0, "a", 5), p.Equal(AT, 5, "x"))


def kinds(*statements: p.Statement) -> list[type[p.Statement]]:
    """Return the types of a rule's statements in their new order."""
    found = prepared((p.Block(statements), p.Block((p.ReturnLocal(AT, 2),))), (0, 1), 2)
    return [type(s) for s in found.blocks[0].statements]


def test_conditions_move_before_calls() -> None:
    """A body that they rule out is not entered."""
    call = p.Call(AT, "div", (0, 1), 4)
    found = kinds(call, *ASKED, p.AssignVarOnce(AT, 4, 2))
    assert found == [Lookup, MayBe, p.Call, p.Equal, p.AssignVarOnce]


def test_an_answer_that_is_a_value_is_no_condition() -> None:
    """Whether something is a member may be asked for the answer's sake; then false is an answer, too."""
    call = p.Call(AT, "div", (0, 1), 4)
    member = (p.Dot(AT, 0, "a", 5), p.Call(AT, "internal.member_2", ("x", 5), 6))
    assert kinds(call, *member, p.AssignVarOnce(AT, 6, 2)) == [Lookup, p.Call, p.Call, p.AssignVarOnce]
    condition = p.NotEqual(AT, 6, b=False)
    assert kinds(call, *member, condition) == [Lookup, MayBe, p.Call, p.Call, p.NotEqual]


def test_what_a_scan_runs_over_is_not_required() -> None:
    """OPA's index does not ask whether there is anything to run over, but asks what stands behind it."""
    call = p.Call(AT, "div", (0, 1), 4)
    inner = p.Block((p.Dot(AT, 0, "b", 8), p.Equal(AT, 8, "x"), p.AssignVarOnce(AT, 4, 2)))
    scan = (p.Dot(AT, 0, "a", 5), p.Scan(AT, 5, 6, 7, inner))
    assert kinds(call, *scan) == [Lookup, MayBe, p.Call, Lookup, p.Scan]


def test_conditions_do_not_move_before_effects() -> None:
    """What a body did before it failed is done."""
    once = p.AssignVarOnce(AT, "x", 2)
    assert kinds(once, *ASKED) == [p.AssignVarOnce, Lookup, p.Equal]
    nested = p.Nested(AT, (p.Block((once,)),))
    assert kinds(nested, *ASKED) == [p.Nested, Lookup, p.Equal]


def test_what_depends_on_more_than_parameters_stays() -> None:
    """Comparisons of two references, of what a call gave, and keys known only at run time."""
    call = p.Call(AT, "div", (0, 1), 4)
    for rest in (
        (p.Dot(AT, 4, "a", 5), p.Equal(AT, 5, "x")),
        (p.Dot(AT, 0, 4, 5), p.Equal(AT, 5, "x")),
        (p.Equal(AT, 4, "x"),),
        (p.NotEqual(AT, 0, "x"),),
    ):
        assert kinds(call, *rest)[0] is p.Call
    two = (p.Dot(AT, 0, "a", 5), p.Dot(AT, 1, "b", 6), p.Equal(AT, 5, 6))
    assert kinds(call, *two)[0] is p.Call


def test_a_text_is_asked_for_its_affix_first() -> None:
    """Where the answer must not be false, and the text is what a path leads to."""
    call = p.Call(AT, "startswith", (5, "x"), 6)
    holds = p.NotEqual(AT, 6, b=False)
    assert HasAffix in kinds(ASKED[0], call, holds)
    assert HasAffix not in kinds(ASKED[0], call)
    assert HasAffix not in kinds(ASKED[0], call, p.Equal(AT, 6, False))  # noqa: FBT003 - the same
    assert HasAffix not in kinds(ASKED[0], p.Call(AT, "contains", (5, "x"), 6), holds)


@pytest.mark.parametrize(
    ("reference", "required"),
    [
        ("input.zs", True), ("input.zs[0]", True), ("1 in input.zs", True), ("count(input.zs) > 0", True),
        ("every x in input.zs { x }", True), ("z := input.zs; some x in z", True),
        ("z := input.zs; z[y]", True), ("z := input.zs; z[1][_]", True), ("data.zs.u", True),
        ("some x in input.zs", False), ("input.zs[_]", False), ("input.zs[y]", False),
        ("input.zs[1][_]", False), ("input.zs.u[y].v", False), ("data.zs.u[y]", False),
        ("some i; input.zs[i].u", False), ("not input.zs", False),
        ("x := [z | z := input.zs[_]]; x", False),
    ],
)  # fmt: skip
def test_what_a_reference_requires_ends_where_a_variable_begins(
    agreed: Callable[..., Any], reference: str, *, required: bool
) -> None:
    """What stands before a variable need not be there for a body to be entered, and to fail."""
    expected = ("undefined", None) if required else ("error", "eval_type_error")
    assert expected == agreed(f"p if {{ y := lower(input.n); {reference} }}", {"n": 0})


@pytest.mark.parametrize(
    ("source", "document", "expected"),
    [
        ("p := [1 / input.a, input.b]", {"a": 0}, ("undefined", None)),
        ("p := [1 / input.a, input.b]", {"a": 0, "b": 1}, ("error", "eval_builtin_error")),
        ('p if { 1 / input.n > 0; input.a == "x" }', {"n": 0, "a": "y"}, ("undefined", None)),
        ('p if { 1 / input.n > 0; input.a == "x" }', {"n": 0, "a": "x"}, ("error", "eval_builtin_error")),
        ('p if { not 1 / input.n > 0; input.a == "x" }', {"n": 0, "a": "y"}, ("undefined", None)),
        ('p if startswith(input.a, "x")', {"a": 1}, ("undefined", None)),
        ('p if startswith(input.a, "x")', {"a": ["b"]}, ("undefined", None)),
        ('p if startswith(input.a, "x")', {"a": ["b", "xy"]}, ("error", "eval_type_error")),
        ('p if not startswith(input.a, "x")', {"a": 1}, ("error", "eval_type_error")),
        ('p if startswith(input.a, "x") == false', {"a": 1}, ("error", "eval_type_error")),
        ('p if endswith(input.a, "x")', {"a": {"k": "ax"}}, ("error", "eval_type_error")),
        ('p if strings.any_prefix_match(input.a, ["x", "y"])', {"a": 1}, ("undefined", None)),
        (
            "p if { 1 / input.n > 0; input.a == input.b }",
            {"n": 0, "a": 1, "b": 2},
            ("error", "eval_builtin_error"),
        ),
        ("p if { 1 / input.n > 0; input.missing == input.n }", {"n": 0}, ("error", "eval_builtin_error")),
        ('p if { 1 / input.n > 0; input.a != "x" }', {"n": 0, "a": "x"}, ("error", "eval_builtin_error")),
        ('f(x, n) := 1 if { 1 / n > 0; x == "a" }\np := [x | x := f(input.a, 0)]', {"a": "b"}, ("value", [])),
        (
            'p := 1 if { 1 / input.n > 0; input.a == "x" } else := 2 if { input.a == "y" }',
            {"n": 0, "a": "y"},
            ("value", 2),
        ),
        (
            'p := 1 if { input.a == "y" } else := 2 if { 1 / input.n > 0; input.a == "x" }',
            {"n": 0, "a": "y"},
            ("value", 1),
        ),
        ("p contains x if { x := 1 / input.n; input.a }", {"n": 0}, ("value", [])),
        (
            "p contains x if { some y in input.ys; x := 1 / y; y.z }",
            {"ys": [0]},
            ("error", "eval_builtin_error"),
        ),
    ],
)
def test_errors_happen_where_they_do_in_opa(
    agreed: Callable[..., Any], source: str, document: Any, expected: tuple[str, Any]
) -> None:
    """A condition on the input or an argument hides them; one on two references, or on a local, does not."""
    assert expected == agreed(source, document)


@pytest.mark.parametrize(
    "body",
    [
        "every v in input.a { v in object.keys(v.a) }",
        "y := [z | some v in input.a; z := object.keys(v.a)]; count(y) >= 0",
        "y := {z | some v in input.a; z := object.keys(v.a)}; count(y) >= 0",
        "not f",
        "some v in input.a; count(object.keys(v.a)) >= 0",
    ],
)
def test_what_is_required_behind_a_loop_is_asked_before_it(agreed: Callable[..., Any], body: str) -> None:
    """As with OPA's index, which looks at all of a body: no error happens in one that is ruled out."""
    more = "\n\nf if object.keys(input.a[0].a)"
    for document in ({"a": [{"a": ""}]}, {"a": [{"a": ""}], "q": 1}, {"a": [{"a": {"b": 1}}], "q": 1}):
        worlds: list[dict[str, Any]] = [{"d": {}}, {"d": {"x": 2}}]
        for data in worlds:
            agreed(f"p := data.d.x if {{ {body} }}{more}", document, data)
            agreed(f"p if {{ {body}; input.q == 1 }}{more}", document, data)
            agreed(f"p contains data.d.x if {{ {body}; data.d.x > 1 }}{more}", document, data)
            agreed(
                f"default p := 9\n\np := 1 if {{ {body}; data.d.x }} else := input.q{more}", document, data
            )


@pytest.mark.parametrize(
    "condition",
    [
        'input.o == {"tier": "gold"}',
        '{"tier": "gold"} == input.o',
        'input.o = {"tier": "gold"}',
        '{"tier": t} = input.o; t == "gold"',
        'input.o == {"tier": {"z": "gold"}}',
        'input.o == {"tier": input.n}',
        '{"a": input.o} == {"a": {"tier": "gold"}}',
        "input.o == {}",
        "input.x == {1}",
        "input.x == set()",
        'input.o in [{"tier": "gold"}]',
        'input.o in {{"tier": "gold"}}',
        'input.x in {"a": {"z": 1}}',
        'input.x in ["a", {"b": 1}]',
        "input.x in []",
        "input.x in {}",
        '{"q": 1} in input.l',
        'some v in input.l; v == {"tier": "gold"}',
        'input.k.v == {"a": [x | x := 1]}',
        'input.x == [{"a": 1}]',
    ],
)
def test_what_opas_index_does_not_know_hides_no_error(agreed: Callable[..., Any], condition: str) -> None:
    """Objects, sets and nothing at all: the body is entered, and a denial that fails must not become none."""
    document = {"a": 1, "n": 0, "o": {"tier": "silver"}, "x": "zz", "l": ["a"], "k": {"v": 1}}
    conflict = "c := 1 if input.a\n\nc := 2 if input.a"
    for body in (f"c > 0; {condition}", f"1 / input.n > 0; {condition}"):
        for head in ("p contains 1", "p", "p := 1"):
            found = agreed(f"{head} if {{ {body} }}\n\n{conflict}", document)
            assert found[0] == "error"
        agreed(f"p := 1 if {{ {body} }} else := 2\n\n{conflict}", document)
