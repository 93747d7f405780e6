"""Numbers as Go's `%g` prints them where they are no doubles: digits at hand, and singles."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Final

_PLAIN_EXPONENTS: Final = range(-4, 6)
_MAX_SINGLE_DIGITS: Final = 9  # as many name every single


def laid_out(digits: str, exponent: int) -> str:
    """Return digits as a number's text; `exponent` is the place of the first one."""
    digits = digits.rstrip("0") or "0"
    if exponent not in _PLAIN_EXPONENTS:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{whole}.{fraction}" if fraction else whole


def single(value: float) -> str:
    """Return the text of the single (32 bits) that is closest to a double."""
    value = _rounded(value)
    if not math.isfinite(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    texts = (f"{value:.{digits}g}" for digits in range(1, _MAX_SINGLE_DIGITS + 1))
    named = Decimal(next(text for text in texts if _rounded(float(text)) == value))
    digits = "".join(map(str, named.as_tuple().digits))
    return ("-" if value < 0 else "") + laid_out(digits, named.adjusted())


def _rounded(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
