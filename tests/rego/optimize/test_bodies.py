"""Who calls whom, and who may be asked about other data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rego import plan as p
from rego.errors import Location
from rego.flow import walk
from rego.optimize.bodies import Bodies, Names, Whole, are_alike, reachable
from rego.optimize.prepare import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable

AT = Location("", 0, 0)
_SOURCE = """package t

p if q with data.x as 1

q := r

r := data.x

s := r

u if v with input.x as 1

v := data.x
"""


def test_what_with_reaches_is_asked_elsewhere(planned: Callable[..., bytes]) -> None:
    """All that is called from there, at once or by others; another input is no other data."""
    found = p.parse(planned(_SOURCE, "t/p", "t/s", "t/u"))
    assert {name.rpartition(".")[2] for name in Whole(found).elsewhere} == {"q", "r"}


@pytest.mark.parametrize(
    "statement",
    [
        p.Call(AT, "f", (0, 0), 5),
        p.Call(AT, "f", (0, True), 5),
        p.Call(AT, "f", (0,), 5),
        p.CallDynamic(AT, (1, 0), 5, ("f",)),
    ],
)
def test_whoever_passes_on_anything_else_asks_elsewhere(statement: p.Statement) -> None:
    """Also a plan that OPA did not write; a constant true is no local 1."""
    function = p.Function("f", (0, 1), 2, (), ("f",))
    main = p.Entrypoint("main", (p.Block((statement,)),))
    assert Whole(p.Plan((main,), (function,), {})).elsewhere == {"f"}


def test_data_that_is_set_anew_is_other_data() -> None:
    """Whatever is called beside it."""
    call, copy = p.Call(AT, "f", (0, 1), 5), p.AssignVar(AT, 0, 1)
    function = p.Function("f", (0, 1), 2, (), ("f",))
    main = p.Entrypoint("main", (p.Block((call, copy)),))
    assert Whole(p.Plan((main,), (function,), {})).elsewhere == {"f"}


def test_a_function_is_prepared_when_it_is_asked_for(planned: Callable[..., bytes]) -> None:
    """And once."""
    whole = Whole(p.parse(planned(_SOURCE, "t/p")))
    assert not whole._functions
    assert whole.function(0) is whole.function(0)
    assert list(whole._functions) == [0]
    assert len(whole.bodies().functions) == len(whole.plan.functions) == len(whole._functions)


def test_what_can_be_reached_is_found_through_calls(planned: Callable[..., bytes]) -> None:
    """By name and by path."""
    source = "package t\n\np := data.t.a[input.k]\n\na.b := c\n\na.d := 1\n\nc := 2\n\ne := 3\n"
    found = p.parse(planned(source, "t/p", "t/e"))
    entrypoint = next(each for each in found.entrypoints if each.name == "t/p")
    live = reachable(Names(found), lambda number: found.functions[number].blocks, walk(entrypoint.blocks))
    assert {name.removeprefix("g0.data.t.") for name in live} == {"p", "a.b", "a.d", "c"}
    assert all(found.functions[number].name == name for name, number in live.items())


def test_code_with_another_constant_is_other_code() -> None:
    """Python calls `1`, `1.0` and `true` equal."""
    same = [Bodies({0: Prepared((), {5: value})}, {}) for value in (1, 1.0, True)]
    assert are_alike(same[0], Bodies({0: Prepared((), {5: 1})}, {}))
    assert not any(are_alike(one, other) for one in same for other in same if one is not other)
