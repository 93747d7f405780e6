"""Text as Go prints it: letters' case, quoted strings, floats, and whole values as OPA displays them."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rego import numeric
from rego.values import RegoSet, Value, sorted_items, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable

_ESCAPES: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\",
}  # fmt: skip
_MAX_TEXT: Final = 10_000_000
_SURROGATES: Final = range(0xD800, 0xE000)
_MAX_RUNE: Final = 0x10FFFF
_SHORTEST_EXPONENT: Final = 6
_MANTISSA_BITS: Final = 52
_HEX_BIT: Final = 60  # where a hexadecimal float's leading digit stands while it is written


def lower(text: str) -> str:
    """Return a text in lower case: as in Go, one character becomes one."""
    return text.lower() if text.isascii() else "".join(char.lower() if char != "İ" else "i" for char in text)


def upper(text: str) -> str:
    """Return a text in upper case: as in Go, one character becomes one, and "ß" stays "ß"."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def _upper(char: str) -> str:
    for changed in (char.upper(), char.title()):
        if len(changed) == 1:
            return changed
    return char


def quote(value: str, *, ascii_only: bool = False) -> str:
    """Return a string as Go's `strconv.Quote` or `strconv.QuoteToASCII` writes it."""
    return '"' + "".join(_escaped(char, '"', ascii_only=ascii_only) for char in value) + '"'


def quote_character(code: int, *, ascii_only: bool = False) -> str:
    """Return a character as Go's `strconv.QuoteRune` or `strconv.QuoteRuneToASCII` writes it."""
    return "'" + _escaped(character(code), "'", ascii_only=ascii_only) + "'"


def character(code: int) -> str:
    """Return the character of a code; U+FFFD where there is none."""
    return chr(code) if 0 <= code <= _MAX_RUNE and code not in _SURROGATES else "\ufffd"


def _escaped(char: str, quotes: str, *, ascii_only: bool) -> str:
    if char == quotes:
        return "\\" + char
    found = _ESCAPES.get(char)
    if found is not None:
        return found
    if char.isprintable() and (not ascii_only or char.isascii()):
        return char
    code = ord(char)
    if code in _SURROGATES:
        code -= 0xDC00  # a byte that is no UTF-8; see `rego.utf8`
        return f"\\x{code:02x}" if 0x80 <= code <= 0xFF else "\\ufffd"  # noqa: PLR2004 - a byte above ASCII
    if code < 0x80:  # noqa: PLR2004 - ASCII
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the end of the basic plane


def raw_quote(value: str) -> str | None:
    """Return a string in back quotes, where Go's `strconv.CanBackquote` allows it."""
    plain = all(char == "\t" or (char >= " " and char not in "`\x7f\ufeff") for char in value)
    return f"`{value}`" if plain and not any(ord(char) in _SURROGATES for char in value) else None


def display(value: Value) -> str:
    """Return a value as OPA displays it: `{"a": [1, 2]}`, `{1, 2}` for a set, `set()` for an empty one."""
    kind = type(value)
    if kind is str:
        return quote(value)
    if value is None or kind is bool:
        return "null" if value is None else str(value).lower()
    if kind is list:
        return "[" + joined(", ", map(display, value)) + "]"
    if kind is dict:
        pairs = (f"{display(key)}: {display(item)}" for key, item in sorted_items(value))
        return "{" + joined(", ", pairs) + "}"
    if kind is RegoSet:
        return "{" + joined(", ", map(display, value)) + "}" if len(value) else "set()"
    return numeric.to_text(value)


def joined(comma: str, parts: Iterable[str]) -> str:
    """Join texts of parts of a value.

    Raises:
        EvaluationError: `eval_budget_exceeded`, before the whole fills the memory.
    """
    made: list[str] = []
    size = 0
    for part in parts:
        made.append(part)
        size += len(part)
        if size > _MAX_TEXT:
            raise too_large()
    return comma.join(made)


def format_float(value: float, verb: str, precision: int | None) -> str:
    """Format a double with one of Go's verbs b, e, f, g and x (or their capitals).

    Args:
        value: The number.
        verb: The verb.
        precision: Digits after the point (e, f, x) or in all (g); None for the verb's own: six for e and f,
            for g and x as many as name the number.
    """
    if math.isinf(value) or math.isnan(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    match verb:
        case "f" | "F":
            return f"{value:.{6 if precision is None else precision}f}"
        case "e" | "E":
            return f"{value:.{6 if precision is None else precision}{verb}}"
        case "g" | "G":
            return _shortest(value, verb) if precision is None else f"{value:.{max(precision, 1)}{verb}}"
        case "b":
            return _binary(value)
        case _:
            return _hexadecimal(value, verb, precision)


def _shortest(value: float, verb: str) -> str:
    exact = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, exact.digits)).rstrip("0") or "0"
    exponent = len(exact.digits) + int(exact.exponent) - 1 if value else 0
    sign = "-" if math.copysign(1, value) < 0 else ""
    if exponent < -4 or exponent >= _SHORTEST_EXPONENT:  # noqa: PLR2004 - Go's bound
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        letter = "E" if verb == "G" else "e"
        return f"{sign}{digits[0]}{fraction}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _parts(value: float) -> tuple[str, int, int]:
    """Return a double's sign, mantissa (a whole number of 53 bits) and exponent."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", value))
    exponent, mantissa = bits >> _MANTISSA_BITS & 0x7FF, bits & (1 << _MANTISSA_BITS) - 1
    if exponent:
        mantissa |= 1 << _MANTISSA_BITS
    return "-" if bits >> 63 else "", mantissa, max(exponent, 1) - 1023


def _binary(value: float) -> str:
    sign, mantissa, exponent = _parts(value)
    return f"{sign}{mantissa}p{exponent - _MANTISSA_BITS:+d}"


def _hexadecimal(value: float, verb: str, precision: int | None) -> str:
    sign, mantissa, exponent = _parts(value)
    exponent = exponent if mantissa else 0
    mantissa <<= _HEX_BIT - _MANTISSA_BITS
    while mantissa and not mantissa >> _HEX_BIT:
        mantissa, exponent = mantissa << 1, exponent - 1
    if precision is not None and precision < 15:  # noqa: PLR2004 - a double has no more digits
        dropped = _HEX_BIT - precision * 4
        rest, kept = mantissa & (1 << dropped) - 1, mantissa >> dropped
        kept += rest * 2 > 1 << dropped or (rest * 2 == 1 << dropped and kept & 1)
        mantissa = kept << dropped
        if mantissa >> _HEX_BIT + 1:
            mantissa, exponent = mantissa >> 1, exponent + 1
    fraction = f"{mantissa & (1 << _HEX_BIT) - 1:015x}"
    digits = fraction.rstrip("0") if precision is None else fraction.ljust(precision, "0")[:precision]
    power = f"p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    made = f"{sign}0x{mantissa >> _HEX_BIT}{'.' if digits else ''}{digits}{power}"
    return made.upper() if verb == "X" else made
