"""Regular expressions (RE2, as in Go) and globs; both match in linear time, whatever the pattern."""

from __future__ import annotations

import re
from functools import partial
from operator import eq, methodcaller
from typing import TYPE_CHECKING, Any, Final

import re2

from rego.builtins.operands import bounded, refuse, text, texts, whole, wrong_type
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rego.builtins.context import Context
    from rego.values import Value

_TEMPLATE: Final = re.compile(r"\$(?:(\$)|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})")
_PLAIN_GLOB: Final = re.compile(r"[A-Za-z0-9 _./:-]+\*?|\*")
_GLOB_SPECIAL: Final = re.compile(r"([*?\\\[\]{}])")


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise refuse(f"error parsing regexp: {error}") from error


def _pattern(context: Context, pattern: str) -> Any:
    return context.patterns.get(("regex", pattern), lambda: _compile(pattern))


def _matches(compiled: Any, source: str, limit: int = -1) -> Iterator[Any]:
    """Yield matches as Go finds them: no empty one right after another match."""
    end = -1
    found = 0
    for match in compiled.finditer(source):
        if found == limit:
            return
        if match.end() == match.start() == end:
            continue
        end = match.end()
        found += 1
        yield match


def _is_valid(context: Context, pattern: Value) -> bool:
    if type(pattern) is not str:
        return False
    try:
        _pattern(context, pattern)
    except BuiltinError:
        return False
    return True


def _match(context: Context, pattern: Value, value: Value) -> bool:
    return _pattern(context, text(pattern, 1)).search(text(value, 2)) is not None


def _split(context: Context, pattern: Value, value: Value) -> list[str]:
    by, source = text(pattern, 1), text(value, 2)
    if by and not source:
        return [""]
    parts: list[str] = []
    start = end = 0
    for match in _matches(_pattern(context, by), source):
        end = match.start()
        if match.end() != 0:
            parts.append(source[start:end])
        start = match.end()
    if end != len(source):
        parts.append(source[start:])
    return parts


def _find_n(context: Context, pattern: Value, value: Value, limit: Value) -> list[str]:
    compiled, source, most = _pattern(context, text(pattern, 1)), text(value, 2), whole(limit, 3)
    return [match.group() for match in _matches(compiled, source, most)]


def _find_submatches(context: Context, pattern: Value, value: Value, limit: Value) -> list[list[str]]:
    compiled, source, most = _pattern(context, text(pattern, 1)), text(value, 2), whole(limit, 3)
    return [
        [match.group(), *(part or "" for part in match.groups())]
        for match in _matches(compiled, source, most)
    ]


def _replace(context: Context, value: Value, pattern: Value, template: Value) -> str:
    source, compiled, into = text(value, 1), _pattern(context, text(pattern, 2)), text(template, 3)
    out: list[str] = []
    size = end = 0
    for match in _matches(compiled, source):
        made = _TEMPLATE.sub(partial(_expand, match), into)
        out += (source[end : match.start()], made)
        size = bounded(size + len(made))
        end = match.end()
    return "".join(out) + source[end:]


def _expand(match: Any, part: re.Match[str]) -> str:
    if part.group(1):
        return "$"
    name = part.group(2) or part.group(3)
    try:
        return match.group(int(name) if name.isdigit() else name) or ""
    except (IndexError, KeyError):
        return ""


def _template_match(context: Context, template: Value, value: Value, start: Value, end: Value) -> bool:
    pattern, source, opening, closing = text(template, 1), text(value, 2), text(start, 3), text(end, 4)
    if len(opening) != 1 or len(closing) != 1:
        raise refuse("a delimiter has to be exactly one character long")
    made = context.patterns.get(
        ("template", pattern, opening, closing), lambda: _compile(_from_template(pattern, opening, closing))
    )
    return made.search(source) is not None


def _from_template(template: str, opening: str, closing: str) -> str:
    out, level, start = ["^"], 0, 0
    for place, char in enumerate(template):
        if char == opening:
            level += 1
            if level == 1:
                out.append(re2.escape(template[start:place]))
                start = place + 1
        elif char == closing:
            level -= 1
            if level == 0:
                out.append(f"({template[start:place]})")
                start = place + 1
        if level < 0:
            break
    if level:
        raise refuse(f"unbalanced braces in {template!r}")
    return "".join([*out, re2.escape(template[start:]), "$"])


def _glob_match(context: Context, pattern: Value, delimiters: Value, value: Value) -> bool:
    wanted = text(pattern, 1)
    if delimiters is not None and type(delimiters) is not list:
        raise wrong_type(2, delimiters, "array", "null")
    separators = "" if delimiters is None else "".join(texts(delimiters, 2)) or "."
    source = text(value, 3)
    matches: Callable[[str], bool] = context.patterns.get(
        ("glob", wanted, separators), lambda: _glob_matcher(wanted, separators)
    )
    return matches(source)


def _glob_matcher(glob: str, separators: str) -> Callable[[str], bool]:
    """Return what tells whether a text matches; a plain beginning or name needs no automaton.

    Such globs are most of those in policies, and RE2's wrapper costs ten times what the comparison does.
    """
    if not separators and _PLAIN_GLOB.fullmatch(glob):
        return partial(eq, glob) if glob[-1] != "*" else methodcaller("startswith", glob[:-1])
    search = _compile(_Glob(glob, separators).pattern()).search
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
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {
    "regex.is_valid": _is_valid,
    "regex.match": _match,
    "re_match": _match,
    "regex.split": _split,
    "regex.find_n": _find_n,
    "regex.find_all_string_submatch_n": _find_submatches,
    "regex.replace": _replace,
    "regex.template_match": _template_match,
    "glob.match": _glob_match,
}
