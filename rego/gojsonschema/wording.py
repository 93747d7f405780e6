"""Numbers and values as gojsonschema writes them into its messages, and compares them by."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from rego import gofloat, gotext
from rego.output import to_text

_HTML: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_MAX_EXPONENT: Final = 4000  # beyond it a number's exact value is millions of digits
_MIN_MANTISSA_BITS: Final = 64
_JSON_EXPONENTS: Final = range(-6, 21)


class SchemaError(Exception):
    """A document that is no schema, or has a number that is none for it; the words are gojsonschema's."""


def is_number(value: Any) -> bool:
    """Tell a number; a boolean is none."""
    return type(value) in {int, float, Decimal}


def is_whole(value: Any) -> bool:
    """Tell whether a number is a whole one, however it was written."""
    if type(value) is Decimal:
        return bool(value == value.to_integral_value())
    return type(value) is int or value.is_integer()


def exact(value: Any) -> Fraction:
    """Return the exact value that a number's text names.

    Raises:
        SchemaError: It is too large or too small to compute with.
    """
    if type(value) is int:
        return Fraction(value)
    number = Decimal(repr(value)) if type(value) is float else value
    if abs(number.adjusted()) > _MAX_EXPONENT:
        raise SchemaError("a number is out of range")
    return Fraction(number)


def bound(value: Fraction) -> str:
    """Return a limit as Go prints a `big.Float`: at least 64 bits, as many digits as name them."""
    if not value:
        return "0"
    bits = max(value.numerator.bit_length(), value.denominator.bit_length(), _MIN_MANTISSA_BITS)
    magnitude = abs(value)
    exponent = _exponent(magnitude)
    wanted = _rounded(magnitude, bits)
    mantissa, digits = 0, 0
    while digits == 0 or _rounded(Fraction(mantissa) * _power(exponent - digits + 1), bits) != wanted:
        digits += 1
        mantissa = round(magnitude / _power(exponent - digits + 1))
    text = str(mantissa)
    exponent += len(text) - digits  # 9.99 may have become 10.0
    return ("-" if value < 0 else "") + gofloat.laid_out(text, exponent)


def _power(exponent: int) -> Fraction:
    return Fraction(10) ** exponent


def _exponent(magnitude: Fraction) -> int:
    """Return the place of the first decimal digit."""
    found = len(str(magnitude.numerator)) - len(str(magnitude.denominator))
    return found - 1 if magnitude < _power(found) else found


def _rounded(value: Fraction, bits: int) -> Fraction:
    shift = bits - (value.numerator.bit_length() - value.denominator.bit_length())
    scaled = round(value * Fraction(2) ** shift)
    if scaled.bit_length() > bits:
        shift -= scaled.bit_length() - bits
        scaled = round(value * Fraction(2) ** shift)
    return Fraction(scaled) / Fraction(2) ** shift


def comparable(value: Any) -> str:
    """Return a value's JSON text with all numbers as doubles: `const`, `enum` and `uniqueItems` compare it.

    Raises:
        SchemaError: A number in it is no double.
    """
    if is_number(value):
        return _double(value)
    if type(value) is list:
        return "[" + ",".join(map(comparable, value)) + "]"
    if type(value) is dict:
        return "{" + ",".join(f"{_text(name)}:{comparable(value[name])}" for name in sorted(value)) + "}"
    return _text(value)


def _text(value: Any) -> str:
    return to_text(value).translate(_HTML)


def _double(value: Any) -> str:
    try:
        double = float(value)
    except OverflowError:
        double = float("inf")
    if double in {float("inf"), float("-inf")}:
        raise SchemaError(f"json: cannot unmarshal number {value} into Go value of type float64")
    if double == 0:
        return "-0" if str(double)[0] == "-" else "0"
    digits = Decimal(repr(double))
    if digits.adjusted() in _JSON_EXPONENTS:
        text = f"{digits:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    made = gotext.format_float(double, "g", None)
    return made.replace("e-0", "e-")
