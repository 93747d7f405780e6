"""Text made of values: `sprintf` with Go's verbs, template strings, `print` and `trace`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.operands import array, bounded, text
from rego.errors import EvaluationError
from rego.gotext import display, format_float, quote
from rego.values import RegoSet, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.context import Context

_VERB: Final = re.compile(r"%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(\*|\d+)?)?(?:\[(\d+)\])?(.)?", re.DOTALL)
_PRECISION: Final = re.compile(r"\.(\d*)")
_MAX_WIDTH: Final = 10_000


def _sprintf(template: Value, values: Value) -> str:
    pattern, rest = text(template, 1), array(values, 2)
    used = 0
    out: list[str] = []
    end = 0
    for match in _VERB.finditer(pattern):
        out.append(pattern[end : match.start()])
        end = match.end()
        verb = match.group(6)
        if verb == "%":
            out.append("%")
        elif verb is None:
            out.append("%!(NOVERB)")
        else:
            place = int(match.group(5) or match.group(2) or 0) - 1
            used = used if place < 0 else place
            out.append(
                _format(match, verb, rest[used])
                if used < len(rest)
                else f"%!{verb}(BADINDEX)"
                if place >= 0
                else f"%!{verb}(MISSING)"
            )
            used += 1
    out.append(pattern[end:])
    if used < len(rest):
        extra = ", ".join(f"{_go_type(value)}={_plain(value)}" for value in rest[used:])
        out.append(f"%!(EXTRA {extra})")
    made = "".join(out)
    bounded(len(made))
    return made


def _format(match: re.Match[str], verb: str, value: Value) -> str:
    flags = match.group(1)
    width = min(int(match.group(3) or 0), _MAX_WIDTH) if match.group(3) != "*" else 0
    found = _PRECISION.search(match.group(0))
    precision = None if found is None else min(int(found.group(1) or 0), _MAX_WIDTH)
    made = _verb(flags, verb, precision, value)
    if len(made) >= width:
        return made
    if "-" in flags:
        return made.ljust(width)
    if "0" in flags and type(value) in {int, float, Decimal}:
        sign = made[:1] if made[:1] in {"+", "-"} else ""
        return sign + made[len(sign) :].rjust(width - len(sign), "0")
    return made.rjust(width)


def _verb(flags: str, verb: str, precision: int | None, value: Value) -> str:
    kind = type(value)
    if kind is int:
        return _integer(flags, verb, precision, value)
    if kind is float or kind is Decimal:
        return _float(flags, verb, precision, float(value))
    return _string(flags, verb, precision, value if kind is str else display(value))


def _integer(flags: str, verb: str, precision: int | None, value: int) -> str:
    sign = "-" if value < 0 else "+" if "+" in flags else " " if " " in flags else ""
    size = abs(value)
    match verb:
        case "d" | "v":
            digits = str(size)
        case "b" | "o" | "x" | "X":
            prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}[verb] if "#" in flags else ""
            digits = prefix + format(size, verb)
        case "O":
            digits = "0o" + format(size, "o")
        case "c":
            return chr(value) if 0 <= value < 0x110000 else "\ufffd"  # noqa: PLR2004 - the end of Unicode
        case "q":
            return "'" + chr(value) + "'"
        case "U":
            return f"U+{value:04X}"
        case "s" if not -(2**63) <= value < 2**63:  # Go's big integers print themselves
            digits = str(size)
        case _:
            return f"%!{verb}(int={value})"
    return sign + digits.rjust(precision or 0, "0")


def _float(flags: str, verb: str, precision: int | None, value: float) -> str:
    if verb not in "vgGeEfF":
        return f"%!{verb}(float64={format_float(value, 'g', None)})"
    made = format_float(value, "g" if verb == "v" else verb, precision)
    return made if made.startswith("-") or "+" not in flags else f"+{made}"


def _string(flags: str, verb: str, precision: int | None, value: str) -> str:
    shown = value if precision is None else value[:precision]
    match verb:
        case "s":
            return shown
        case "v":
            return quote(shown) if "#" in flags else shown
        case "q":
            return quote(shown)
        case "x" | "X":
            made = shown.encode("utf-8", "surrogatepass").hex()
            return made.upper() if verb == "X" else made
        case "T":
            return "string"
        case _:
            return f"%!{verb}(string={value})"


def _go_type(value: Value) -> str:
    return {int: "int", float: "float64", Decimal: "float64"}.get(type(value), "string")


def _plain(value: Value) -> str:
    return _verb("", "v", None, value)


def _parts(values: Value, nothing: str) -> list[str]:
    """Return the text of each part; an undefined part comes as an empty set."""
    made: list[str] = []
    for part in array(values, 1):
        shown = part
        if type(part) is RegoSet:
            found = list(part)
            if len(found) > 1:
                raise EvaluationError(
                    "eval_conflict_error", "template-strings must not produce multiple outputs"
                )
            if not found:
                made.append(nothing)
                continue
            shown = found[0]
        made.append(shown if type(shown) is str else display(shown))
    return made


def _template(values: Value) -> str:
    made = "".join(_parts(values, "<undefined>"))
    bounded(len(made))
    return made


def _print(context: Context, values: Value) -> bool:
    if context.print is not None:
        context.print(" ".join(_parts(values, "<undefined>")))
    return True


def _trace(context: Context, note: Value) -> bool:
    shown = text(note, 1)
    if context.print is not None:
        context.print(shown)
    return True


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "sprintf": _sprintf,
    "internal.template_string": _template,
}
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {
    "internal.print": _print,
    "trace": _trace,
}
