"""A JSON value as YAML text, as go-yaml's encoder writes it with an indent of two.

A little longer than most modules: how a string is written depends on where it stands.
"""

from __future__ import annotations

import re
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any, Final

from rego import gotext
from rego.goyaml.nodes import STR, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

_BREAKS: Final = "\n\r\x85\u2028\u2029"
_OLD_BOOLEANS: Final = frozenset(
    "y Y yes Yes YES on On ON n N no No NO off Off OFF".split()  # noqa: SIM905 - shorter so
)
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_FIRST_INDICATORS: Final = frozenset("#,[]{}&*!|>'\"%@`")
_UNPRINTABLE: Final = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_ESCAPES: Final = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip
_MAX_SIMPLE_KEY_BYTES: Final = 128
_BOM: Final = "\ufeff"


def emitted(value: Any) -> str:
    """Return a value's YAML text; the value is plain JSON with doubles for what is no integer of 64 bits."""
    writer = _Writer()
    writer.node(value, -1)
    return writer.finish()


class _Writer:
    """The text so far, and where in its last line it stands; the names are libyaml's."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.column = 0
        self.indentation = True  # whether the line has nothing but indicators of lists so far
        self.whitespace = True

    def finish(self) -> str:
        self.indent(0)
        return "".join(self.parts)

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.column += len(text)

    def line_break(self, char: str = "\n") -> None:
        self.parts.append(char)
        self.column = 0
        self.indentation = True

    def indent(self, width: int) -> None:
        if not self.indentation or self.column > width or (self.column == width and not self.whitespace):
            self.line_break()
        self.put(" " * (width - self.column))
        self.whitespace = True

    def indicator(self, text: str, *, spaced: bool, indents: bool = False) -> None:
        if spaced and not self.whitespace:
            self.put(" ")
        self.put(text)
        self.whitespace = False
        self.indentation = self.indentation and indents

    def node(self, value: Any, indent: int) -> None:
        """Write a value; `indent` is that of what it is part of, -1 for a whole document."""
        kind = type(value)
        if kind is dict and value:
            self.mapping(value, _deeper(indent))
        elif kind is list and value:
            for item in value:
                self.indent(_deeper(indent))
                self.indicator("-", spaced=True, indents=True)
                self.node(item, _deeper(indent))
        elif kind is dict or kind is list:
            self.indicator("{" if kind is dict else "[", spaced=True)
            self.indicator("}" if kind is dict else "]", spaced=False)
        elif kind is str:
            self.string(value, max(indent, 0) + 2, simple_key=False)
        else:
            self.indicator(_scalar(value), spaced=True)

    def mapping(self, value: dict[str, Any], indent: int) -> None:
        for name in sorted(value, key=cmp_to_key(_compare_names)):
            self.indent(indent)
            simple = not _has_break(name) and len(name.encode("utf-8", "replace")) <= _MAX_SIMPLE_KEY_BYTES
            if simple:
                self.string(name, indent + 2, simple_key=True)
                self.indicator(":", spaced=False)
            else:
                self.indicator("?", spaced=True, indents=True)
                self.string(name, indent + 2, simple_key=False)
                self.indent(indent)
                self.indicator(":", spaced=True, indents=True)
            self.node(value[name], indent)

    def string(self, text: str, indent: int, *, simple_key: bool) -> None:
        style = _style(text, simple_key=simple_key)
        if style == "|":
            self.literal(text, indent)
        elif style == '"':
            bom = text.startswith(_BOM)  # then go-yaml takes every character for one
            self.indicator('"' + "".join(_escaped(char, bom=bom) for char in text) + '"', spaced=True)
        elif style == "'":
            self.single_quoted(text, indent)
        else:
            self.indicator(text, spaced=True)

    def single_quoted(self, text: str, indent: int) -> None:
        self.indicator("'", spaced=True)
        for line, end in _lines(text):
            if line and self.column == 0:
                self.indent(indent)
            self.put(line.replace("'", "''"))
            self.indentation = self.indentation and not line
            if end:
                self.line_break(end)
        self.indicator("'", spaced=False)
        self.indentation = False

    def literal(self, text: str, indent: int) -> None:
        self.indicator("|", spaced=True)
        if text[0] in " " + _BREAKS:
            self.indicator("2", spaced=False)
        if text[-1] not in _BREAKS:
            self.indicator("-", spaced=False)
        elif len(text) == 1 or text[-2] in _BREAKS:
            self.indicator("+", spaced=False)
        self.line_break()
        self.whitespace = True
        for line, end in _lines(text):
            if line:
                self.indent(indent)
                self.put(line)
                self.indentation = False
            if end:
                self.line_break(end)


def _deeper(indent: int) -> int:
    return 0 if indent < 0 else indent + 2


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield a text's lines, each with the break that ends it."""
    start = 0
    for place, char in enumerate(text):
        if char in _BREAKS:
            yield text[start:place], char
            start = place + 1
    if start < len(text):
        yield text[start:], ""


def _has_break(text: str) -> bool:
    return any(char in text for char in _BREAKS)


def _scalar(value: float | Decimal | None) -> str:
    if value is None or type(value) is bool:
        return "null" if value is None else str(value).lower()
    return str(value) if type(value) is int else gotext.format_float(float(value), "g", None)


def _style(text: str, *, simple_key: bool) -> str:
    """Return how a string is to be written: plain (an empty string), `'`, `"` or `|`."""
    special = _UNPRINTABLE.search(text.replace("\t", "")) is not None
    has_break = _has_break(text)
    if "\n" in text:
        block = not special and text[-1] != " " and not re.search(f" [{_BREAKS}]", text)
        return "|" if block and not simple_key else '"'
    plain = resolve("", text)[0] == STR and _BASE_60.fullmatch(text) is None and text not in _OLD_BOOLEANS
    if not plain or (simple_key and has_break):
        return '"'
    if special or "\t" in text or re.search(f"[{_BREAKS}] | [{_BREAKS}]", text):
        return '"'
    return "'" if has_break or text.strip(" ") != text or _has_indicator(text) else ""


def _has_indicator(text: str) -> bool:
    """Tell whether a text reads as something else where it stands without quotes."""
    if text.startswith(("---", "...")) or text[0] in _FIRST_INDICATORS:
        return True
    blank = " \t"
    if text[0] in "?:-" and (len(text) == 1 or text[1] in blank):
        return True
    for place, char in enumerate(text[1:], 1):
        if char == ":" and (place + 1 == len(text) or text[place + 1] in blank):
            return True
        if char == "#" and text[place - 1] in blank:
            return True
    return False


def _escaped(char: str, *, bom: bool) -> str:
    if not (bom or char in '"\\' or char in _BREAKS or _UNPRINTABLE.match(char)):
        return char
    known = _ESCAPES.get(char)
    if known is not None:
        return f"\\{known}"
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004 - one byte
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - the end of the basic plane


def _compare_names(left: str, right: str) -> int:
    """Order keys as go-yaml does: letters after all else, numbers within names by their value."""
    digits = False
    for place, (one, two) in enumerate(zip(left, right, strict=False)):
        if one == two:
            digits = _is_digit(one)
            continue
        first = one.isalpha()
        if first and two.isalpha():
            return -1 if one < two else 1
        if first or two.isalpha():
            return -1 if first == digits else 1
        return _compare_numbers(left, right, place)
    return (len(left) > len(right)) - (len(left) < len(right))


def _compare_numbers(left: str, right: str, place: int) -> int:
    one, two = _digits(left, place), _digits(right, place)
    lead = ""
    if "0" in {left[place], right[place]}:
        before = re.search(r"\d*$", left[:place])
        lead = "1" if before is not None and before.group().strip("0") else ""
    first, second = _wrapped(lead + one), _wrapped(lead + two)
    if first != second:
        return -1 if first < second else 1
    if len(one) != len(two):
        return -1 if len(one) < len(two) else 1
    return -1 if left[place] < right[place] else 1


def _digits(text: str, place: int) -> str:
    end = place
    while end < len(text) and _is_digit(text[end]):
        end += 1
    return text[place:end]


def _is_digit(char: str) -> bool:
    return char.isdecimal()


def _wrapped(digits: str) -> int:
    """Return digits' value as 64 bits hold it, of any script's digits what Go's arithmetic makes of them."""
    value = 0
    for char in digits:
        value = (value * 10 + ord(char) - ord("0")) & (2**64 - 1)
    return value - 2**64 if value >= 2**63 else value
