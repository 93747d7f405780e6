"""Which blocks need no loop, and which loops no order: never where it could show."""

from __future__ import annotations

import pytest

from rego import plan as p
from rego.codegen.shape import is_condition, is_flat, is_orderless
from rego.errors import Location

AT = Location("", 0, 0)
ASK = p.Equal(AT, 3, "x")
CALL = p.Call(AT, "div", (3, 4), 5)
DOT = p.Dot(AT, 0, "a", 3)


def block(*statements: p.Statement) -> p.Block:
    """Return a block."""
    return p.Block(statements)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((DOT, ASK), True),
        ((CALL, ASK), True),
        ((ASK, CALL), False),
        ((DOT, CALL), False),
        ((CALL, CALL), False),
        ((p.Dot(AT, 0, 4, 3), ASK), False),
        ((p.SetAdd(AT, 3, 4), ASK), False),
        ((p.Scan(AT, 3, 4, 5, block()),), False),
        ((p.Break(AT, 0),), False),
        ((), True),
    ],
)
def test_a_block_is_one_expression_where_nothing_in_it_fails_after_a_condition(
    statements: tuple[p.Statement, ...], *, expected: bool
) -> None:
    """The lines before the expression run whether the conditions hold or not: they must not harm."""
    assert expected is is_condition(block(*statements))


@pytest.mark.parametrize(
    ("statements", "inside_flat", "expected"),
    [
        ((ASK, p.Break(AT, 0)), True, True),
        ((ASK, p.Break(AT, 1)), False, True),
        ((ASK, p.Break(AT, 1)), True, False),
        ((ASK, p.Break(AT, 2)), False, False),
        ((p.Nested(AT, (block(p.Break(AT, 1)),)), ASK), False, False),
        ((p.Nested(AT, (block(p.Break(AT, 0)),)), ASK), False, True),
        ((p.Not(AT, block(ASK)), ASK), True, True),
        ((p.Not(AT, block(p.Scan(AT, 3, 4, 5, block(ASK)))),), True, False),
        ((ASK,) * 15, False, False),
    ],
)
def test_a_block_that_is_left_from_inside_is_a_loop(
    statements: tuple[p.Statement, ...], *, inside_flat: bool, expected: bool
) -> None:
    """And so is one that would indent too far."""
    assert expected is is_flat(block(*statements), None, inside_flat=inside_flat)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((p.SetAdd(AT, 4, 9),), True),
        ((p.ObjectInsertOnce(AT, 4, 4, 9),), True),
        ((p.ArrayAppend(AT, 4, 9),), False),
        ((p.AssignVarOnce(AT, 4, 9),), False),
        ((p.AssignVar(AT, 4, 8),), False),
        ((p.AssignVar(AT, True, 8),), True),  # noqa: FBT003 - a constant of Rego
        ((p.AssignVar(AT, 4, 7), p.SetAdd(AT, 7, 9)), True),
        ((p.Equal(AT, 7, 4), p.AssignVar(AT, 4, 7)), False),
        ((p.Break(AT, 1),), False),
        ((p.Scan(AT, 4, 5, 6, block(p.ArrayAppend(AT, 6, 9))),), False),
    ],
)
def test_a_loop_needs_no_order_where_it_leaves_no_trace_of_one(
    statements: tuple[p.Statement, ...], *, expected: bool
) -> None:
    """Sets and objects have none; arrays, what is read afterwards, and what one round leaves the next do."""
    assert expected is is_orderless(block(*statements), {8}, None)


def test_a_search_needs_no_order_where_nothing_in_it_can_fail() -> None:
    """The first member that holds ends it: one behind it must not get to fail."""
    found = p.AssignVarOnce(AT, True, 9)  # noqa: FBT003 - a constant of Rego
    assert is_orderless(block(p.Equal(AT, 4, "x"), found), set(), 9)
    assert not is_orderless(block(p.Call(AT, "div", (4, 3), 5), found), set(), 9)


def test_every_needs_an_order_where_something_in_it_can_fail() -> None:
    """It ends with the first member for which its body fails."""
    failed = p.AssignVar(AT, True, 8)  # noqa: FBT003 - a constant of Rego
    asked = p.Not(AT, block(p.Call(AT, "div", (4, 3), 5)))
    assert is_orderless(block(p.Not(AT, block(p.Equal(AT, 4, "x"))), failed), {8}, None)
    assert not is_orderless(block(asked, failed), {8}, None)
