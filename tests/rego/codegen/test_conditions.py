"""Comparisons and questions for a type, between values of any two types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_VALUES: Final[list[Any]] = [
    None,
    False,
    True,
    0,
    1,
    1.0,
    -2,
    2**63,
    0.5,
    "",
    "a",
    "b",
    [],
    [1],
    [1.0],
    [[]],
    {},
    {"a": 1},
]


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
def test_all_values_are_ordered_as_in_opa(agreed: Callable[..., Any], sign: str) -> None:
    """Of one type by value, of two by type; nothing is equal to a boolean but itself."""
    source = f"p := [[i, j] | some i, x in input.xs; some j, y in input.xs; x {sign} y]"
    assert agreed(source, {"xs": _VALUES})[0] == "value"


@pytest.mark.parametrize(
    ("made", "other"),
    [
        ("count(input.xs)", "18"), ("count(input.xs)", "18.0"), ("count(input.xs)", "input.n"),
        ("lower(input.s)", '"abc"'), ("lower(input.s)", "input.s"), ("is_string(input.s)", "true"),
        ("[input.n]", "[18.0]"), ("{input.n}", "{18}"),
        ('{"a": input.n}', '{"a": 18}'), ("input.no", "null"), ("r", "set()"),
        ("r", "{18}"), ("d", "false"), ("u", "1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sign", ["==", "!="])
def test_values_of_known_types_are_compared_alike(
    agreed: Callable[..., Any], made: str, other: str, sign: str
) -> None:
    """What a builtin or a rule always gives is known, and no shortcut shows."""
    rules = "r contains input.n if input.n\ndefault d := false\nd if input.missing\nu := 1 if input.missing\n"
    given = {"xs": _VALUES, "s": "ABC", "n": 18, "no": None}
    for first, second in ((made, other), (other, made)):
        agreed(f"{rules}\np := [x | x := 1; {first} {sign} {second}]", given)


@pytest.mark.parametrize("name", ["array", "object", "set", "string", "number", "boolean", "null"])
def test_types_are_told_apart(agreed: Callable[..., Any], name: str) -> None:
    """By question and by negated question, of values from the input and of made ones."""
    source = f"""
q := [{{1}}, {{"a": 1}}, [1]]
p := [
	[i | some i, x in input.xs; is_{name}(x)],
	[i | some i, x in input.xs; not is_{name}(x)],
	[i | some i, x in q; is_{name}(x)],
]
"""
    assert agreed(source, {"xs": _VALUES})[0] == "value"
