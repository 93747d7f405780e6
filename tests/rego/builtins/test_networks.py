"""Networks in CIDR notation."""

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
        ("net.cidr_contains", ("10.0.0.0/8", "10.1.2.3"), True),
        ("net.cidr_contains", ("10.0.0.0/8", "::ffff:10.1.2.3"), True),
        ("net.cidr_contains", ("::ffff:10.0.0.0/104", "10.1.2.3"), True),
        ("net.cidr_contains", ("::/80", "::/80"), False),  # its last address is one of IPv4, for Go
        ("net.cidr_contains", ("::/0", "::/0"), True),
        ("net.cidr_contains", ("10.0.0.0/8", "::1"), False),
        ("net.cidr_contains", ("10.0.0.0/08", "10.0.0.0/9"), True),
        ("net.cidr_intersects", ("10.0.0.0/8", "10.0.0.0/24"), True),
        ("net.cidr_is_valid", ("10.0.0.0/255.0.0.0",), False),
        ("net.cidr_is_valid", ("010.0.0.0/8",), False),
        ("net.cidr_is_valid", ("fe80::1%eth0/64",), False),
        ("net.cidr_contains_matches", ("10.0.0.0/8", ["10.1.1.1", "1.1.1.1"]), RegoSet([["10.0.0.0/8", 0]])),
        ("net.cidr_contains_matches", (1, [[]]), RegoSet()),
        ("net.cidr_expand", ("10.0.0.1/31",), RegoSet(["10.0.0.0", "10.0.0.1"])),
        ("net.cidr_merge", (["10.0.0.0/9", "10.128.0.0/9"],), RegoSet(["10.0.0.0/8"])),
        ("net.cidr_merge", (["::/0", "10.0.0.0/8"],), RegoSet(["::/0"])),
        ("net.cidr_merge", (["192.168.1.5"],), RegoSet(["192.168.1.5/24"])),
        ("net.cidr_merge", (["10.1.2.3", "10.1.2.3"],), RegoSet(["10.0.0.0/8"])),
    ],
)
def test_networks_are_read_as_in_go(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """An IPv4 address in IPv6 clothes is what it is; a lone address is merged with its class."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("net.cidr_contains", ("10.0.0.0/8", "x"), BuiltinError),
        ("net.cidr_contains", ("x", 1), BuiltinError),
        ("net.cidr_contains", ("10.0.0.0/8", 1), OperandError),
        ("net.cidr_merge", ("a",), BuiltinError),
        ("net.cidr_merge", (["::1"],), BuiltinError),
        ("net.cidr_expand", ("::/0",), EvaluationError),
    ],
)
def test_what_is_no_network_is_refused(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """A network that would fill the memory ends the evaluation."""
    fails(name, operands, error)
