"""What is known beforehand is made once: never before it is finished, and never changed by an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import Policy
from rego import plan as p
from rego.errors import Location
from rego.optimize import prepared
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Location("", 0, 0)
EMPTY = p.MakeArray(AT, 3)
USED = p.AssignVarOnce(AT, 3, 2)


def block(*statements: p.Statement) -> p.Block:
    """Return a block."""
    return p.Block(statements)


def constants(*statements: p.Statement) -> dict[p.Local, Any]:
    """Return what a function of these statements holds constant."""
    return dict(prepared((block(*statements), block(p.ReturnLocal(AT, 2))), (0, 1), 2).constants)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((EMPTY, USED), []),
        ((EMPTY, p.ArrayAppend(AT, "x", 3), p.ArrayAppend(AT, True, 3), USED), ["x", True]),  # noqa: FBT003
        ((p.MakeSet(AT, 3), p.SetAdd(AT, "x", 3), USED), RegoSet(["x"])),
        ((p.MakeObject(AT, 3), p.ObjectInsert(AT, "k", "x", 3), USED), {"k": "x"}),
        ((p.MakeNull(AT, 3), USED), None),
        ((EMPTY, p.AssignInt(AT, 7, 4), p.ArrayAppend(AT, 4, 3), USED), [7]),
        ((EMPTY, p.MakeSet(AT, 4), p.SetAdd(AT, "x", 4), p.ArrayAppend(AT, 4, 3), USED), [RegoSet(["x"])]),
    ],
)
def test_what_is_made_of_constants_is_one(statements: tuple[p.Statement, ...], expected: Any) -> None:
    """Scalars, and collections of them that are finished before they are used."""
    assert expected == constants(*statements)[3]


@pytest.mark.parametrize(
    "statements",
    [
        (EMPTY, p.Len(AT, 3, 4), p.ArrayAppend(AT, "x", 3), USED),
        (EMPTY, p.Scan(AT, 3, 4, 5, block()), p.ArrayAppend(AT, "x", 3), USED),
        (EMPTY, p.Not(AT, block(p.Equal(AT, 3, 0))), p.ArrayAppend(AT, "x", 3), USED),
        (EMPTY, p.Nested(AT, (block(p.ArrayAppend(AT, "x", 3)),)), USED),
        (EMPTY, p.Scan(AT, 0, 4, 5, block(p.ArrayAppend(AT, "x", 3))), USED),
        (EMPTY, p.ArrayAppend(AT, 0, 3), USED),
        (EMPTY, p.ArrayAppend(AT, "x", 3), p.MakeArray(AT, 3), USED),
        (EMPTY, p.ArrayAppend(AT, "x", 3), p.Equal(AT, 3, 0), p.ArrayAppend(AT, "y", 3), USED),
        (p.MakeObject(AT, 3), p.ObjectInsertOnce(AT, "k", "x", 3), USED),
        (p.MakeObject(AT, 3), p.ArrayAppend(AT, "x", 3), USED),
        (p.MakeArray(AT, 4), EMPTY, p.ArrayAppend(AT, 4, 3), p.ArrayAppend(AT, "x", 4), USED),
        (p.IsDefined(AT, 3), EMPTY, USED),
        (EMPTY, p.With(AT, 3, (), "x", block()), USED),
    ],
    ids=[
        "measured",
        "scanned",
        "compared",
        "grown in a block",
        "grown in a loop",
        "of the input",
        "made twice",
        "grown after a look",
        "inserted once",
        "of the wrong kind",
        "held while growing",
        "asked before",
        "replaced",
    ],
)
def test_what_is_looked_at_before_it_is_finished_is_none(statements: tuple[p.Statement, ...]) -> None:
    """Nor is what grows under a condition, or is not of constants alone."""
    assert 3 not in constants(*statements)


def test_neither_parameters_nor_the_result_are_constants() -> None:
    """The host, or another body, may give them another value."""
    assert set(constants(p.MakeArray(AT, 0), p.AssignInt(AT, 1, 2))).isdisjoint({0, 1, 2})


_CHANGED = """
a := [1, {"k": [2]}]
o := {"a": {"b": 1}}
s := {1, 2}
p := [
	array.concat(a, [input.n]),
	object.union(o, {"a": {"c": input.n}}),
	s | {input.n},
	json.patch(o, [{"op": "add", "path": "/a/z", "value": input.n}]),
	grown,
	keyed,
	replaced,
	a, o, s,
]
grown contains x if some x in {1, 2}
grown contains input.n
keyed[k] := v if some k, v in {"x": 1}
keyed[k] := input.n if k := "n"
replaced := x if x := input.o with input.o as {"a": {"b": 1}} with input.o.a.b as input.n
"""


def test_an_evaluation_never_changes_a_constant(
    agreed: Callable[..., Any], planned: Callable[[str, str], bytes]
) -> None:
    """One question's answer has nothing of the question before in it, nor what a host did to that answer."""
    expected = [agreed(_CHANGED, {"n": n}) for n in range(3)]
    policy = Policy.load(planned(f"package t\n\n{_CHANGED}", "t/p"))
    for n in (0, 1, 2, 0):
        found = policy.evaluate("t/p", {"n": n}).value
        assert expected[n] == ("value", found)
        for part in found:
            part.append("spoiled") if isinstance(part, list) else part.update(spoiled=True)
        found[7][1]["k"].append("spoiled")
        found[8]["a"]["spoiled"] = 1


@pytest.mark.parametrize(
    "source",
    [
        "p := {1, 1.0, 2, true, null, [1], {1}}",
        'p := {"a": {"b": [1, {2}]}, "c": set()}',
        "p := [1e3, 12345678901234567890123, 0.1, -5]",
        "p := count({1, 1.0})",
        'p := [x | some x in [[], {}, set(), "", 0, false, null]]',
        "p := {k: v | some k, v in [true, false]}",
    ],
)
def test_constants_are_the_values_that_opa_has(agreed: Callable[..., Any], source: str) -> None:
    """Of every type, nested, and as members and keys."""
    assert agreed(source)[0] == "value"


@pytest.mark.parametrize(
    "statements",
    [
        (EMPTY, p.ArrayAppend(AT, 3, 3), USED),
        (p.MakeSet(AT, 3), p.SetAdd(AT, 3, 3), USED),
        (p.MakeObject(AT, 3), p.ObjectInsert(AT, "k", 3, 3), USED),
        (p.MakeObject(AT, 3), p.ObjectInsertOnce(AT, 3, "x", 3), USED),
    ],
)
def test_what_is_put_into_itself_is_no_constant(statements: tuple[p.Statement, ...]) -> None:
    """No compiler writes that, but a hostile plan may: it must not end in an error of Python's."""
    assert 3 not in constants(*statements)
