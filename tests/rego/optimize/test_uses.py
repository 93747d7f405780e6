"""What statements do with locals, counted once and counted again when there are less."""

from __future__ import annotations

from rego import plan as p
from rego.errors import Location
from rego.optimize.uses import Uses

AT = Location("", 0, 0)


def uses(*statements: p.Statement) -> Uses:
    """Return the uses of one block, in which local 8 is the constant 1 and 9 the constant [1]."""
    return Uses((p.Block(statements),), {8: 1, 9: [1]})


def test_reads_and_changes_are_counted_anew_and_the_rest_is_of_the_whole() -> None:
    """What held of more statements holds of fewer."""
    make, add = p.MakeSet(AT, 3), p.SetAdd(AT, 4, 3)
    found = uses(make, add)
    assert (found.read[4], found.written[3], found.changed, found.owned) == (1, 2, {3}, {3})
    assert found.exposed == {4}
    found.count([make])
    assert (found.read[4], found.written[3], found.changed, found.owned) == (0, 1, set(), {3})


def test_a_local_that_rules_agree_upon_never_meets_a_conflict() -> None:
    """One constant, however often, and nothing else but its being taken away."""
    once = p.AssignVarOnce
    assert uses(once(AT, "x", 3), once(AT, "x", 3), p.ResetLocal(AT, 3)).agreed == {3}
    assert uses(once(AT, 8, 3), once(AT, 8, 3)).agreed == {3}
    assert uses(once(AT, 9, 3), once(AT, 9, 3)).agreed == {3}
    for others in (
        (once(AT, "x", 3), once(AT, "y", 3)),
        (once(AT, 8, 3), once(AT, True, 3)),  # noqa: FBT003 - a constant of Rego
        (once(AT, 5, 3),),
        (once(AT, "x", 3), p.AssignVar(AT, "x", 3)),
    ):
        assert uses(*others).agreed == set()
