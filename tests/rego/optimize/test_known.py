"""What is known of values before anything is evaluated: enough to decide, and never more than holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego.optimize.known import (
    ANYTHING,
    NOTHING,
    SOMETHING,
    Known,
    are_equal,
    exactly,
    is_one_of,
    joined,
    of_kind,
    one_of,
    scanned,
    stepped,
)
from rego.runtime import data_index
from rego.values import UNDEFINED, RegoSet, equal, pairs
from tests.rego.documents import VALUES

FEW = st.lists(VALUES, max_size=3).flatmap(
    lambda values: st.booleans().map(lambda defined: one_of(values, defined=defined and bool(values)))
)


def may_be(known: Known, value: Any) -> bool:
    """Tell whether what is known leaves a value possible."""
    if value is UNDEFINED:
        return not known.defined
    return known.values is None or any(
        type(each) is type(value) and equal(each, value) for each in known.values
    )


@given(FEW, FEW)
def test_a_join_holds_for_both(one: Known, other: Known) -> None:
    """Whatever either may be, the join may be."""
    both = joined(one, other)
    for known in (one, other):
        assert all(may_be(both, value) for value in known.values or ())
        assert both.defined <= known.defined


@given(FEW, FEW)
def test_a_step_leads_where_the_store_or_a_value_would(source: Known, key: Known) -> None:
    """By each key of each value, and by any key where that is not known."""
    for known in (key, ANYTHING):
        found = stepped(source, known)
        for value in source.values or ():
            for step in key.values or ():
                assert may_be(found, data_index(value, step))


@given(FEW)
def test_a_scan_finds_all_keys_and_members(source: Known) -> None:
    """Those of each value; of an empty one there is nothing to find."""
    key, member = scanned(source)
    found = [pair for value in source.values or () for pair in pairs(value)]
    assert all(may_be(key, one) and may_be(member, other) for one, other in found)
    assert source.empty() == (not found)


@given(FEW, FEW)
def test_a_comparison_is_decided_only_where_it_can_go_one_way(one: Known, other: Known) -> None:
    """By values or by types; anything may be equal to anything."""
    found = are_equal(one, other)
    for a in one.values or ():
        for b in other.values or ():
            assert found is None or found == equal(a, b)
    assert are_equal(one, ANYTHING) is None or one.kind


@pytest.mark.parametrize(
    ("known", "answer"),
    [
        (exactly([]), True), (exactly({}), False), (of_kind("list"), True), (of_kind("set"), False),
        (one_of([[], [1]], defined=True), True), (one_of([[], {}], defined=True), None), (ANYTHING, None),
        (exactly(1.5), False), (NOTHING, None),
    ],
)  # fmt: skip
def test_types_are_told_where_there_is_one(known: Known, answer: bool | None) -> None:  # noqa: FBT001 - a case
    """Of a value, or of all that it may be."""
    assert is_one_of(known, {"list"}) is answer


def test_too_many_values_are_any_value() -> None:
    """However large the data is, an analysis is cheap."""
    many = {str(number): number for number in range(1000)}
    assert one_of(many.values(), defined=True).values is None
    assert stepped(exactly(many), ANYTHING).values is None
    assert scanned(exactly(many)) == (SOMETHING, SOMETHING)
    assert stepped(exactly(many), exactly("7")).values == (7,)


def test_only_scalars_and_empty_collections_may_stand_in_code() -> None:
    """Whoever changed a larger one would change it for all."""
    plain: list[Any] = [None, True, 0, 1.5, "x", [], {}, RegoSet()]
    for value in plain:
        assert exactly(value).constant()
    assert not exactly([1]).constant()
    assert not one_of([1, 2], defined=True).constant()
    assert not one_of([1], defined=False).constant()


def test_what_python_confuses_is_kept_apart() -> None:
    """`1 == True == 1.0` in Python."""
    assert len(one_of([1, True, 1.0], defined=True).values or ()) == 3
    assert are_equal(exactly(1), exactly(value=True)) is False
    assert are_equal(exactly(1), exactly(1.0)) is True
