"""Comparisons, and membership (`in`)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("equal", (1, 1.0), True),
        ("equal", (1, True), False),
        ("equal", (Decimal("1.10"), 1.1), True),
        ("equal", (RegoSet([1, 2]), RegoSet([2, 1])), True),
        ("neq", ({"a": 1}, {"a": 1.0}), False),
        ("lt", (None, False), True),
        ("lt", ("z", [1]), True),
        ("gt", (RegoSet(), {}), True),
        ("lte", (10**23, 1e23), True),
        ("gte", ([1, 2], [1]), True),
        ("internal.member_2", (1, [True, 1.0]), True),
        ("internal.member_2", (1, [True]), False),
        ("internal.member_2", ("a", {"k": "a"}), True),
        ("internal.member_2", ("a", "a"), False),
        ("internal.member_3", ("k", "a", {"k": "a"}), True),
        ("internal.member_3", (1.0, "b", ["a", "b"]), True),
        ("internal.member_3", (1, 2, RegoSet([1, 2])), False),
    ],
)
def test_comparison_goes_by_rank_and_then_by_value(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """Types have an order, numbers compare by value, and no boolean is a number."""
    gives(name, operands, expected)
