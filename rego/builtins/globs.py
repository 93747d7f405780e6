"""Globs as gobwas/glob reads them; they match in linear time, whatever the pattern."""

from __future__ import annotations

import re
from functools import partial
from operator import eq, methodcaller
from typing import TYPE_CHECKING, Any, Final

import re2

from rego import utf8
from rego.builtins.operands import refuse, text, texts, wrong_element, wrong_type
from rego.builtins.patterns import automaton
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.context import Context
    from rego.values import Value

_PLAIN_GLOB: Final = re.compile(r"[A-Za-z0-9 _./:-]+\*?|\*")
_GLOB_SPECIAL: Final = re.compile(r"([*?\\\[\]{}])")


def _glob_match(context: Context, pattern: Value, delimiters: Value, value: Value) -> bool:
    if delimiters is None and type(pattern) is str and type(value) is str and value.isascii():
        return _matcher(context, pattern, "")(value)
    wanted = text(pattern, 1)
    if delimiters is not None and type(delimiters) is not list:
        raise wrong_type(2, delimiters, "array", "null")
    separators = "" if delimiters is None else "".join(texts(delimiters, 2)) or "."
    if delimiters and any(len(char) != 1 for char in delimiters):
        raise wrong_element(2, delimiters, "", "rune")
    source = text(value, 3)
    source = source if source.isascii() else utf8.shown(source)
    return _matcher(context, wanted, separators)(source)


def _matcher(context: Context, glob: str, separators: str) -> Callable[[str], bool]:
    found: Callable[[str], bool] = context.patterns.get(
        ("glob", glob, separators), lambda: _glob_matcher(glob, separators)
    )
    return found


def is_well_formed(glob: str) -> bool:
    """Whether a text is a glob, so that `glob.match` answers instead of failing."""
    try:
        _glob_matcher(glob, "")
    except BuiltinError:
        return False
    return True


def _glob_matcher(glob: str, separators: str) -> Callable[[str], bool]:
    """Return what tells whether a text matches; a plain beginning or name needs no automaton.

    Such globs are most of those in policies, and RE2's wrapper costs ten times what the comparison does.
    """
    if not separators and _PLAIN_GLOB.fullmatch(glob):
        return partial(eq, glob) if glob[-1] != "*" else methodcaller("startswith", glob[:-1])
    search = automaton(_Glob(glob, separators).pattern()).search
    return lambda source: search(source) is not None


class _Glob:
    """Rewrites a glob (`*`, `**`, `?`, `[...]`, `{a,b}`) as a regular expression, as gobwas/glob reads it."""

    def __init__(self, glob: str, separators: str) -> None:
        self.rest = glob
        self.any = f"[^{''.join(re2.escape(char) for char in separators)}]" if separators else "(?s:.)"
        self.depth = 0

    def pattern(self) -> str:
        out: list[str] = []
        while self.rest:
            out.append(self.token())
        if self.depth:
            raise refuse("glob: unclosed `{`")
        return f"\\A(?:{''.join(out)})\\z"

    def token(self) -> str:  # noqa: PLR0911 - one for each kind of token
        char, self.rest = self.rest[0], self.rest[1:]
        match char:
            case "*" if self.rest.startswith("*"):
                self.rest = self.rest[1:]
                return "(?s:.)*"
            case "*":
                return f"{self.any}*"
            case "?":
                return self.any
            case "[":
                return self.characters()
            case "{":
                self.depth += 1
                return "(?:"
            case "}" if self.depth:
                self.depth -= 1
                return ")"
            case "," if self.depth:
                return "|"
            case "\\":
                return str(re2.escape(self.escaped()))
            case _:
                return str(re2.escape(char))

    def escaped(self) -> str:
        if not self.rest:
            raise refuse("glob: trailing backslash")
        char, self.rest = self.rest[0], self.rest[1:]
        return char

    def characters(self) -> str:
        negated = "^" if self.rest.startswith("!") else ""
        self.rest = self.rest[len(negated) :]
        if self.rest[1:2] == "-":
            low, high, close = self.rest[:1], self.rest[2:3], self.rest[3:4]
            if close != "]" or high < low:
                raise refuse("glob: could not parse range")
            self.rest = self.rest[4:]
            return f"[{negated}{re2.escape(low)}-{re2.escape(high)}]"
        found: list[str] = []
        while self.rest and not self.rest.startswith("]"):
            char, self.rest = self.rest[0], self.rest[1:]
            found.append(str(re2.escape(self.escaped() if char == "\\" else char)))
        if not self.rest or not found:
            raise refuse("glob: could not parse range")
        self.rest = self.rest[1:]
        return f"[{negated}{''.join(found)}]"


def _glob_quote(pattern: Value) -> str:
    return _GLOB_SPECIAL.sub(r"\\\1", text(pattern, 1))


TABLE: Final[Mapping[str, Callable[..., Any]]] = {"glob.quote_meta": _glob_quote}
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {"glob.match": _glob_match}
