"""Types of values, and conversions between them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import BuiltinError, OperandError
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("to_number", (None,), 0),
        ("to_number", (True,), 1),
        ("to_number", ("10",), 10),
        ("to_number", ("1.10",), Decimal("1.10")),
        ("to_number", ("1e2",), Decimal("1e2")),
        ("to_number", ("+1",), 1),
        ("to_number", (".5",), 0.5),
        ("to_number", ("1_000",), 1000),
        ("to_number", ("0x1p4",), 16),
        ("type_name", (RegoSet(),), "set"),
        ("type_name", (1.5,), "number"),
        ("is_number", (True,), False),
        ("is_null", (None,), True),
        ("cast_array", (RegoSet([2, 1]),), [1, 2]),
        ("cast_set", ([1, 1],), RegoSet([1])),
    ],
)
def test_a_conversion_keeps_what_opa_keeps(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """A number read from a text keeps its spelling where a type can; Go reads more than JSON does."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("to_number", ("inf",), OperandError),
        ("to_number", ([],), OperandError),
        ("to_number", ("",), BuiltinError),
        ("to_number", ("1__0",), BuiltinError),
        ("to_number", ("1e400",), BuiltinError),
        ("to_number", ("٣",), BuiltinError),
        ("cast_string", (1,), OperandError),
        ("cast_set", ({},), OperandError),
    ],
)
def test_what_cannot_be_converted_is_refused(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """Infinity is a wrong type, a bad number a wrong value."""
    fails(name, operands, error)
