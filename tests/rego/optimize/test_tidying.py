"""Dead code goes, and nothing that anybody could notice."""

from __future__ import annotations

import pytest

from rego import plan as p
from rego.errors import Location
from rego.optimize.tidying import tidied

AT = Location("", 0, 0)
STOP = p.Break(AT, 0)
FIND = p.Dot(AT, 0, "a", 5)
ASK = p.Equal(AT, 5, "x")
TELL = p.AssignVarOnce(AT, 5, 2)
FAIL = p.Call(AT, "lower", (5,), 6)


def left(*statements: p.Statement) -> tuple[p.Statement, ...]:
    """Return what is left of a block; local 2 is the result, 7 is made here, calls of `equal` are quiet."""
    found = tidied((p.Block(statements),), {7}, {0, 1, 2}, lambda call: call.func == "equal")
    return found[0].statements if found else ()


def nested(*statements: p.Statement) -> p.Nested:
    """Return a statement with one block."""
    return p.Nested(AT, (p.Block(statements),))


def loop(*statements: p.Statement) -> p.Scan:
    """Return a loop over a local."""
    return p.Scan(AT, 5, 8, 9, p.Block(statements))


def negated(*statements: p.Statement) -> p.Not:
    """Return a negation."""
    return p.Not(AT, p.Block(statements))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((FIND, ASK), ()),
        ((FIND, ASK, STOP), ()),
        ((FIND, p.Call(AT, "equal", (5, 5), 6), STOP), ()),
        ((FIND, TELL, ASK), (FIND, TELL)),
        ((FIND, FAIL, ASK, STOP), (FIND, FAIL)),
        ((FIND, loop(ASK)), ()),
        ((FIND, loop(FAIL)), (FIND, loop(FAIL))),
        ((FIND, STOP, TELL), ()),
        ((nested(p.Equal(AT, 6, "x")), nested(TELL)), (nested(TELL),)),
        ((negated(STOP), TELL), (TELL,)),
        ((negated(), TELL), ()),
        ((p.With(AT, 0, (), "x", p.Block(())), TELL), (TELL,)),
        ((p.With(AT, 0, (), "x", p.Block((STOP,))), TELL), ()),
        ((negated(FIND, ASK), TELL), (negated(FIND, ASK), TELL)),
        ((negated(FIND, FAIL, STOP), TELL), (negated(FIND, FAIL, STOP), TELL)),
        ((negated(p.Dot(AT, 0, "b", 6), p.Equal(AT, 6, 5), STOP), TELL), (TELL,)),
        ((p.MakeSet(AT, 7), p.SetAdd(AT, "x", 7)), ()),
        ((p.MakeSet(AT, 2), p.SetAdd(AT, "x", 2)), (p.MakeSet(AT, 2), p.SetAdd(AT, "x", 2))),
        ((p.SetAdd(AT, "x", 5),), (p.SetAdd(AT, "x", 5),)),
        ((FIND, p.Break(AT, 1)), (FIND, p.Break(AT, 1))),
        ((FIND, p.ReturnLocal(AT, 5)), (FIND, p.ReturnLocal(AT, 5))),
    ],
)
def test_what_nobody_asks_for_at_an_end_goes(
    statements: tuple[p.Statement, ...], expected: tuple[p.Statement, ...]
) -> None:
    """Conditions and values with nothing after them; results, errors and jumps stay with what they need."""
    assert left(*statements) == expected


def test_what_another_block_reads_stays() -> None:
    """A local may be set in one block and asked for in the next."""
    blocks = (p.Block((FIND,)), p.Block((p.IsDefined(AT, 5), TELL)))
    assert tidied(blocks, set(), {0, 1, 2}, lambda _: False) == blocks
