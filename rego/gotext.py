"""Text as Go prints it: quoted strings, floats, and whole values as OPA displays them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

from rego import numeric
from rego.values import RegoSet, Value, sorted_items

_ESCAPES: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", '"': '\\"',
}  # fmt: skip
_SHORTEST_EXPONENT: Final = 21
_DOUBLE_DIGITS: Final = 17


def quote(value: str) -> str:
    """Return a string as Go's `strconv.Quote` writes it."""
    return (
        '"'
        + "".join(_ESCAPES.get(char) or (char if char.isprintable() else _escaped(char)) for char in value)
        + '"'
    )


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x80:  # noqa: PLR2004 - ASCII
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the end of the basic plane


def display(value: Value) -> str:
    """Return a value as OPA displays it: `{"a": [1, 2]}`, `{1, 2}` for a set, `set()` for an empty one."""
    kind = type(value)
    if kind is str:
        return quote(value)
    if value is None or kind is bool:
        return "null" if value is None else str(value).lower()
    if kind is list:
        return "[" + ", ".join(map(display, value)) + "]"
    if kind is dict:
        return "{" + ", ".join(f"{display(key)}: {display(item)}" for key, item in sorted_items(value)) + "}"
    if kind is RegoSet:
        return "{" + ", ".join(map(display, value)) + "}" if len(value) else "set()"
    return numeric.to_text(value)


def format_float(value: float, verb: str, precision: int | None) -> str:
    """Format a double with one of Go's verbs e, f and g (or their capitals).

    Args:
        value: The number.
        verb: The verb.
        precision: Digits after the point (e, f) or in all (g); None for the verb's own: six, and for g as
            many as name the number.
    """
    if math.isinf(value) or math.isnan(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    low = verb.lower()
    if low == "f":
        return f"{value:.{6 if precision is None else precision}f}"
    if low == "e":
        made = f"{value:.{6 if precision is None else precision}e}"
        return made.upper() if verb == "E" else made
    if precision is not None:
        made = f"{value:.{max(precision, 1)}g}"
        return made.upper() if verb == "G" else made
    return _shortest(value, verb)


def _shortest(value: float, verb: str) -> str:
    exact: Any = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, exact.digits)).rstrip("0") or "0"
    exponent = len(exact.digits) + exact.exponent - 1 if value else 0
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
