"""Numbers, characters and strings as they stand in a template, after Go's `strconv`."""

from __future__ import annotations

import re
from typing import Final

from rego import utf8
from rego.gotemplate.lexing import TemplateError

_INTEGER: Final = re.compile(r"([+-]?)(?:0[xX](_?\w+)|0[bB](_?\w+)|0[oO]?(_?\w+)|(0|[1-9]\w*))", re.ASCII)
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)"
                           r"(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?")  # fmt: skip
_HEX_FLOAT: Final = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?[0-9]+")
_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\'\"]))|(\\)"
)
_SIMPLE_ESCAPES: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'",
    '"': '"',
}  # fmt: skip
_INT64: Final = 2**63
_MAX_CHARACTER: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def number(text: str) -> int | float | complex:
    """Return what a number's text names: an integer of 64 bits, a double, or a pair of them.

    Raises:
        TemplateError: It names no number, or one that is too large.
    """
    if text.endswith("i"):
        return _complex(text[:-1])
    whole = _integer(text)
    if whole is not None:
        return whole
    value = _float(text)
    if value is None:
        raise TemplateError(f"illegal number syntax: {text!r}")
    return value


def _integer(text: str) -> int | None:
    match = _INTEGER.fullmatch(text)
    if match is None or "__" in text or text.endswith("_"):
        return None
    sign, *parts = match.groups()
    for digits, base in zip(parts, (16, 2, 8, 10), strict=True):
        if digits is not None:
            try:
                value = int(digits.lstrip("_"), base)
            except ValueError:
                return None
    value = -value if sign == "-" else value
    if not -_INT64 <= value < _INT64:
        raise TemplateError(f"integer overflow: {text!r}")
    return value


def _float(text: str) -> float | None:
    if _HEX_FLOAT.fullmatch(text) is not None:
        try:
            return float.fromhex(text)
        except (ValueError, OverflowError):
            return None
    if _FLOAT.fullmatch(text) is None:
        return None
    value = float(text)
    return None if value in {float("inf"), float("-inf")} else value


def _complex(text: str) -> complex:
    place = max(text.rfind("+"), text.rfind("-"))
    if place > 0 and text[place - 1] in "eEpP":
        place = max(text.rfind("+", 0, place), text.rfind("-", 0, place))
    real, imaginary = (text[:place], text[place:]) if place > 0 else ("0", text)
    parts = _float(real), _float(imaginary)
    if parts[0] is None or parts[1] is None:
        raise TemplateError("illegal number syntax")
    return complex(parts[0], parts[1])


def character(text: str) -> int:
    """Return the code that a character constant names.

    Raises:
        TemplateError: It names none, or more than one.
    """
    inner = text[1:-1]
    value = _unescaped(inner, quote="'").decode("utf-8", "surrogatepass") if inner != "'" else ""
    if len(value) != 1:
        raise TemplateError(f"malformed character constant: {text}")
    return ord(value)


def unquoted(text: str) -> str:
    """Return the string that a quoted or raw one names.

    Raises:
        TemplateError: An escape in it is none.
    """
    if text[0] == "`":
        return text[1:-1].replace("\r", "")
    return utf8.decoded(_unescaped(text[1:-1], quote='"'))


def _unescaped(text: str, *, quote: str) -> bytes:
    """Return a quoted text's bytes; an escape may name a byte that is part of no character."""
    out = bytearray()
    end = 0
    for match in _ESCAPE.finditer(text):
        out += utf8.encoded(text[end : match.start()])
        end = match.end()
        byte, octal, short, long, simple, _ = match.groups()
        code = int(byte or short or long, 16) if byte or short or long else int(octal, 8) if octal else None
        if code is None:
            if simple is None or (simple in "'\"" and simple != quote):
                raise TemplateError("invalid syntax")
            out += _SIMPLE_ESCAPES[simple].encode()
        elif short or long:
            if code > _MAX_CHARACTER or code in _SURROGATES:
                raise TemplateError("invalid syntax")
            out += chr(code).encode()
        elif code > 0xFF:  # noqa: PLR2004 - a byte
            raise TemplateError("invalid syntax")
        else:
            out.append(code)
    return bytes(out + utf8.encoded(text[end:]))
