"""Rego's equality, order and sets in Python values."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego.values import (
    UNDEFINED,
    RegoSet,
    canonical,
    compare,
    equal,
    index,
    key_of,
    merge,
    ordered,
    pairs,
    upsert,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 1.0, 2.5])
    | st.text("ab", max_size=2)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab", max_size=1), inner, max_size=3)
        | st.lists(inner, max_size=3).map(RegoSet)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (False, 0, False),
        (None, False, False),
        ([True], [1], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ("1", 1, False),
        (10**23, 1e23, True),
        (RegoSet([1, True]), RegoSet([True, 1.0]), True),
        (RegoSet([1]), RegoSet([True]), False),
        ([], RegoSet(), False),
    ],
)
def test_equality_is_regos(left: Any, right: Any, *, expected: bool) -> None:
    """Numbers are equal by value, and a boolean is no number at any depth."""
    assert expected == equal(left, right)
    assert expected == (canonical(left) == canonical(right))


@given(VALUES, VALUES)
def test_order_equality_and_hashes_agree(left: Any, right: Any) -> None:
    """Two values are equal exactly where neither comes first, and then their canonical forms are one."""
    same = equal(left, right)
    assert same == (compare(left, right) == 0)
    assert same == (canonical(left) == canonical(right))
    assert compare(left, right) == -compare(right, left)


@given(st.lists(VALUES, max_size=6))
def test_sorting_leaves_no_pair_out_of_order(values: list[Any]) -> None:
    """A sorted list and a set's iteration are in Rego's order."""
    assert all(compare(one, two) <= 0 for one, two in pairwise(ordered(values)))
    assert all(compare(one, two) < 0 for one, two in pairwise(RegoSet(values)))


def test_types_order_as_in_opa() -> None:
    """Null, booleans, numbers, strings, arrays, objects, sets: in this order."""
    in_order = [None, False, True, -1, 2.5, "a", "b", [], [1], {}, {"a": 1}, RegoSet(), RegoSet([1])]
    assert in_order == ordered(reversed(in_order))


def test_steps_into_values() -> None:
    """An index, a key and a member are found; what is not there is undefined, and never an error."""
    assert [index([1, 2], at) for at in (-1, 1, 2, "0")] == [UNDEFINED, 2, UNDEFINED, UNDEFINED]
    assert [index({"a": 1}, "b"), index({key_of([2]): 1}, [2])] == [UNDEFINED, 1]
    assert [index({"1": 1}, 1), index([1, 2], True)] == [UNDEFINED, UNDEFINED]
    assert [index(RegoSet([1]), 1.0), index("abc", 0)] == [1, UNDEFINED]


def test_objects_iterate_in_the_order_of_their_keys() -> None:
    """Keys of all types take part, each as the value that it is."""
    assert pairs({key_of([1]): 4, "a": 1, 2: 2, key_of({}): 3}) == [(2, 2), ("a", 1), ([1], 4), ({}, 3)]


def test_merging_and_replacing_leave_their_arguments_alone() -> None:
    """A merge is recursive with the left scalar winning; `with` replaces on copies."""
    left, right = {"a": {"b": 1}, "c": 1}, {"a": {"d": 2}, "c": {"e": 3}}
    assert merge(left, right) == {"a": {"b": 1, "d": 2}, "c": 1}
    assert upsert(left, ("a", "b"), 9) == {"a": {"b": 9}, "c": 1}
    assert upsert(UNDEFINED, ("x", "y"), 1) == {"x": {"y": 1}}
    assert left == {"a": {"b": 1}, "c": 1}
