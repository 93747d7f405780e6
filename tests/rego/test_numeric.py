"""Numbers as OPA reads, computes and prints them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego import numeric
from rego.builtins import PLAIN

if TYPE_CHECKING:
    from fractions import Fraction


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("plus", (0.1, 0.2), 0.3),
        ("div", (1, 3), Decimal("0.33333333333333333334")),
        ("div", (10, 4), 2.5),
        ("div", (6, 3), 2),
        ("mul", (10**30, 10**30), 10**60),
        ("plus", (2**64, 1), 2**64 + 1),
        ("minus", (0.3, 0.1), Decimal("0.20000000000000000002")),
        ("rem", (-7, 3), -1),
        ("round", (2.5,), 3),
        ("round", (-2.5,), -3),
        ("ceil", (-1.5,), -1),
        ("floor", (-1.5,), -2),
        ("sum", ([0.1, 0.2, 0.3],), 0.6),
    ],
)
def test_arithmetic_gives_opas_results(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    """Whole numbers are exact, all others have a mantissa of 64 bits and not of 53."""
    assert expected == PLAIN[name](*operands)


@pytest.mark.parametrize("text", ["", "01", "1.", ".5", "+1", "1e", "nan", "0x1", "\u0661", " 1"])
def test_what_json_does_not_call_a_number_is_refused(text: str) -> None:
    """Only JSON's own grammar is read."""
    with pytest.raises(ValueError, match="not a JSON number"):
        numeric.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1), ("1.0", 1.0), ("1e2", 100), ("0.5", 0.5), ("-0", 0), ("1e400", 10**400), ("0.1", 0.1)],
)
def test_numbers_are_read_in_the_plainest_type(text: str, expected: Any) -> None:
    """A whole number becomes an int unless it has a point; what a double names becomes a float."""
    found = numeric.parse(text)
    assert (expected, type(expected)) == (found, type(found))


def test_a_number_that_no_double_names_stays_exact() -> None:
    """Twenty digits are kept, and an exponent without end does not fill the memory."""
    assert Decimal("0.12345678901234567891") == numeric.parse("0.12345678901234567891")
    assert Decimal("1e999999999") == numeric.parse("1e999999999")


@given(st.fractions(min_value=-(10**6), max_value=10**6))
def test_the_shortest_decimal_names_its_binary_number(value: Fraction) -> None:
    """What is printed for a 64-bit number reads back as that number."""
    binary = numeric.rounded(value)
    assert binary == numeric.binary(numeric.from_binary(binary))
