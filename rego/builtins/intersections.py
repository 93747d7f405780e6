"""`regex.globs_match`: whether two patterns have a text in common, as glob-intersection decides it.

These patterns know characters, `.`, `[...]` and the flags `*` and `+` after any of them.
The search is the library's own, with what it overlooks (`a*b*` and `a` have nothing in common, it says):
a policy must decide here as it does there.
Each pair of places is asked about once, where the library may ask exponentially often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.operands import refuse, text
from rego.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.values import Value

_MAX_COMPARISONS: Final = 2_000_000
_FLAGS: Final = "*+"


@dataclass(frozen=True, slots=True)
class _Token:
    """One character, any one (`ranges` is None) or one of a class, and how often: once, `*` or `+`."""

    ranges: tuple[tuple[str, str], ...] | None
    is_class: bool = False
    flag: str = ""

    def meets(self, other: _Token) -> bool:
        if self.ranges is None or other.ranges is None:
            return True
        return any(low <= top and bottom <= high for low, high in self.ranges for bottom, top in other.ranges)

    def repeats(self, other: _Token) -> bool:
        """Tell whether both are the same, flags aside."""
        return self.is_class == other.is_class and self.ranges == other.ranges


def _tokens(pattern: str) -> list[_Token]:
    """Return a pattern's tokens, of neighbours that repeat each other only one."""
    found: list[_Token] = []
    place = 0
    while place < len(pattern):
        token, place = _token(pattern, place)
        if place < len(pattern) and pattern[place] in _FLAGS:
            token, place = _Token(token.ranges, token.is_class, pattern[place]), place + 1
        last = found[-1] if found else token
        if found and token.flag and last.flag and token.repeats(last):
            flag = "+" if "+" in {token.flag, last.flag} else "*"
            found[-1] = _Token(token.ranges, token.is_class, flag)
        else:
            found.append(token)
    return found


def _token(pattern: str, place: int) -> tuple[_Token, int]:
    char, escaped, place = _rune(pattern, place)
    if escaped:
        return _Token(((char, char),)), place
    if char == ".":
        return _Token(None), place
    if char == "[":
        return _class(pattern, place)
    if char == "]" or char in _FLAGS:
        raise refuse(f"the input provided is invalid: {char!r} has nothing before it")
    return _Token(((char, char),)), place


def _rune(pattern: str, place: int) -> tuple[str, bool, int]:
    """Return a character, whether it was escaped, and where the next one is."""
    if place >= len(pattern):
        raise refuse("the input provided is invalid: [ without matching ]")
    if pattern[place] != "\\":
        return pattern[place], False, place + 1
    if place + 1 == len(pattern):
        raise refuse("the input provided is invalid: it ends with an escape")
    return pattern[place + 1], True, place + 2


def _class(pattern: str, place: int) -> tuple[_Token, int]:
    found: list[tuple[str, str]] = []
    low: str | None = None  # what a `-` may follow
    while True:
        char, escaped, place = _rune(pattern, place)
        if char == "]" and not escaped:
            return _Token(_merged(found), is_class=True), place
        if char == "-" and not escaped:
            high, escaped, place = _rune(pattern, place)
            if low is None or (high in "]-" and not escaped) or high < low:
                raise refuse("the input provided is invalid: not a range of characters")
            found.append((low, high))
            low = None
        else:
            found.append((char, char))
            low = char


def _merged(ranges: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return ranges in order, without overlaps, so that equal classes are equal."""
    made: list[tuple[str, str]] = []
    for low, high in sorted(ranges):
        if made and ord(low) <= ord(made[-1][1]) + 1:
            made[-1] = (made[-1][0], max(made[-1][1], high))
        else:
            made.append((low, high))
    return tuple(made)


class _Search:
    """A search for a common text; positions are counted in both patterns, `one` being searched first."""

    def __init__(self, one: list[_Token], two: list[_Token]) -> None:
        self.sides = (one, two)
        self.known: dict[tuple[int, int, int], bool] = {}
        self.comparisons = 0

    def meet(self, left: _Token, right: _Token) -> bool:
        self.comparisons += 1
        if self.comparisons > _MAX_COMPARISONS:
            raise EvaluationError("eval_budget_exceeded", "two globs take too long to compare")
        return left.meets(right)

    def plain(self, first: int, i: int, j: int) -> bool:
        """Compare from `i` of side `first` and `j` of the other."""
        key = (first, i, j)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._plain(first, i, j)
        return found

    def _plain(self, first: int, i: int, j: int) -> bool:
        one, two = self.sides[first], self.sides[1 - first]
        while i < len(one) and j < len(two):
            if one[i].flag:
                return self.flagged(first, i, j)
            if two[j].flag:
                return self.flagged(1 - first, j, i)
            if not self.meet(one[i], two[j]):
                return False
            i, j = i + 1, j + 1
        return i == len(one) and j == len(two)

    def flagged(self, first: int, i: int, j: int) -> bool:
        one, two = self.sides[first], self.sides[1 - first]
        if one[i].flag == "*":
            return self.starred(first, i, j)
        if not self.meet(one[i], two[j]):
            return False
        return self.starred(first, i, j + 1) or (bool(two[j].flag) and self.plain(first, i + 1, j))

    def starred(self, first: int, i: int, j: int) -> bool:
        """Let the token at `i` take tokens of the other side until what follows it fits."""
        one, two = self.sides[first], self.sides[1 - first]
        following = one[i + 1] if i + 1 < len(one) else None
        for place in range(j, len(two)):
            if following is not None and self.meet(two[place], following) and self.plain(first, i + 1, place):
                return True
            if not self.meet(two[place], one[i]):
                return False
        return following is None


def _trimmed(one: list[_Token], two: list[_Token]) -> tuple[list[_Token], list[_Token]] | None:
    """Return both without their plain beginnings and ends, or None where these differ; one token stays."""
    low = 0
    while low < min(len(one), len(two)) and not one[low].flag and not two[low].flag:
        if not one[low].meets(two[low]):
            return None
        low += 1
    low = max(low - 1, 0)
    last, final = len(one) - 1, len(two) - 1
    while last >= low and final >= low and not one[last].flag and not two[final].flag:
        if not one[last].meets(two[final]):
            return None
        last, final = last - 1, final - 1
    if last < len(one) - 1:
        last, final = last + 1, final + 1
    return one[low : last + 1], two[low : final + 1]


def _globs_match(left: Value, right: Value) -> bool:
    sides = _trimmed(_tokens(text(left, 1)), _tokens(text(right, 2)))
    if sides is None:
        return False
    try:
        return _Search(*sides).plain(0, 0, 0)
    except RecursionError:
        raise EvaluationError("eval_budget_exceeded", "two globs take too long to compare") from None


TABLE: Final[Mapping[str, Callable[..., Any]]] = {"regex.globs_match": _globs_match}
