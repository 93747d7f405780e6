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
    """Return what Go's `big.Float` prints for a number of so many bits (`roundShortest` in its ftoa.go)."""
    top, scale = abs(value.numerator), value.denominator.bit_length() - 1
    shift = bits + 1 - top.bit_length()  # the mantissa gets one bit more, for half of its last place
    mantissa = top << shift if shift >= 0 else top >> -shift
    if (
        mantissa & mantissa - 1
    ):  # of a power of two, Go takes the numbers below to be as far apart as those above
        name = _name_of_double(value, bits)
        if name is not None:
            return name
    (low, _), (middle, place), (high, _) = (
        _decimal_digits(mantissa + step, -scale - shift) for step in (-1, 0, 1)
    )
    digits, size = _distinguished(low, middle, high, inclusive=not mantissa & 2)
    return Decimal(f"{'-' if value < 0 else ''}{digits}e{place - size + 1}")


def _name_of_double(value: Fraction, bits: int) -> Decimal | None:
    """Return the text of the nearest double, where it names the number among so many bits; mostly it does."""
    try:
        name = Decimal(repr(float(value)))
    except OverflowError:
        return None
    return name if name and rounded(Fraction(name), bits) == value else None


def _decimal_digits(mantissa: int, exponent: int) -> tuple[str, int]:
    """Return the digits of mantissa * 2**exponent without zeros at their end, and the first one's place."""
    exact = mantissa << exponent if exponent >= 0 else mantissa * 5**-exponent
    digits = str(Decimal(exact))  # str() of an int has a limit of its own
    return digits.rstrip("0"), len(digits) - 1 + min(exponent, 0)


def _distinguished(low: str, middle: str, high: str, *, inclusive: bool) -> tuple[int, int]:
    """Return the fewest leading digits that are between two bounds, as a number, and how many they are."""
    for place, digit in enumerate(middle):
        lower, upper = low[place : place + 1] or "0", high[place : place + 1] or "0"
        size = place + 1
        down = lower != digit or (inclusive and size == len(low))
        up = digit != upper and (inclusive or int(digit) + 1 < int(upper) or size < len(high))
        if down or up:
            kept, rest = int(middle[:size]), middle[size:]
            half = "5" + "0" * (len(rest) - 1)
            nearer_up = rest > half or (rest == half and kept % 2 == 1)
            return kept + (up if not down else up and nearer_up), size
    return int(middle), len(middle)
