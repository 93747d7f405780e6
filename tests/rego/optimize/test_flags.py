"""`every` without its flags: it stops at the first failure, and a flag that is asked twice stays one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import plan as p
from rego.errors import Location
from rego.flow import times, walk
from rego.optimize.flags import without_flags

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Location("", 0, 0)
FLAG = 7
TEST = p.Equal(AT, 0, "x")
SET = p.AssignVar(AT, True, FLAG)  # noqa: FBT003 - a constant of Rego


def asked(*body: p.Statement, after: tuple[p.Statement, ...] = ()) -> tuple[p.Block, ...]:
    """Return what is made of a body whose flag is asked for."""
    nested = p.Nested(AT, (p.Block(body),))
    blocks = (p.Block((p.ResetLocal(AT, FLAG), nested, p.IsUndefined(AT, FLAG), *after)),)
    return without_flags(blocks, times(blocks))


def test_a_flag_that_a_body_ends_with_is_a_negation() -> None:
    """Reset, run, ask: the body in `not`."""
    assert (p.Block((p.Not(AT, p.Block((TEST,))),)),) == asked(TEST, SET)


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ((TEST, SET), (p.IsDefined(AT, FLAG),)),
        ((SET, TEST), ()),
        ((p.Break(AT, 0), SET), ()),
        ((TEST, p.AssignVar(AT, 0, FLAG)), ()),
        ((SET, TEST, SET), ()),
    ],
    ids=["asked twice", "set before the end", "a jump", "not a constant", "set twice"],
)
def test_other_flags_stay(body: tuple[p.Statement, ...], after: tuple[p.Statement, ...]) -> None:
    """Their value is more than whether the body held."""
    assert not any(isinstance(s, p.Not) for s in walk(asked(*body, after=after)))


@pytest.mark.parametrize(
    ("source", "document", "expected"),
    [
        ("p if every x in input.xs { 10 / x > 1 }", {"xs": [100, [1], "b"]}, ("undefined", None)),
        ("p if every x in input.xs { 10 / x > 1 }", {"xs": [1, [1], "b"]}, ("error", "eval_type_error")),
        ("p if every x in input.o { 10 / x > 1 }", {"o": {"b": 0, "a": 100}}, ("undefined", None)),
        ("p if every x in input.o { 10 / x > 1 }", {"o": {"b": 0, "a": None}}, ("error", "eval_type_error")),
        (
            "p if every x in {y | some y in input.xs} { 10 / x > 1 }",
            {"xs": ["b", 0, 99]},
            ("error", "eval_builtin_error"),
        ),
        (
            "p if every x in input.xs { every y in input.ys { x < y } }",
            {"xs": [1, 2], "ys": [3]},
            ("value", True),
        ),
        (
            "p if every x in input.xs { every y in input.ys { x < y } }",
            {"xs": [1, 5], "ys": [3]},
            ("undefined", None),
        ),
        ("p if every k, v in input.o { k == v }", {"o": {"a": "a", "b": "b"}}, ("value", True)),
        (
            "p if { some z in input.zs; every x in input.xs { x < z } }",
            {"xs": [1, 2], "zs": [0, 9]},
            ("value", True),
        ),
        ("p if not every_small\nevery_small if every x in input.xs { x < 3 }", {"xs": [9]}, ("value", True)),
        (
            "p if every x in input.xs { some y in input.ys; y == x }",
            {"xs": [1, 2], "ys": [2, 1]},
            ("value", True),
        ),
        ("p if every x in input.xs { not x == 3 }", {"xs": [1, 3, "b"]}, ("undefined", None)),
        (
            "p := [z | some z in input.zs; every x in input.xs { x < z }]",
            {"xs": [1], "zs": [0, 2, 3]},
            ("value", [2, 3]),
        ),
    ],
)
def test_every_means_what_it_means_in_opa(
    agreed: Callable[..., Any], source: str, document: Any, expected: tuple[str, Any]
) -> None:
    """Nested, in loops, over keys; after the first failure no error can happen any more."""
    assert expected == agreed(source, document)
