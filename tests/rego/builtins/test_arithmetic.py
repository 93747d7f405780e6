"""Arithmetic, rounding, ranges and bits, exact where OPA is exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import BuiltinError, EvaluationError, OperandError
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("plus", (0.1, 0.2), 0.3),
        ("plus", (1.5, 1.5), 3),
        ("minus", (2**70, 1), 2**70 - 1),
        ("minus", (RegoSet([1, 2]), RegoSet([1])), RegoSet([2])),
        ("mul", (1e23, 2), 2 * 10**23),
        ("div", (1, 4), 0.25),
        ("rem", (-7, 3), -1),
        ("rem", (7, -3), 1),
        ("rem", (10, 2**64), 10),
        ("abs", (-3,), 3),
        ("abs", (-(2**64) - 1,), 2**64),
        ("round", (-2.5,), -3),
        ("round", (-(2**63) - 1,), -(2**63) - 2),
        ("ceil", (-0.5,), 1),
        ("floor", (-0.5,), 0),
        ("floor", (-1.5,), -2),
        ("numbers.range", (3, 1), [3, 2, 1]),
        ("numbers.range", (1.0, 2), [1, 2]),
        ("numbers.range_step", (0, 10, 4), [0, 4, 8]),
        ("bits.and", (-1, 5), 5),
        ("bits.negate", (0,), -1),
        ("bits.lsh", (1, 70), 2**70),
        ("bits.lsh", (3, 2**64), 3),
        ("bits.rsh", (-5, 1), -3),
    ],
)
def test_arithmetic_has_gos_results(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """Whole numbers are exact; all others have a mantissa of 64 bits; rounding has the quirks of OPA."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("plus", (True, 1), OperandError),
        ("minus", (RegoSet(), 1), OperandError),
        ("div", (1, 0.0), BuiltinError),
        ("rem", (1, 0), BuiltinError),
        ("rem", (1.5, 1), BuiltinError),
        ("numbers.range", (1.5, 2), OperandError),
        ("numbers.range_step", (1, 2, 0), BuiltinError),
        ("numbers.range", (1, 10**9), EvaluationError),
        ("bits.or", (1.5, 1), OperandError),
        ("bits.lsh", (1, -1), OperandError),
        ("bits.lsh", (1, 10**12), EvaluationError),
    ],
)
def test_what_has_no_result_has_opas_kind_of_error(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """A wrong type, a wrong meaning and too large a result are three errors."""
    fails(name, operands, error)
