"""Numbers as OPA reads, computes and prints them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego import numeric
from rego.builtins import PLAIN
from rego.errors import EvaluationError

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
        ("ceil", (-0.5,), 1),
        ("floor", (-0.5,), 0),
        ("abs", (-(2**64) - 1,), 18446744073709551616),
        ("abs", (-12345678901234567890123,), 12345678901234567890000),
        ("round", (-12345678901234567890123,), -12345678901234567889920),
        ("product", ([222.51, 222.51],), 49510.700099999995),
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
    [("1", 1), ("1.0", 1.0), ("0.5", 0.5), ("-0.0", -0.0), ("1e-07", 1e-07), ("1.10", Decimal("1.10"))],
)
def test_numbers_are_read_in_the_plainest_type_that_keeps_their_text(text: str, expected: Any) -> None:
    """Digits become an int, a double's own text a float, and what is spelled otherwise a decimal."""
    found = numeric.parse(text)
    assert (expected, type(expected)) == (found, type(found))


@pytest.mark.parametrize(
    "text",
    ["0", "-7", "1.0", "-0", "-0.0", "1.10", "1e3", "1e400", "1.5e-9", "0.1", "9" * 5000, "1e999999999"],
)
def test_a_number_is_printed_as_it_was_spelled(text: str) -> None:
    """OPA keeps a literal's text until it computes with it; and so do we."""
    assert text == numeric.to_text(numeric.parse(text))


@pytest.mark.parametrize("text", ["1e99999999999999999999", "9" * 200_000])
def test_a_number_with_too_many_digits_is_refused(text: str) -> None:
    """No number in a plan can fill the memory."""
    with pytest.raises(ValueError, match="too many digits"):
        numeric.parse(text)


@pytest.mark.parametrize("name", ["plus", "div", "round", "ceil", "abs"])
def test_arithmetic_with_a_huge_exponent_ends_the_evaluation(name: str) -> None:
    """1e999999999 is a number, but nobody computes with it."""
    operands = [Decimal("1e999999999"), 1.5][: 2 if name in {"plus", "div"} else 1]
    with pytest.raises(EvaluationError) as refusal:
        PLAIN[name](*operands)
    assert refusal.value.code == "eval_budget_exceeded"


def test_a_number_that_no_double_names_stays_exact() -> None:
    """Twenty digits are kept, and an exponent without end does not fill the memory."""
    assert Decimal("0.12345678901234567891") == numeric.parse("0.12345678901234567891")
    assert Decimal("1e999999999") == numeric.parse("1e999999999")


@given(st.fractions(min_value=-(10**6), max_value=10**6))
def test_the_shortest_decimal_names_its_binary_number(value: Fraction) -> None:
    """What is printed for a 64-bit number reads back as that number."""
    binary = numeric.rounded(value)
    assert binary == numeric.binary(numeric.from_binary(binary))
