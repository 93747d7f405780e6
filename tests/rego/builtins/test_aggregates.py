"""Counting, adding up, extremes, sorting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import OperandError
from rego.values import UNDEFINED, RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("count", ("é😀",), 2),
        ("count", (RegoSet([1, 1]),), 1),
        ("sum", ([1, 2, 3],), 6),
        ("sum", ([],), 0),
        ("sum", ([0.1, 0.2],), 0.3),
        ("sum", ([2**64, 1],), 2**64 + 1),
        ("product", ([222.51, 222.51],), 49510.700099999995),
        ("product", ([],), 1),
        ("max", ([1, "a", None],), "a"),
        ("min", (RegoSet([2, 1]),), 1),
        ("max", ([],), UNDEFINED),
        ("min", (RegoSet(),), UNDEFINED),
        ("sort", (["b", 1, None],), [None, 1, "b"]),
        ("all", ([True, True],), True),
        ("all", ([],), True),
        ("any", (RegoSet([False]),), False),
        ("any", ([1, True],), True),
    ],
)
def test_aggregate_as_opa_does(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """Strings count characters; sums are exact for whole numbers, and products of fractions have 53 bits."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("count", (1,), OperandError),
        ("sum", ([1, "a"],), OperandError),
        ("product", ({},), OperandError),
        ("max", ("ab",), OperandError),
        ("sort", (None,), OperandError),
        ("all", ({},), OperandError),
    ],
)
def test_what_cannot_be_aggregated_is_a_type_error(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """A scalar is no collection, and a string no number."""
    fails(name, operands, error)
