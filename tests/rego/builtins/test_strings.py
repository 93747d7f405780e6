"""Strings."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rego import utf8
from rego.errors import BuiltinError, EvaluationError, OperandError
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("upper", ("straße ᾳ ŉ",), "STRAßE ᾼ ŉ"),
        ("lower", ("İ\u03a3",), "i\u03c3"),
        ("trim_space", ("\u2003a\u00a0",), "a"),
        ("trim_space", ("\x1ca",), "\x1ca"),
        ("trim", ("xax", "x"), "a"),
        ("trim", ("a", ""), "a"),
        ("trim_prefix", ("aab", "a"), "ab"),
        ("split", ("a.b", ""), ["a", ".", "b"]),
        ("split", ("", "x"), [""]),
        ("strings.split_n", ("a,b,c", ",", -2), ["b", "c"]),
        ("concat", (",", RegoSet(["b", "a"])), "a,b"),
        ("replace", ("é", "", "-"), utf8.decoded(b"-\xc3-\xa9-")),
        ("replace", ("abab", "ab", "x"), "xx"),
        ("strings.replace_n", ({"<": "&lt;", "&": "&amp;"}, "<&"), "&lt;&amp;"),
        ("strings.replace_n", ({"a": "1", "ab": "2"}, "ab"), "1b"),
        ("substring", ("añb", 1, -1), "ñb"),
        ("substring", ("abc", 5, 1), ""),
        ("substring", ("abc", 1.0, 1), "b"),
        ("indexof", ("añb", "b"), 2),
        ("indexof_n", ("aaa", "aa"), [0, 1]),
        ("strings.count", ("aaa", ""), 4),
        ("strings.reverse", ("añ",), "ña"),
        ("strings.any_prefix_match", (["xa"], RegoSet(["x"])), True),
        ("strings.any_suffix_match", ([], "x"), False),
        ("format_int", (-15.9, 16), "-f"),
        ("format_int", (2**70, 10), str(2**70)),
    ],
)
def test_strings_are_gos(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """One letter changes its case to one letter; nothing is found between the bytes, too, when replaced."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("lower", (1,), OperandError),
        ("substring", ("a", -1, 1), BuiltinError),
        ("substring", ("a", 0, 10**23), OperandError),
        ("substring", ("a", Decimal("1e1"), 1), OperandError),
        ("indexof", ("a", ""), BuiltinError),
        ("concat", (",", ["a", 1]), OperandError),
        ("strings.replace_n", ({"a": 1}, ""), OperandError),
        ("format_int", (1, 16.0), OperandError),
        ("format_int", (1, 3), OperandError),
        ("replace", ("a" * 10_000, "", "b" * 10_000), EvaluationError),
    ],
)
def test_what_has_no_meaning_is_refused(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """A base is compared as a text, an index as a machine's integer."""
    fails(name, operands, error)
