"""Hashes and message authentication codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import utf8
from rego.errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("crypto.md5", ("a",), "0cc175b9c0f1b6a831c399e269772661"),
        ("crypto.sha1", ("é",), "bf15be717ac1b080b4f1c456692825891ff5073d"),
        (
            "crypto.sha256",
            (utf8.decoded(b"\xff"),),
            "a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89",
        ),
        ("crypto.hmac.equal", ("a", "a"), True),
        ("crypto.hmac.equal", ("a", "ab"), False),
    ],
)
def test_digests_are_hexadecimal(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """They are of the bytes of the text, also of bytes that are no UTF-8."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("crypto.sha256", (1,), OperandError),
        ("crypto.hmac.sha512", ("a", None), OperandError),
    ],
)
def test_only_strings_are_digested(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """Anything else is a type error."""
    fails(name, operands, error)
