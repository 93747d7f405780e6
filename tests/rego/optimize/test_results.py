"""A rule's bodies write the function's result themselves: conflicts, defaults and order must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import Policy
from rego import plan as p
from rego.errors import Location
from rego.flow import walk
from rego.optimize.results import with_direct_result

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Location("", 0, 0)
RESULT, BODY = 2, 3


def block(*statements: p.Statement) -> p.Block:
    """Return a block."""
    return p.Block(statements)


def rule(value: p.Operand, *before: p.Statement) -> p.Block:
    """Return a rule's body: it empties its local and sets it."""
    return block(p.ResetLocal(AT, BODY), *before, p.AssignVarOnce(AT, value, BODY))


COPY = block(p.IsDefined(AT, BODY), p.AssignVarOnce(AT, BODY, RESULT))
DEFAULT = block(p.IsUndefined(AT, RESULT), p.AssignVarOnce(AT, False, RESULT))  # noqa: FBT003 - a constant of Rego
END = block(p.ReturnLocal(AT, RESULT))


def test_one_body_writes_the_result() -> None:
    """Then there is no copy, and no local of the body's own."""
    found = with_direct_result((rule("x"), COPY, DEFAULT, END), RESULT, {})
    assert len(found) == 3
    assert not any(BODY in (getattr(s, "target", None), getattr(s, "source", None)) for s in walk(found))


def test_bodies_with_one_constant_end_the_function() -> None:
    """After the first that holds no other is asked."""
    found = with_direct_result((rule("x"), COPY, rule("x"), COPY, END), RESULT, {})
    assert sum(isinstance(s, p.ReturnLocal) for s in walk(found)) == 3


@pytest.mark.parametrize(
    "blocks",
    [
        (rule("x"), COPY, rule("y"), COPY, END),
        (rule("x"), COPY, rule(7, p.AssignInt(AT, 1, 7)), COPY, END),
        (rule("x"), COPY, rule(True), COPY, END),  # noqa: FBT003 - a constant of Rego
        (rule("x"), COPY, block(p.IsDefined(AT, BODY)), END),
        (rule("x"), COPY, block(p.AssignVarOnce(AT, "y", RESULT)), END),
        (block(p.AssignVar(AT, "y", RESULT)), rule("x"), COPY, END),
        (block(p.With(AT, BODY, (), "y", block())), rule("x"), COPY, END),
    ],
    ids=["two constants", "a variable", "two types", "asked later", "set later", "set before", "replaced"],
)
def test_whatever_may_give_two_values_stays(blocks: tuple[p.Block, ...]) -> None:
    """A second value must still meet the first and be a conflict."""
    assert blocks == with_direct_result(blocks, RESULT, {})


_XS = {"xs": [1], "ys": ["b"]}


@pytest.mark.parametrize(
    ("source", "document", "expected"),
    [
        ("p if 1 in input.xs\np if { some y in input.ys; 1 / y > 0 }", _XS, ("value", True)),
        ("p := 1 if 1 in input.xs\np := 1 if { some y in input.ys; 1 / y > 0 }", _XS, ("value", 1)),
        (
            'p := [1, {"a"}] if 1 in input.xs\np := [1, {"a"}] if { some y in input.ys; 1 / y > 0 }',
            _XS,
            ("value", [1, ["a"]]),
        ),
        ("p := 1 if 1 in input.xs\np := 1.0 if { some y in input.ys; 1 / y > 0 }", _XS, ("value", 1)),
        (
            "p := true if 1 in input.xs\np := 1 if { some y in input.ys; 1 / y > 0 }",
            _XS,
            ("error", "eval_type_error"),
        ),
        ('p := 1 if 1 in input.xs\np := 2 if { "b" in input.ys }', _XS, ("error", "eval_conflict_error")),
        (
            "p := x if { some x in input.xs }\np := 1 if 1 in input.ys\np := 2 if 1 in input.xs",
            _XS,
            ("error", "eval_conflict_error"),
        ),
        ("default p := 3\np := 1 if 2 in input.xs\np := 1 if 1 in input.ys", _XS, ("value", 3)),
        ("default p := 3\np := 1 if 2 in input.xs\np := 2 if 1 in input.xs", _XS, ("value", 2)),
        (
            "p := 1 if { 2 in input.xs } else := 2 if { 1 in input.xs }\np := 2 if 1 in input.xs",
            _XS,
            ("value", 2),
        ),
        (
            "p := 1 if { 2 in input.xs } else := 2 if { 1 in input.xs }\np := 1 if 1 in input.xs",
            _XS,
            ("error", "eval_conflict_error"),
        ),
        ("f(x) := true if x > 0\nf(x) := true if 1 / (x - 1) > 5\np := f(1)", {}, ("value", True)),
        (
            "f(x) := true if x > 0\nf(x) := false if x > 1\np := [f(1), f(2)]",
            {},
            ("error", "eval_conflict_error"),
        ),
        ("p := false if input.xs\np := true if input.zs", _XS, ("value", False)),
        ("p := [] if input.xs\np := {} if input.ys", _XS, ("error", "eval_conflict_error")),
        ("p := 1 if input.xs\np := 1.0 if input.ys", _XS, ("value", 1)),
    ],
)
def test_rules_give_what_they_give_in_opa(
    agreed: Callable[..., Any], source: str, document: Any, expected: tuple[str, Any]
) -> None:
    """With one constant the first body decides, with two all are asked, and a default never conflicts."""
    assert expected == agreed(source, document)


def test_the_rules_that_fired_are_those_that_were_asked(planned: Callable[[str, str], bytes]) -> None:
    """Of two bodies with one constant the first is named; of a default there is nothing to prove but it."""
    source = "package t\n\ndefault p := false\n\np if input.a\n\np if input.b\n"
    policy = Policy.load(planned(source, "t/p"))
    rows = {
        "ab": [5],
        "b": [7],
        "": [3],
    }
    for given, expected in rows.items():
        fired = policy.evaluate("t/p", dict.fromkeys(given, True)).fired
        assert expected == [where.row for where in fired]
