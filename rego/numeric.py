"""Numbers as OPA computes and prints them; knows nothing of plans.

OPA computes whole numbers exactly and all others as binary fractions with a mantissa of 64 bits
(Go's `big.Float`), and prints the shortest decimal that names the result. Doubles would give
`0.1 + 0.2 = 0.30000000000000004` where OPA says `0.3`; so the arithmetic here has 64 bits, too.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

Number: TypeAlias = int | float | Decimal

_MANTISSA_BITS: Final = 64
_EXACT_WHOLE: Final = 2**_MANTISSA_BITS  # up to here no shorter decimal names a whole number
_MAX_EXPONENT: Final = 4000  # beyond it a whole number stays a Decimal: 1e999999999 must not fill the memory
_DOUBLE_LENGTH: Final = 24  # the longest text that Python gives a double
_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def parse(text: str) -> Number:
    """Return the number that a JSON number's text names, exactly.

    Raises:
        ValueError: If the text is no JSON number, or has more than some thousand digits.
    """
    if _JSON_NUMBER.fullmatch(text) is None:
        raise ValueError("not a JSON number")
    if text.lstrip("-").isdigit():
        return int(text)
    if len(text) <= _DOUBLE_LENGTH and repr(float(text)) == text:
        return float(text)  # 1.0 stays what it is: as a key, or as JSON again, OPA shows a number as it was written
    return of_decimal(Decimal(text))


def of_decimal(exact: Decimal) -> Number:
    """Return a decimal in the plainest type that holds it exactly."""
    if exact.adjusted() < _MAX_EXPONENT and exact == exact.to_integral_value():
        return int(exact)
    if -300 < exact.adjusted() < 300:  # noqa: PLR2004 - where every double is a normal one
        double = float(exact)
        if Decimal(repr(double)) == exact:
            return double
    return exact


def to_text(number: Number) -> str:
    """Return a number as JSON text; a double as it was read, which is as Python's `json` would write it."""
    if type(number) is int or type(number) is float:
        return repr(number)
    exact = Decimal(number)
    if exact == exact.to_integral_value() and exact.adjusted() < 21:  # noqa: PLR2004 - as JavaScript and Go print
        return str(int(exact))
    return f"{exact.normalize()}".replace("E", "e")


def exact(number: Number) -> Fraction:
    """Return the exact value that a number's decimal text names."""
    return Fraction(Decimal(repr(number))) if type(number) is float else Fraction(number)


def binary(number: Number) -> Fraction:
    """Return a number rounded to the 64 bits that OPA computes with."""
    return rounded(exact(number))


def rounded(value: Fraction) -> Fraction:
    """Round to 64 significant bits, ties to even."""
    if value == 0:
        return value
    shift = _MANTISSA_BITS - (abs(value.numerator).bit_length() - value.denominator.bit_length())
    scaled = round(value * Fraction(2) ** shift)
    if abs(scaled).bit_length() > _MANTISSA_BITS:
        shift -= abs(scaled).bit_length() - _MANTISSA_BITS
        scaled = round(value * Fraction(2) ** shift)
    return Fraction(scaled) / Fraction(2) ** shift


def from_binary(value: Fraction) -> Number:
    """Return the number that OPA prints for a 64-bit result: the shortest decimal that names it."""
    if value.denominator == 1 and abs(value.numerator) <= _EXACT_WHOLE:
        return value.numerator
    for digits in range(1, 22):
        text = _to_digits(value, digits)
        if rounded(Fraction(text)) == value:
            return of_decimal(text)
    return of_decimal(_to_digits(value, 22))


def _to_digits(value: Fraction, digits: int) -> Decimal:
    magnitude = abs(value)
    exponent = len(str(magnitude.numerator)) - len(str(magnitude.denominator))
    if magnitude < Fraction(10) ** exponent:
        exponent -= 1
    mantissa = round(magnitude / Fraction(10) ** (exponent - digits + 1))
    return Decimal(f"{'-' if value < 0 else ''}{mantissa}e{exponent - digits + 1}")
