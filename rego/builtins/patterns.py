"""Regular expressions (RE2, as in Go): they match in linear time, whatever the pattern."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import re2

from rego import goregexp, utf8
from rego.builtins.operands import bounded, machine, refuse, text
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rego.builtins.context import Context
    from rego.values import Value

# Go's names have letters, digits and underscores: `[^\W]` has also what is a number but no digit, like "²".
_REFERENCE: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
_MAX_GROUP: Final = 10**8


def automaton(pattern: str) -> Any:
    """Return RE2's automaton for a pattern.

    Raises:
        BuiltinError: The pattern is none.
    """
    try:
        return goregexp.compiled(pattern)
    except goregexp.PatternError as error:
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
    wanted, source = text(pattern, 1), _subject(value, 2)
    return _pattern(context, wanted).search(source) is not None


def _subject(value: Value, place: int) -> str:
    """Return a text to search in; a byte that is no UTF-8 matches as U+FFFD does."""
    source = text(value, place)
    return source if source.isascii() else utf8.shown(source)


def _split(context: Context, pattern: Value, value: Value) -> list[str]:
    by, source = text(pattern, 1), _subject(value, 2)
    compiled = _pattern(context, by)
    if by and not source:
        return [""]
    parts: list[str] = []
    start = end = 0
    for match in _matches(compiled, source):
        end = match.start()
        if match.end() != 0:
            parts.append(source[start:end])
        start = match.end()
    if end != len(source):
        parts.append(source[start:])
    return parts


def _find_n(context: Context, pattern: Value, value: Value, limit: Value) -> list[str]:
    wanted, source, most = text(pattern, 1), _subject(value, 2), machine(limit, 3)
    return [match.group() for match in _matches(_pattern(context, wanted), source, most)]


def _find_submatches(context: Context, pattern: Value, value: Value, limit: Value) -> list[list[str]]:
    wanted, source, most = text(pattern, 1), _subject(value, 2), machine(limit, 3)
    compiled = _pattern(context, wanted)
    found: list[list[str]] = []
    size = 0
    for match in _matches(compiled, source, most):
        found.append([match.group(), *(part or "" for part in match.groups())])
        size = bounded(size + sum(map(len, found[-1])) + len(found[-1]))
    return found


def _replace(context: Context, value: Value, pattern: Value, template: Value) -> str:
    source, wanted, into = _subject(value, 1), text(pattern, 2), text(template, 3)
    compiled = _pattern(context, wanted)
    out: list[str] = []
    size = end = 0
    for match in _matches(compiled, source):
        made = _REFERENCE.sub(partial(_expanded, match), into)
        out += (source[end : match.start()], made)
        size = bounded(size + len(made))
        end = match.end()
    return "".join(out) + source[end:]


def _expanded(match: Any, reference: re.Match[str]) -> str:
    """Return what stands for a reference in a template, as Go's `Regexp.Expand`."""
    if reference.group(1):
        return "$"
    name, braced = reference.group(2) or reference.group(3), reference.group(3) is not None
    size = next((place for place, char in enumerate(name) if not _in_name(char)), len(name))
    if size == 0 or (braced and size < len(name)):
        return reference.group()
    return _group(match, name[:size]) + name[size:]


def _in_name(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()


def _group(match: Any, name: str) -> str:
    key: int | str = name
    if name.isascii() and name.isdigit():
        if (name[0] == "0" and len(name) > 1) or len(name) > 9 or int(name) >= _MAX_GROUP:  # noqa: PLR2004 - digits of Go's bound
            return ""
        key = int(name)
    try:
        return match.group(key) or ""
    except (IndexError, KeyError):
        return ""


def _template_match(context: Context, template: Value, value: Value, start: Value, end: Value) -> bool:
    pattern, source, opening, closing = text(template, 1), _subject(value, 2), text(start, 3), text(end, 4)
    if len(utf8.encoded(opening)) != 1 or len(utf8.encoded(closing)) != 1:
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
                automaton(f"^{template[start:place]}$")
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
