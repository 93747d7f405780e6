"""Globs as gobwas/glob reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import BuiltinError, OperandError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("glob.match", ("*.example.com", None, "a.b.example.com"), True),
        ("glob.match", ("*.example.com", [], "a.b.example.com"), False),
        ("glob.match", ("**.com", [], "a.b.com"), True),
        ("glob.match", ("{a,[!b]}*", [], "cx"), True),
        ("glob.match", ("{a,}b", [], "b"), True),
        ("glob.match", ("[a-c]?", ["/"], "b/"), False),
        ("glob.match", ("a\\*", [], "a*"), True),
        ("glob.match", ("a}", [], "a}"), True),
        ("glob.quote_meta", ("*.{a}",), "\\*.\\{a\\}"),
    ],
)
def test_globs_match_as_gobwas_globs_do(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """An empty list of separators is a point, and no list is none."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("glob.match", ("[", [], "a"), BuiltinError),
        ("glob.match", ("{a", [], "a"), BuiltinError),
        ("glob.match", ("a\\", [], "a"), BuiltinError),
        ("glob.match", ("a", [""], "a"), OperandError),
        ("glob.match", ("a", "a", "a"), OperandError),
        ("glob.match", ("[", [], 1), OperandError),
    ],
)
def test_what_is_no_glob_is_refused(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """A separator is one character."""
    fails(name, operands, error)
