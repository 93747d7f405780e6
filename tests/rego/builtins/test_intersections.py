"""Whether two patterns have a text in common, as glob-intersection decides it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego.builtins.intersections import TABLE
from rego.errors import BuiltinError, EvaluationError, OperandError

MATCH = TABLE["regex.globs_match"]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a.*b", "a.b", True),
        ("[a-c]+x", "b*x", True),
        ("[a-c]", "[d-f]", False),
        (".*", "anything", True),
        ("\\.", ".", True),
        ("\\.", "a", False),
        ("a+", "b+", False),
        ("a*b*", "a", False),
        ("[]", ".", True),
        ("", "", True),
    ],
)
def test_patterns_meet_where_the_library_says_so(left: str, right: str, expected: bool) -> None:  # noqa: FBT001 - a result
    """Classes, flags and escapes count, and so does what the library overlooks (`a*b*` and `a`)."""
    assert expected is MATCH(left, right)


@pytest.mark.parametrize("pattern", ["*", "a**", "]", "[a", "[b-a]", "[-a]", "a\\", "[a-", "[a--]"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """Flags without a token, open classes and false ranges are errors."""
    with pytest.raises(BuiltinError):
        MATCH(pattern, "a")


def test_other_operands_are_errors_of_types() -> None:
    """Both are strings."""
    with pytest.raises(OperandError):
        MATCH(1, "a")


def test_patterns_that_take_the_library_for_ever_end() -> None:
    """Each pair of places is looked at once, and there is a bound."""
    assert MATCH("a*b" * 30 + "c", "a*b" * 30 + "d") is False
    with pytest.raises(EvaluationError, match="eval_budget_exceeded"):
        MATCH("[ab]*[bc]+" * 3000, "[bc]+[ab]*" * 3000)


@given(st.text("ab.*+[]\\-", max_size=10), st.text("ab.*+[]\\-", max_size=10))
def test_no_pattern_raises_anything_but_the_builtins_error(left: str, right: str) -> None:
    """Whatever the patterns, there is an answer or an error of the builtin."""
    try:
        assert MATCH(left, right) in {True, False}
    except BuiltinError:
        return
