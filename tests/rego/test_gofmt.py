"""Go's `fmt.Sprintf`: what a policy's `sprintf` writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego.gofmt import Argument, sprintf

_ARGUMENT = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(), st.integers(-(2**80), 2**80)
)


def _unbounded(size: int) -> int:
    return size


@given(st.text("%vdsqxXtTcUeEfgGwob+-# 0123456789.*[]é", max_size=20), st.lists(_ARGUMENT, max_size=4))
def test_a_format_never_fails(template: str, arguments: list[Argument]) -> None:
    """A mistake in a format is written into the result, as in Go."""
    asked: list[int] = []

    def bounded(size: int) -> int:
        asked.append(size)
        return size

    made = sprintf(template, arguments, bounded)
    assert type(made) is str
    assert not asked or len(made) == asked[-1]


@given(st.integers(), st.text(st.characters(exclude_categories=["Cs"])))
def test_plain_verbs_write_plain_values(number: int, text: str) -> None:
    """The short way for the commonest verbs gives what the long one does."""
    assert sprintf("%d %v %s", [number, number, text], _unbounded) == f"{number} {number} {text}"
    assert sprintf("%[1]d %[1]v %[2]s", [number, text], _unbounded) == f"{number} {number} {text}"


@pytest.mark.parametrize(
    ("template", "arguments", "expected"),
    [
        ("%6.2f|%-8.1e|%+g", [3.14159, 12345.678, 1e21], "  3.14|1.2e+04 |+1e+21"),
        ("%#g %#v %08.3f", [1.0, 2.5, -3.14159], "1.00000 2.5 -003.142"),
        ("%x %X %#x % x", ["hi", "hi", 255, "hi"], "6869 6869 0xff 68 69"),
        ("%q %+q %#q", ['a"\n', "é", "a`b"], '"a\\"\\n" "\\u00e9" "a`b"'),
        ("%5.1q|%.2s|%-5s|", ["abc", "abc", "é"], '  "a"|ab|é    |'),
        ("%w %z %é", [1, 2, "x"], "%!w(int64=1) %!z(int64=2) %!é(string=x)"),
        ("%+d % d %+v %x", [5, 5, 5, -255], "+5  5 5 -ff"),
        ("%.0d|%05d|%-05d|%.3d", [0, -42, 42, 7], "|-0042|42   |007"),
    ],
)
def test_flags_widths_and_precisions_are_gos(template: str, arguments: list[Argument], expected: str) -> None:
    """Padding, signs, prefixes and quoting follow Go's rules and not Python's."""
    assert sprintf(template, arguments, _unbounded) == expected
