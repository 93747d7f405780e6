"""Regular expressions, as in Go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import BuiltinError, OperandError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("regex.match", ("a.c", "xabc"), True),
        ("regex.is_valid", ("(?=a)",), False),
        ("regex.is_valid", ("\\C",), False),
        ("regex.is_valid", ("(?P<é>a)",), False),
        ("regex.is_valid", ("\\p{Letter}",), True),
        ("regex.is_valid", (1,), False),
        ("regex.split", ("a*", "baac"), ["b", "c"]),
        ("regex.find_n", ("a.", "abacad", 2), ["ab", "ac"]),
        ("regex.find_n", ("a*", "baa", -1), ["", "aa"]),
        ("regex.find_n", ("\\B", "aéa", -1), []),
        ("regex.find_all_string_submatch_n", ("(a)(b)?", "ac", -1), [["a", "a", ""]]),
        ("regex.replace", ("abc", "(b)", "[$1$$]"), "a[b$]c"),
        ("regex.replace", ("abc", "(?P<n>b)", "${n}$nx${é}$"), "ab$c"),
        ("regex.template_match", ("urn:<[0-9]+>:x", "urn:12:x", "<", ">"), True),
        ("regex.match", ("(a*)*$", "a" * 5000 + "b"), True),
    ],
)
def test_patterns_match_as_in_go(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """Empty matches, references in templates and characters of several bytes are Go's."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("regex.match", ("(", "a"), BuiltinError),
        ("regex.match", ("(", 1), OperandError),
        ("regex.split", ("[", ""), BuiltinError),
        ("regex.find_n", ("a", "a", 10**23), OperandError),
        ("regex.template_match", ("a", "a", "é", ">"), BuiltinError),
        ("regex.template_match", ("<a", "a", "<", ">"), BuiltinError),
    ],
)
def test_what_is_no_pattern_is_refused(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """All types are looked at before a pattern is."""
    fails(name, operands, error)
