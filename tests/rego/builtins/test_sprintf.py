"""Text made of values: `sprintf`, template strings, `print` and `trace`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import EvaluationError, OperandError
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("sprintf", ("%d %s %v", [1, "a", [1, {"b": None}]]), '1 a [1, {"b": null}]'),
        ("sprintf", ("%v %v %v", [1.0, 1e21, 1234567.5]), "1 1e+21 1.2345675e+06"),
        ("sprintf", ("%d %v", [Decimal("1e3"), Decimal("1e6")]), "%!d(float64=1000) 1e+06"),
        ("sprintf", ("%05.1f|%-4d|%+d|%x|%q", [2.25, 7, 7, "hi", 'a"b']), '002.2|7   |+7|6869|"a\\"b"'),
        ("sprintf", ("%05s|%+v|%#v|%#x", ["ab", 5, "a", "hi"]), '000ab|5|"a"|0x6869'),
        ("sprintf", ("%[2]d %[1]d %*d", [1, 2, 3]), "2 1  3"),
        ("sprintf", ("%*d|%.*f", [5, 1, 1, 2.25]), "    1|2.2"),
        ("sprintf", ("%d", [2**70]), str(2**70)),
        ("sprintf", ("%q", [2**70]), f"%!q(big.Int={2**70})"),
        ("sprintf", ("%U %#U %c %q", [233, 233, 233, 39]), "U+00E9 U+00E9 'é' é '\\''"),
        ("sprintf", ("%x %b", [1.5, 1.0]), "0x1.8p+00 4503599627370496p-52"),
        ("sprintf", ("%s", []), "%!s(MISSING)"),
        ("sprintf", ("%[3]d", [1]), "%!d(BADINDEX)"),
        ("sprintf", ("%", []), "%!(NOVERB)"),
        ("sprintf", ("%*d", ["a", 1]), "%!(BADWIDTH)1"),
        ("sprintf", ("a", [1]), "a%!(EXTRA int64=1)"),
        ("sprintf", ("%d%%", ["x"]), "%!d(string=x)%"),
        ("sprintf", ("%v", [RegoSet()]), "set()"),
        ("sprintf", ("%T %T", [1, 1.5]), "int64 float64"),
        (
            "internal.template_string",
            (["a", 1.0, RegoSet([Decimal("1.10")]), RegoSet()],),
            "a1.01.10<undefined>",
        ),
        ("trace", ("a",), True),
    ],
)
def test_values_are_formatted_as_go_formats_them(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """Mistakes in a format come out as in Go, and what is no number or string as OPA displays it."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("sprintf", ("%1000000d" * 20, [1] * 20), EvaluationError),
        ("sprintf", (1, []), OperandError),
        ("sprintf", ("a", {}), OperandError),
        ("internal.template_string", ([{}],), EvaluationError),
        ("internal.template_string", ([RegoSet([1, 2])],), EvaluationError),
        ("trace", (1,), OperandError),
    ],
)
def test_what_cannot_be_formatted_ends_the_evaluation(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """A width cannot fill the memory, and a part of a template string gives one value."""
    fails(name, operands, error)
