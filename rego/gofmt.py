"""Go's `fmt.Sprintf` for the arguments that OPA gives it: integers, doubles and strings.

After Go's `fmt/print.go`, `fmt/format.go` and `math/big/intconv.go`, mistakes in a format included:
a policy that logs `%!d(string=x)` logs the same here.

Longer than most modules: the reading of a format and the printers of its verbs share their flags.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from rego import gotext, numeric, utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Argument: TypeAlias = int | float | str

_MAX_NUMBER: Final = 1_000_000
_INT64: Final = 2**63
_WORD: Final = 2**64
_MAX_RUNE: Final = 0x10FFFF
_BASES: Final = {"d": "d", "v": "d", "s": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}


def sprintf(template: str, arguments: Sequence[Argument], bounded: Callable[[int], int]) -> str:
    """Format arguments.

    Args:
        template: Go's format.
        arguments: Integers of any size, doubles that are numbers, and strings.
        bounded: Raises for a size that is too large; asked after each piece of the result.
    """
    return _Printer(template, arguments, bounded).run()


@dataclass(slots=True)
class _Flags:
    """What stands between a percent sign and its verb; `sharp_v`, `plus_v`: those of `%#v` and `%+v`."""

    width: int | None = None
    precision: int | None = None
    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    sharp_v: bool = False
    plus_v: bool = False

    def padded(self, made: str, *, zero: bool | None = None) -> str:
        """Pad to the width, with zeros on the left where `zero` (or the flag, if None) says so."""
        width = self.width or 0
        if self.minus:
            return made.ljust(width)
        return made.rjust(width, "0" if (self.zero if zero is None else zero) else " ")

    def sign(self, *, negative: bool) -> str:
        return "-" if negative else "+" if self.plus else " " if self.space else ""


_PLAIN_STRING: Final = frozenset("sv")
_PLAIN_INTEGER: Final = frozenset("dv")
_SET: Final = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}


@dataclass(slots=True)
class _Printer:
    """One run over a format; `place` is where in it, `next` which argument comes."""

    template: str
    arguments: Sequence[Argument]
    bounded: Callable[[int], int]
    place: int = 0
    next: int = 0
    is_good: bool = True
    is_reordered: bool = False
    size: int = 0
    out: list[str] = field(default_factory=list)

    def write(self, made: str) -> None:
        self.size = self.bounded(self.size + len(made))
        self.out.append(made)

    def run(self) -> str:
        template = self.template
        while self.place < len(template):
            percent = template.find("%", self.place)
            if percent < 0:
                self.write(template[self.place :])
                break
            self.write(template[self.place : percent])
            self.place = percent + 1
            if not self.plain():
                self.is_good = True
                self.verb(self.flags())
        if not self.is_reordered and self.next < len(self.arguments):
            rest = (
                f"{_type(value)}={_printed(_Flags(), 'v', value)}" for value in self.arguments[self.next :]
            )
            self.write(f"%!(EXTRA {', '.join(rest)})")
        return "".join(self.out)

    def plain(self) -> bool:
        """Write what most formats ask for, a string or an integer as it is; tell whether it was that."""
        verb = self.template[self.place : self.place + 1]
        value = self.arguments[self.next] if self.next < len(self.arguments) else None
        if type(value) is str and verb in _PLAIN_STRING:
            self.write(value)
        elif type(value) is int and verb in _PLAIN_INTEGER:
            self.write(numeric.to_text(value))
        else:
            return False
        self.place += 1
        self.next += 1
        return True

    def flags(self) -> _Flags:
        """Read what stands before the verb."""
        flags = _Flags()
        while self.place < len(self.template) and self.template[self.place] in _SET:
            setattr(flags, _SET[self.template[self.place]], True)
            self.place += 1
        after_index = self.index()
        if self.at("*"):
            self.star_width(flags)
            after_index = False
        else:
            flags.width = self.number()
            self.is_good = self.is_good and not (after_index and flags.width is not None)
        if self.at(".") and self.place + 1 < len(self.template):
            self.place += 1
            self.is_good = self.is_good and not after_index
            after_index = self.index()
            if self.at("*"):
                self.star_precision(flags)
                after_index = False
            else:
                flags.precision = self.number() or 0
        if not after_index:
            self.index()
        return flags

    def at(self, char: str) -> bool:
        return self.template.startswith(char, self.place)

    def star_width(self, flags: _Flags) -> None:
        flags.width = self.from_argument()
        if flags.width is None:
            self.write("%!(BADWIDTH)")
        elif flags.width < 0:
            flags.width, flags.minus, flags.zero = -flags.width, True, False

    def star_precision(self, flags: _Flags) -> None:
        flags.precision = self.from_argument()
        if flags.precision is not None and flags.precision < 0:
            flags.precision = None
        if flags.precision is None:
            self.write("%!(BADPREC)")

    def from_argument(self) -> int | None:
        """Take a width or precision from the arguments, for a star."""
        self.place += 1
        if self.next >= len(self.arguments):
            return None
        value = self.arguments[self.next]
        self.next += 1
        return value if type(value) is int and abs(value) <= _MAX_NUMBER else None

    def number(self) -> int | None:
        """Read digits; the whole format is used up by a number that is too large."""
        found: int | None = None
        while self.place < len(self.template) and self.template[self.place] in "0123456789":
            if (found or 0) > _MAX_NUMBER:
                self.place = len(self.template)
                return None
            found = (found or 0) * 10 + int(self.template[self.place])
            self.place += 1
        return found

    def index(self) -> bool:
        """Read an argument's index, as in `%[2]d`; tell whether there was one."""
        if not self.at("["):
            return False
        self.is_reordered = True
        end = self.template.find("]", self.place)
        if end < 0 or len(self.template) - self.place < 3:  # noqa: PLR2004 - brackets and a digit
            self.is_good = False
            self.place += 1
            return False
        digits = self.template[self.place + 1 : end]
        self.place = end + 1
        is_number = digits.isascii() and digits.isdigit() and _is_small(digits)
        if is_number and 1 <= int(digits) <= len(self.arguments):
            self.next = int(digits) - 1
            return True
        self.is_good = False
        return is_number

    def verb(self, flags: _Flags) -> None:
        if self.place >= len(self.template):
            self.write("%!(NOVERB)")
            return
        verb = utf8.shown(self.template[self.place])
        self.place += 1
        if verb == "%":
            self.write("%")
        elif not self.is_good:
            self.write(f"%!{verb}(BADINDEX)")
        elif self.next >= len(self.arguments):
            self.write(f"%!{verb}(MISSING)")
        else:
            if verb in "vw":
                flags.sharp_v, flags.sharp, flags.plus_v, flags.plus = flags.sharp, False, flags.plus, False
            self.write(_printed(flags, verb, self.arguments[self.next]))
            self.next += 1


def _is_small(digits: str) -> bool:
    """Tell a number that Go reads: it stops after the first digit beyond a million."""
    return len(digits.lstrip("0")) < 8 or (len(digits.lstrip("0")) == 8 and int(digits) // 10 <= _MAX_NUMBER)  # noqa: PLR2004 - a million and one digit


def _type(value: Argument) -> str:
    if type(value) is int:
        return "int64" if -_INT64 <= value < _INT64 else "*big.Int"
    return "float64" if type(value) is float else "string"


def _printed(flags: _Flags, verb: str, value: Argument) -> str:
    if verb == "T":
        return _string(flags, "s", _type(value))
    if type(value) is str:
        return _string(flags, verb, value)
    if type(value) is float:
        return _float(flags, verb, value)
    whole = int(value)
    return _integer(flags, verb, whole) if -_INT64 <= whole < _INT64 else _big(flags, verb, whole)


def _wrong(flags: _Flags, verb: str, value: Argument) -> str:
    return f"%!{verb}({_type(value)}={_printed(flags, 'v', value)})"


def _integer(flags: _Flags, verb: str, value: int) -> str:
    match verb:
        case "c":
            return flags.padded(gotext.character(value))
        case "q":
            return flags.padded(gotext.quote_character(value, ascii_only=flags.plus))
        case "U":
            return _unicode(flags, value % _WORD)
        case "d" | "v" | "b" | "o" | "O" | "x" | "X":
            return _digits(flags, verb, value)
        case _:
            return _wrong(flags, verb, value)


def _digits(flags: _Flags, verb: str, value: int) -> str:
    sign = flags.sign(negative=value < 0)
    precision = flags.precision or 0
    if flags.precision == 0 and value == 0:
        return " " * (flags.width or 0)
    if flags.precision is None and flags.zero and not flags.minus:
        precision = (flags.width or 0) - len(sign)
    digits = format(abs(value), _BASES[verb]).rjust(precision, "0")
    if flags.sharp:
        digits = _with_prefix(verb, digits)
    if verb == "O":
        digits = "0o" + digits
    return flags.padded(sign + digits, zero=False)


def _with_prefix(verb: str, digits: str) -> str:
    if verb in "oO":
        return digits if digits[0] == "0" else "0" + digits
    return {"b": "0b", "x": "0x", "X": "0X"}.get(verb, "") + digits


def _unicode(flags: _Flags, code: int) -> str:
    made = "U+" + f"{code:X}".rjust(max(flags.precision or 4, 4), "0")
    if flags.sharp and code <= _MAX_RUNE and chr(code).isprintable():
        made += f" '{chr(code)}'"
    return flags.padded(made, zero=False)


def _big(flags: _Flags, verb: str, value: int) -> str:
    """Print an integer beyond 64 bits, which in Go is another type with verbs of its own."""
    if verb == "w":
        words = " ".join(
            str(abs(value) >> shift & _WORD - 1) for shift in range(0, abs(value).bit_length(), 64)
        )
        return f"%!w(*big.Int=&{{{str(value < 0).lower()} [{words}]}})"
    if verb not in _BASES:
        return f"%!{verb}(big.Int={numeric.to_text(value)})"
    sign = "-" if value < 0 else "+" if flags.plus or flags.plus_v else " " if flags.space else ""
    prefix = "0o" if verb == "O" else ""
    if flags.sharp:
        prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(verb, prefix)
    kind = _BASES[verb]
    digits = numeric.to_text(abs(value)) if kind == "d" else format(abs(value), kind)
    digits = digits.rjust(flags.precision or 0, "0")
    if flags.precision is None and flags.zero and not flags.minus:
        digits = digits.rjust((flags.width or 0) - len(sign + prefix), "0")
    return flags.padded(sign + prefix + digits, zero=False)


def _float(flags: _Flags, verb: str, value: float) -> str:
    if verb not in "vbgGxXfFeE":
        return _wrong(flags, verb, value)
    made = gotext.format_float(value, "g" if verb == "v" else verb, flags.precision)
    sign, digits = ("-", made[1:]) if made[0] == "-" else (flags.sign(negative=False), made)
    if flags.sharp and verb != "b":
        digits = _with_point(verb, digits, flags.precision)
    if flags.zero and not flags.minus:
        return sign + digits.rjust((flags.width or 0) - len(sign), "0")
    return flags.padded(sign + digits)


def _with_point(verb: str, made: str, precision: int | None) -> str:
    """Add the point, and the zeros, that the flag `#` asks for."""
    wanted = (6 if precision is None else precision) if verb in "vgGx" else 0
    ends = "pP" if verb in "xX" else "eEpP"
    end = next((place for place, char in enumerate(made) if char in ends), len(made))
    body, tail = made[:end], made[end:]
    significant = body.replace(".", "").lstrip("0") if verb != "x" else body.lstrip("0.")
    wanted -= len(significant)
    if "." not in body:
        wanted -= body == "0"
        body += "."
    return body + "0" * wanted + tail


def _string(flags: _Flags, verb: str, value: str) -> str:
    shown = value if flags.precision is None else value[: flags.precision]
    match verb:
        case "s":
            return flags.padded(shown)
        case "v" if not flags.sharp_v:
            return flags.padded(shown)
        case "v" | "q":
            raw = gotext.raw_quote(shown) if flags.sharp else None
            return flags.padded(raw or gotext.quote(shown, ascii_only=flags.plus))
        case "x" | "X":
            return _hexadecimal(flags, verb, utf8.encoded(value))
        case _:
            return _wrong(flags, verb, value)


def _hexadecimal(flags: _Flags, verb: str, raw: bytes) -> str:
    raw = raw if flags.precision is None else raw[: flags.precision]
    if not raw:
        return flags.padded("")
    prefix = "0x" if flags.sharp else ""
    made = prefix + (f" {prefix}".join(f"{byte:02x}" for byte in raw) if flags.space else raw.hex())
    return flags.padded(made.upper() if verb == "X" else made)
