"""Amounts with units, semantic versions and UUIDs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import BuiltinError, EvaluationError, OperandError
from rego.values import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("units.parse", ("1.5Ki",), 1536),
        ("units.parse", ("1e-9999k",), 0),
        ("units.parse", ("100m",), Decimal("0.1000000000")),
        ("units.parse", ('"1"K',), 1000),
        ("units.parse_bytes", ("1.5GiB",), 1610612736),
        ("units.parse_bytes", ("2.9",), 2),
        ("semver.compare", ("1.0.0-rc.2", "1.0.0-rc.10"), -1),
        ("semver.compare", ("v1.0.0+a", "1.0.0+b"), 0),
        ("semver.compare", ("1.0.0", "1.0.0-a"), 1),
        ("semver.is_valid", ("1.0.0-01",), False),
        ("semver.is_valid", ("9223372036854775808.0.0",), False),
        ("semver.is_valid", (1,), False),
        ("uuid.parse", ("no",), UNDEFINED),
        ("uuid.parse", ("(00000000-0000-4000-8000-000000000000)",), {"version": 4, "variant": "RFC4122"}),
        (
            "uuid.parse",
            ("00000000-0000-1000-0000-000000000000",),
            {
                "clocksequence": 0,
                "macvariables": "global:unicast",
                "nodeid": "00-00-00-00-00-00",
                "time": 6227451273709551616,
                "variant": "Reserved",
                "version": 1,
            },
        ),
    ],
)
def test_amounts_versions_and_uuids_are_read_as_in_opa(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """An amount that is not whole has ten decimal places; a UUID's time overflows."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("units.parse", ("1 K",), BuiltinError),
        ("units.parse", ("K",), BuiltinError),
        ("units.parse", ("1zz",), BuiltinError),
        ("units.parse", (1,), OperandError),
        ("units.parse", ("1e1000000",), BuiltinError),
        ("units.parse_bytes", ("1e999999",), EvaluationError),
        ("semver.compare", ("1", "1.0.0"), BuiltinError),
        ("semver.compare", (1, "1.0.0"), OperandError),
        ("uuid.parse", (1,), OperandError),
    ],
)
def test_what_is_none_of_them_is_refused(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """An exponent cannot fill the memory."""
    fails(name, operands, error)
