"""The planner's phrases in fewer statements: the same meaning, and only where nothing else is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import plan as p
from rego.errors import Location
from rego.nodes import IsCollection, Reference
from rego.optimize.shapes import jumps, simplified

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Location("", 0, 0)
STEP = p.Dot(AT, 0, "a", 2)


def block(*statements: p.Statement) -> p.Block:
    """Return a block."""
    return p.Block(statements)


def nested(*statements: p.Statement) -> p.Nested:
    """Return a statement with one block in it."""
    return p.Nested(AT, (p.Block(statements),))


def test_steps_in_two_blocks_are_bare_steps() -> None:
    """What the planner wraps so that it may be left is the steps themselves."""
    wrapped = nested(nested(STEP, p.Break(AT, 1)), p.Break(AT, 1))
    assert block(STEP) == simplified(block(wrapped))
    assert block(p.Not(AT, block(STEP))) == simplified(block(p.Not(AT, block(wrapped))))


@pytest.mark.parametrize(
    "inner",
    [
        (STEP, p.Break(AT, 0)),
        (STEP, p.Break(AT, 1), p.Break(AT, 1)),
        (p.Scan(AT, 0, 3, 4, block(STEP)), p.Break(AT, 1)),
        (p.ReturnLocal(AT, 2), p.Break(AT, 1)),
        (STEP,),
    ],
)
def test_blocks_with_other_ways_out_stay(inner: tuple[p.Statement, ...]) -> None:
    """Other jumps, loops and returns count the blocks around them."""
    wrapped = block(nested(nested(*inner), p.Break(AT, 1)))
    assert wrapped == simplified(wrapped)


def test_three_questions_for_a_type_are_one_where_they_are_about_one_value() -> None:
    """`every` asks whether it was given an array, an object or a set."""

    def asked(*sources: p.Local) -> p.Block:
        kinds = (p.IsArray, p.IsObject, p.IsSet)
        tests = [block(kind(AT, source), p.Break(AT, 1)) for kind, source in zip(kinds, sources, strict=True)]
        return block(nested(p.Nested(AT, tuple(tests)), p.Break(AT, 1)))

    assert block(IsCollection(AT, 5)) == simplified(asked(5, 5, 5))
    tests = [block(kind(AT, 5), p.Break(AT, 1)) for kind in (p.IsArray, p.IsObject)]
    two = block(nested(p.Nested(AT, tuple(tests)), p.Break(AT, 1)))
    assert two == simplified(two)
    assert asked(5, 5, 6) == simplified(asked(5, 5, 6))


def test_a_reference_holds_the_rules_way_and_the_datas() -> None:
    """What comes after it stands behind it, unless that counts the blocks around itself."""
    call = p.CallDynamic(AT, (0, 1), 4, ("g0", "t", 3))
    ways = nested_ways = p.Nested(
        AT, (block(call, p.Break(AT, 1)), block(p.Dot(AT, 1, 3, 5), p.AssignVar(AT, 5, 4), p.Break(AT, 1)))
    )
    rest = p.AssignVarOnce(AT, 4, 6)
    written = block(nested(nested(ways, p.Break(AT, 2)), rest))
    reference, after = simplified(written).statements
    assert isinstance(reference, Reference)
    assert (block(call), 4, rest) == (reference.dynamic, reference.target, after)
    assert not jumps(reference)
    jumping = block(nested(nested(nested_ways, p.Break(AT, 2)), p.Break(AT, 1)))
    assert jumping == simplified(jumping)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"xs": [1, 2]}, ("value", True)),
        ({"xs": {"a": 1}}, ("value", True)),
        ({"xs": []}, ("value", True)),
        ({"xs": [0]}, ("undefined", None)),
    ],
)
def test_every_runs_over_collections(
    agreed: Callable[..., Any], document: Any, expected: tuple[str, Any]
) -> None:
    """Arrays and objects, empty ones too."""
    assert expected == agreed("p if every x in input.xs { x > 0 }", document)


@pytest.mark.parametrize("given", ["abc", 3, None, True])
def test_every_over_what_is_no_collection_is_undefined(agreed: Callable[..., Any], given: Any) -> None:
    """It is not true for want of members."""
    assert agreed("p if every x in input.xs { x == 0 }", {"xs": given}) == ("undefined", None)
    assert agreed("p if every x in input.xs { x == 0 }", {}) == ("undefined", None)


_RULES = """
a.one := 1
a.none := 1 if input.missing
a.set contains input.k
p := [x | some k in ["one", "none", "base", "set", 7, input.k]; x := data.t.a[k]]
"""


def test_a_reference_takes_the_rule_before_the_data(agreed: Callable[..., Any]) -> None:
    """A rule without a value is no reason to look into the data, and a key may be of any type."""
    data = {"u": {"base": "data"}}
    assert agreed(_RULES, {"k": "nobody"}, data) == ("value", [1, ["nobody"]])
    assert agreed("p := data.u[input.k]", {"k": "base"}, data) == ("value", "data")
