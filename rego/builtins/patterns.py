"""Regular expressions (RE2, as in Go): they match in linear time, whatever the pattern."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import re2

from rego.builtins.operands import bounded, refuse, text, whole
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rego.builtins.context import Context
    from rego.values import Value

_TEMPLATE: Final = re.compile(r"\$(?:(\$)|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})")


def automaton(pattern: str) -> Any:
    """Return RE2's automaton for a pattern.

    Raises:
        BuiltinError: The pattern is none.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise refuse(f"error parsing regexp: {error}") from error


def _pattern(context: Context, pattern: str) -> Any:
    return context.patterns.get(("regex", pattern), lambda: automaton(pattern))


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
        ("template", pattern, opening, closing), lambda: automaton(_from_template(pattern, opening, closing))
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


CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {
    "regex.is_valid": _is_valid,
    "regex.match": _match,
    "re_match": _match,
    "regex.split": _split,
    "regex.find_n": _find_n,
    "regex.find_all_string_submatch_n": _find_submatches,
    "regex.replace": _replace,
    "regex.template_match": _template_match,
}
