"""Values as Go's `fmt` prints them: `Sprint`, `Sprintln` and `Sprintf` on what templates know.

That is: None (Go's nil), booleans, strings, `Number` (Go's `json.Number`: a string that is a number's text),
integers, `Byte` (what indexing a string gives), doubles, complex numbers, lists and objects.

Longer than most modules: the flags of a verb count for every type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rego import gotext, utf8
from rego.gotemplate.lexing import TemplateError

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERB: Final = re.compile(
    r"%([-+# 0]*)(\[[^\]]*\])?(\*|[0-9]+)?(?:(\.)(\[[^\]]*\])?(\*|[0-9]+)?)?(\[[^\]]*\])?(.)?", re.DOTALL
)
_INDEX: Final = re.compile(r"\[([0-9]{1,7})\]")
_MAX_WIDTH: Final = 1_000_000


class Number(str):
    """A number of the data: Go keeps its text."""

    __slots__ = ()


class Byte(int):
    """An unsigned integer of 8 bits."""


_TYPES: Final = {
    bool: "bool",
    str: "string",
    Number: "json.Number",
    int: "int",
    Byte: "uint8",
    float: "float64",
    complex: "complex128",
    list: "[]interface {}",
    dict: "map[string]interface {}",
}


def sprint(values: Sequence[Any]) -> str:
    """Return values side by side, with spaces between those that are no strings."""
    out: list[str] = []
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            out.append(" ")
        out.append(plain(value))
    return "".join(out)


def sprintln(values: Sequence[Any]) -> str:
    """Return values with spaces between them, as a line."""
    return " ".join(map(plain, values)) + "\n"


def plain(value: Any) -> str:
    """Return a value as `%v` prints it."""
    return _Verb("v").print(value, 0)


def type_name(value: Any) -> str:
    """Return Go's name for a value's type."""
    return _TYPES[type(value)]


def sprintf(template: str, values: Sequence[Any]) -> str:
    """Return a template with its verbs replaced by values.

    Raises:
        TemplateError: A verb asks for what differs from run to run (a place in memory).
    """
    return _Format(values).apply(template)


class _Format:
    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self.used = 0
        self.reordered = False

    def apply(self, template: str) -> str:
        out: list[str] = []
        end = 0
        for match in _VERB.finditer(template):
            if match.start() < end:
                continue
            out += (template[end : match.start()], self.verb(match))
            end = match.end()
        out.append(template[end:])
        if not self.reordered and self.used < len(self.values):
            extra = ", ".join(
                "<nil>" if value is None else f"{type_name(value)}={plain(value)}"
                for value in self.values[self.used :]
            )
            out.append(f"%!(EXTRA {extra})")
        return "".join(out)

    def verb(self, match: re.Match[str]) -> str:
        flags, index, width, point, second_index, precision, third_index, char = match.groups()
        verb = _Verb(char or "", flags)
        bad = ""
        good = self.jump(index)
        if width == "*":
            found, bad = self.star("%!(BADWIDTH)")
            verb.set_width(found)
        elif width:
            good = good and index is None  # "%[3]2d"
            if not verb.set_width(int(width[:8])):
                return "%!(NOVERB)" if not char else f"%!{char}(BADINDEX)"
        if point:
            good = self.jump(second_index) and good and not (index and width is None)
            if precision == "*":
                found, worse = self.star("%!(BADPREC)")
                bad += worse if found is not None or worse else ""
                bad += "%!(BADPREC)" if found is not None and found < 0 else ""
                verb.precision = found if found is not None and found >= 0 else None
            else:
                verb.precision = min(int((precision or "0")[:8]), _MAX_WIDTH)
                good = good and not (second_index and precision)
        good = self.jump(third_index) and good
        if not char:
            return bad + "%!(NOVERB)"
        if char == "%":
            return bad + "%"
        if not good:
            return f"{bad}%!{char}(BADINDEX)"
        if self.used >= len(self.values):
            return f"{bad}%!{char}(MISSING)"
        self.used += 1
        return bad + verb.print(self.values[self.used - 1], 0)

    def jump(self, index: str | None) -> bool:
        """Go to the argument that an index names; tell whether there is one."""
        if index is None:
            return True
        self.reordered = True
        match = _INDEX.fullmatch(index)
        if match is None or not 1 <= int(match[1]) <= len(self.values):
            return False
        self.used = int(match[1]) - 1
        return True

    def star(self, fault: str) -> tuple[int | None, str]:
        """Return the argument that says a width or a precision, or what to write instead."""
        if self.used >= len(self.values):
            return None, fault
        found = self.values[self.used]
        self.used += 1
        if type(found) not in {int, Byte} or abs(found) > _MAX_WIDTH:
            return None, fault
        return int(found), ""


class _Verb:
    """A verb with its flags, width and precision."""

    def __init__(self, char: str, flags: str = "") -> None:
        self.char = char
        self.minus = "-" in flags
        self.plus = "+" in flags and char != "v"
        self.sharp = "#" in flags and char != "v"
        self.space = " " in flags
        self.zero = "0" in flags and not self.minus
        self.width = 0
        self.precision: int | None = None
        self.syntax = char == "v" and "#" in flags  # as it stands in a program

    def set_width(self, width: int | None) -> bool:
        if width is None:
            return True
        if width < 0:
            self.minus, self.zero = True, False
        self.width = abs(width)
        return self.width <= _MAX_WIDTH

    def pad(self, text: str) -> str:
        return text.ljust(self.width) if self.minus else text.rjust(self.width, "0" if self.zero else " ")

    def print(self, value: Any, depth: int) -> str:  # noqa: PLR0911 - one for each type
        if self.char == "T":
            return self.pad("<nil>" if value is None else type_name(value))
        if value is None:
            return self.nil(depth)
        kind = type(value)
        if kind is bool:
            return self.pad(str(value).lower()) if self.char in "tv" else self.bad(value)
        if kind is str or kind is Number:
            return self.string(value)
        if kind is int or kind is Byte:
            return self.integer(value)
        if kind is float:
            return self.double(value)
        if kind is complex:
            return self.complex(value)
        return self.members(value, depth)

    def nil(self, depth: int) -> str:
        if depth:
            return "interface {}(nil)" if self.syntax else "<nil>"
        return self.pad("<nil>") if self.char == "v" else f"%!{self.char}(<nil>)"

    def bad(self, value: Any) -> str:
        """Say that a verb is none for a value, which is printed plainly, with the same flags."""
        shown, self.char = self.char, "v"
        made = f"%!{shown}({type_name(value)}={self.print(value, 0)})"
        self.char = shown
        return made

    def members(self, value: Any, depth: int) -> str:
        if self.char == "p":
            raise TemplateError("the place of a value in memory is not printed")
        separator = ", " if self.syntax else " "
        if type(value) is dict:
            inner = separator.join(
                f"{self.print(name, depth + 1)}:{self.print(value[name], depth + 1)}"
                for name in sorted(value)
            )
            return f"{type_name(value)}{{{inner}}}" if self.syntax else f"map[{inner}]"
        inner = separator.join(self.print(item, depth + 1) for item in value)
        return f"{type_name(value)}{{{inner}}}" if self.syntax else f"[{inner}]"

    def string(self, value: str) -> str:
        shown = str(value) if self.precision is None else str(value)[: self.precision]
        match self.char:
            case "v" if self.syntax:
                return self.pad(self.quoted(shown))
            case "v" | "s":
                return self.pad(shown)
            case "q":
                return self.pad(self.quoted(shown))
            case "x" | "X":
                return self.pad(self.hexadecimal(utf8.encoded(str(value))))
            case _:
                return self.bad(value)

    def quoted(self, text: str) -> str:
        raw = gotext.raw_quote(text) if self.sharp else None
        return gotext.quote(text, ascii_only=self.plus) if raw is None else raw

    def hexadecimal(self, raw: bytes) -> str:
        raw = raw if self.precision is None else raw[: self.precision]
        prefix = f"0{self.char}" if self.sharp else ""
        digits = [f"{byte:02x}" if self.char == "x" else f"{byte:02X}" for byte in raw]
        if self.space:
            return " ".join(prefix + pair for pair in digits)
        return prefix + "".join(digits) if raw else ""

    def integer(self, value: int) -> str:  # noqa: PLR0911 - one for each verb
        match self.char:
            case "v" if self.syntax and type(value) is Byte:
                return self.digits(value, "x", "0x")
            case "v" | "d":
                return self.digits(value, "d", "")
            case "b":
                return self.digits(value, "b", "0b" if self.sharp else "")
            case "o" | "O":
                made = "0o" if self.char == "O" else "0" if self.sharp and value else ""
                return self.digits(value, "o", made)
            case "x" | "X":
                return self.digits(value, self.char, f"0{self.char}" if self.sharp else "")
            case "c":
                return self.pad(gotext.character(value))
            case "q":
                return self.pad(gotext.quote_character(value, ascii_only=self.plus))
            case "U":
                char = gotext.character(value)
                shown = f" '{char}'" if self.sharp and char.isprintable() else ""
                digits = f"{value & (2**64 - 1):0{max(self.precision or 4, 4)}X}"
                self.zero = False
                return self.pad(f"U+{digits}{shown}")
            case _:
                return self.bad(value)

    def digits(self, value: int, base: str, prefix: str) -> str:
        sign = "-" if value < 0 else "+" if self.plus else " " if self.space else ""
        if self.precision is not None:
            if not self.precision and not value:
                return " " * self.width
            return self.spaced(sign + prefix + format(abs(value), base).rjust(self.precision, "0"))
        digits = format(abs(value), base)
        if self.zero:
            digits = digits.rjust(self.width - len(sign), "0")
        return self.spaced(sign + prefix + digits)

    def spaced(self, text: str) -> str:
        return text.ljust(self.width) if self.minus else text.rjust(self.width)

    def double(self, value: float) -> str:
        if self.char not in "vgGeEfFbxX":
            return self.bad(value)
        made = self.decimal(value)
        sign = made[0] if made[0] in "+-" else ""
        digits = made[len(sign) :]
        sign = sign if sign == "-" else "+" if self.plus else " " if self.space else sign
        if self.zero and digits[0].isdigit():
            return sign + digits.rjust(self.width - len(sign), "0")
        return self.spaced(sign + digits)

    def decimal(self, value: float) -> str:
        if self.sharp:
            raise TemplateError("the flag # of doubles is not supported")
        return gotext.format_float(value, "g" if self.char == "v" else self.char, self.precision)

    def complex(self, value: complex) -> str:
        if self.char not in "vgGeEfF" or self.width:
            raise TemplateError("complex numbers are printed only plainly")
        imaginary = self.decimal(value.imag)
        return f"({self.decimal(value.real)}{'' if imaginary[0] in '+-' else '+'}{imaginary}i)"
