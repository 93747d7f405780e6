"""Values as plain JSON: nothing lost, nothing shared, and not without end."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from rego import EvaluationError
from rego.output import to_json
from rego.values import Key, RegoSet
from tests.rego.documents import VALUES


@given(VALUES)
def test_nothing_is_shared_with_the_value(value: Any) -> None:
    """It is the same down to the last part, and whoever gets it may change it."""
    found = to_json({"a": [value], "b": RegoSet([value])})
    assert repr(found) == repr({"a": [value], "b": [value]})
    if type(value) in {list, dict}:
        assert found["a"][0] is not value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**70, 2**70),
        (Decimal("1.10"), 1.1),
        ({1: "a"}, {"1": "a"}),
        ({Key(value=True): 1}, {"true": 1}),
        ("\ud800", "\ufffd"),
        ([None, "null"], [None, "null"]),
        (RegoSet([2, "b", 1, RegoSet(["a"])]), [1, 2, "b", ["a"]]),
        (-0.0, -0.0),
        (1e300, 1e300),
    ],
)
def test_what_json_has_no_form_for_keeps_its_meaning(value: Any, expected: Any) -> None:
    """Large and exact numbers, keys that are no strings, and strings that are no Unicode."""
    assert repr(to_json([value])) == repr([expected])


def test_no_number_becomes_null() -> None:
    """What no JSON parser makes is given back as it came."""
    assert math.isnan(to_json([float("nan")])[0])


def test_a_value_that_is_too_large_is_an_error() -> None:
    """One list many times over is more than a host could take."""
    value: Any = [1]
    for _ in range(30):
        value = [value, value]
    with pytest.raises(EvaluationError) as failure:
        to_json(value)
    assert failure.value.code == "eval_budget_exceeded"


def test_a_long_text_many_times_over_is_one_text() -> None:
    """What is given back takes no more memory than the value: a parser's copies would be a gigabyte."""
    text = "x" * 1_000_000
    assert all(item is text for item in to_json([text] * 1000))
