"""Numbers as OPA reads, computes and prints them; knows nothing of plans.

OPA keeps a number as its text until it computes with it. So a literal, and a number read by a builtin,
keep here what they can of theirs: `1.0` is the double that prints so, `1.10` and `1e3` are decimals.

OPA computes whole numbers exactly and all others as binary fractions with a mantissa of 64 bits
(Go's `big.Float`), and prints the shortest decimal that names the result. Doubles would give
`0.1 + 0.2 = 0.30000000000000004` where OPA says `0.3`; so the arithmetic here has 64 bits, too.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, TypeAlias

from rego.errors import EvaluationError

Number: TypeAlias = int | float | Decimal

#: The mantissa of a `big.Float` that was made of a text.
MANTISSA_BITS: Final = 64
#: The mantissa of a `big.Float` that was made of a double.
DOUBLE_BITS: Final = 53
_MAX_DIGITS: Final = 100_000  # beyond it nothing is a whole number: 1e999999999 must not fill the memory
_MAX_EXPONENT: Final = 5000  # beyond it there is no arithmetic with fractions: its cost grows with the square
_MAX_WHOLE: Final = 4000  # beyond it a whole number stays a Decimal
_DOUBLE_DIGITS: Final = 16  # a shorter decimal is the double's name
_DOUBLE_EXPONENT: Final = 300  # where every double is a normal one
_MAX_STR_DIGITS: Final = 4000  # Python refuses to convert longer integers, as a guard of its own
_MAX_STR_BITS: Final = 13_000
_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def parse(text: str) -> Number:
    """Return the number that a JSON number's text names, exactly, with what a type can hold of its spelling.

    Digits are an `int`; what a double's shortest text spells is that `float` (`1.0`, `0.5`, `1e-07`);
    the rest is a `Decimal` (`1.10`, `1e3`, `-0`).

    Raises:
        ValueError: If the text is no JSON number, or has too many digits.
    """
    if _JSON_NUMBER.fullmatch(text) is None:
        raise ValueError("not a JSON number")
    try:
        return spelled(text)
    except EvaluationError as error:
        raise ValueError(error.message) from error


def spelled(text: str) -> Number:
    """Return the number that a text names, which is known to be one; see `parse`.

    Raises:
        EvaluationError: `eval_budget_exceeded` if it has too many digits.
    """
    if text.isdigit() or (text[0] == "-" and text[1:].isdigit() and text != "-0"):
        return int(text) if len(text) < _MAX_STR_DIGITS else whole(Decimal(text))
    double = float(text)
    if repr(double) == text:
        return double
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise EvaluationError("eval_budget_exceeded", "a number has too many digits") from error


def whole(exact: Decimal) -> int:
    """Return a whole decimal as an integer.

    Raises:
        EvaluationError: `eval_budget_exceeded` if it has too many digits.
    """
    _bounded(exact, _MAX_DIGITS)
    return int(exact)


def _bounded(exact: Decimal, most: int) -> None:
    if abs(exact.adjusted()) > most or len(exact.as_tuple().digits) > most:
        raise EvaluationError("eval_budget_exceeded", "a number has too many digits")


def of_decimal(exact: Decimal) -> Number:
    """Return a decimal in the plainest type that holds it exactly."""
    if exact.adjusted() < _MAX_WHOLE and exact == exact.to_integral_value():
        return int(exact)
    if -_DOUBLE_EXPONENT < exact.adjusted() < _DOUBLE_EXPONENT:
        double = float(exact)
        if Decimal(repr(double)) == exact:
            return double
    return exact


def to_text(number: Number) -> str:
    """Return a number as JSON text, spelled as it was where its type tells."""
    if type(number) is int:
        return str(number) if number.bit_length() < _MAX_STR_BITS else str(Decimal(number))
    if type(number) is float:
        return repr(number)
    text = str(number)
    return text.replace("E+", "e").replace("E", "e") if "E" in text else text


def exact(number: Number) -> Fraction:
    """Return the exact value that a number's decimal text names.

    Raises:
        EvaluationError: `eval_budget_exceeded` if it has too many digits.
    """
    if type(number) is int:
        return Fraction(number)
    decimal = Decimal(repr(number)) if type(number) is float else Decimal(number)
    _bounded(decimal, _MAX_EXPONENT)
    return Fraction(decimal)


def binary(number: Number) -> Fraction:
    """Return a number rounded to the 64 bits that OPA computes with."""
    return rounded(exact(number))


def rounded(value: Fraction, bits: int = MANTISSA_BITS) -> Fraction:
    """Round to so many significant bits, ties to even."""
    top, bottom = abs(value.numerator), value.denominator
    if top.bit_length() <= bits and bottom == 1:
        return value
    shift = bits - (top.bit_length() - bottom.bit_length())
    mantissa = _divided(top, bottom, shift)
    if mantissa.bit_length() > bits:
        shift -= 1
        mantissa = _divided(top, bottom, shift)
    found = Fraction(mantissa << -shift) if shift <= 0 else Fraction(mantissa, 1 << shift)
    return -found if value < 0 else found


def _divided(top: int, bottom: int, shift: int) -> int:
    """Return top * 2**shift / bottom as a whole number, ties to even."""
    top, bottom = (top << shift, bottom) if shift >= 0 else (top, bottom << -shift)
    found, rest = divmod(top, bottom)
    return found + (rest * 2 > bottom or (rest * 2 == bottom and found & 1))


def from_binary(value: Fraction, bits: int = MANTISSA_BITS) -> Number:
    """Return the number that OPA prints for a result: the shortest decimal that names its bits."""
    if value.denominator == 1 and abs(value.numerator).bit_length() <= bits:
        return value.numerator
    found = _shortest(value, bits)
    return int(found) if value.denominator == 1 else of_decimal(found)


def _shortest(value: Fraction, bits: int) -> Decimal:
    try:
        double = Decimal(repr(float(value)))  # what the nearest double is called is mostly it
    except OverflowError:
        digits = 1
    else:
        if double.is_finite() and double and rounded(Fraction(double), bits) == value:
            return double
        digits = _DOUBLE_DIGITS if -_DOUBLE_EXPONENT < double.adjusted() < _DOUBLE_EXPONENT else 1
    while True:
        for found in _to_digits(value, digits):
            if rounded(Fraction(found), bits) == value:
                return found
        digits += 1


def _to_digits(value: Fraction, digits: int) -> tuple[Decimal, Decimal]:
    """Return the two decimals of so many digits between which a value lies, the nearer one first."""
    magnitude = abs(value)
    exponent = _decimal_exponent(magnitude) - digits + 1
    down, rest = divmod(magnitude / Fraction(10) ** exponent, 1)
    sign = "-" if value < 0 else ""
    both = (Decimal(f"{sign}{down}e{exponent}"), Decimal(f"{sign}{down + 1}e{exponent}"))
    return both if rest * 2 < 1 or (rest * 2 == 1 and down % 2 == 0) else (both[1], both[0])


def _decimal_exponent(magnitude: Fraction) -> int:
    """Return the place of the first decimal digit: 0 for 1 to 9, -1 for 0.1 to 0.9."""
    bits = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    exponent = (bits - 1) * 30103 // 100_000 - 1  # log10(2), from below
    while magnitude >= Fraction(10) ** (exponent + 1):
        exponent += 1
    return exponent
