"""Locals of their own for each body, without copies: no value may get lost or be shared by that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rego import plan as p
from rego.errors import Location
from rego.flow import walk, writes
from rego.optimize.names import separated

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Location("", 0, 0)
PARAMS = (0, 1)


def block(*statements: p.Statement) -> p.Block:
    """Return a block."""
    return p.Block(statements)


def test_a_number_used_twice_by_chance_becomes_two() -> None:
    """Two bodies that both set a local before they read it share nothing."""
    body = block(p.Dot(AT, 0, "a", 3), p.Equal(AT, 3, "x"))
    first, second = separated((body, body), PARAMS, 2)[0]
    assert writes(first.statements[0]) != writes(second.statements[0])
    assert {0, 1, 2}.isdisjoint({*writes(first.statements[0]), *writes(second.statements[0])})


def test_what_one_body_leaves_for_another_stays_shared() -> None:
    """A local that any body reads unset is the same local everywhere."""
    sets, reads = block(p.AssignInt(AT, 1, 3)), block(p.IsDefined(AT, 3), p.AssignVarOnce(AT, 3, 2))
    assert (sets, reads) == separated((sets, reads), PARAMS, 2)[0]


def test_bodies_of_an_else_are_bodies_too() -> None:
    """Each gets numbers of its own, and the chain stays one statement."""
    body = block(p.Dot(AT, 0, "a", 3), p.Equal(AT, 3, "x"))
    (chain,) = separated((block(p.Nested(AT, (body, body))),), PARAMS, 2)[0]
    assert len(chain.statements) == 1
    targets = [writes(s)[0] for s in walk((chain,)) if isinstance(s, p.Dot)]
    assert len(set(targets)) == 2


def test_a_copy_is_its_original() -> None:
    """Where both are set once, and nothing is changed in place."""
    (found,) = separated(
        (block(p.Dot(AT, 0, "a", 3), p.AssignVar(AT, 3, 4), p.Equal(AT, 4, "x")),), PARAMS, 2
    )[0]
    dot, equal = found.statements
    assert isinstance(dot, p.Dot)
    assert isinstance(equal, p.Equal)
    assert dot.target == equal.a


def test_a_copy_that_is_changed_or_outlives_its_original_stays() -> None:
    """The original keeps its value, and the copy its own."""
    for change in (p.ArrayAppend(AT, "x", 4), p.Dot(AT, 0, "b", 3), p.Dot(AT, 0, "b", 4)):
        written = block(p.Dot(AT, 0, "a", 3), p.AssignVar(AT, 3, 4), change, p.Equal(AT, 4, 3))
        (found,) = separated((written,), PARAMS, 2)[0]
        assert any(isinstance(s, p.AssignVar) for s in found.statements)


def test_a_copy_of_the_data_that_is_stepped_into_stays(agreed: Callable[..., Any]) -> None:
    """OPA finds a number's text as a key in its store, and not in a value that it holds."""
    data = {"numbered": {"1.5": "store"}, "xs": ["first"]}
    for source, key, expected in (
        ("p := data.numbered[input.k]", 1.5, ("value", "store")),
        ("p := x[input.k] if x := data.numbered", 1.5, ("undefined", None)),
        ("p := data.xs[input.k]", "0", ("value", "first")),
        ("p := x[input.k] if x := data.xs", "0", ("undefined", None)),
        ("f(x) := x[input.k]\np := f(data.xs)", "0", ("undefined", None)),
    ):
        assert expected == agreed(source, {"k": key}, data), source
