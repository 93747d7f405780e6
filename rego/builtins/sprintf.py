"""Text made of values: `sprintf` with Go's verbs, template strings, `print` and `trace`."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rego import gofmt, numeric
from rego.builtins.operands import array, bounded, text
from rego.errors import EvaluationError
from rego.gotext import display
from rego.values import RegoSet, Value, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.context import Context


def _sprintf(template: Value, values: Value) -> str:
    pattern, given = text(template, 1), array(values, 2)
    return gofmt.sprintf(pattern, [_argument(value) for value in given], bounded)


def _argument(value: Value) -> gofmt.Argument:
    """Return a value as what OPA hands to Go: a number by its spelling, the rest as it displays them."""
    kind = type(value)
    if kind is str or kind is int or kind is float:
        return value  # type: ignore[no-any-return]  # the line above asked
    if kind is not Decimal:
        return display(value)
    written = numeric.to_text(value)
    if written == "-0":
        return 0
    double = float(value)
    return double if math.isfinite(double) else written


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
        elif type(part) in {list, dict}:
            raise EvaluationError("eval_internal_error", f"illegal argument type: {type_name(part)}")
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
