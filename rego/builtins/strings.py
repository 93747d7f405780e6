"""Strings. Formatting is in `sprintf`, patterns are in `patterns` and `globs`."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from rego import gotext, numeric, utf8
from rego.builtins.operands import (
    affordable,
    bounded,
    machine,
    number,
    object_,
    refuse,
    text,
    texts,
    wrong_type,
)
from rego.errors import OperandError
from rego.values import RegoSet, Value, sorted_items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_BASES: Final = {2: "b", 8: "o", 10: "d", 16: "x"}


def _startswith(value: Value, prefix: Value) -> bool:
    return text(value, 1).startswith(text(prefix, 2))


def _endswith(value: Value, suffix: Value) -> bool:
    return text(value, 1).endswith(text(suffix, 2))


def _contains(value: Value, part: Value) -> bool:
    return text(part, 2) in text(value, 1)


def _lower(value: Value) -> str:
    return gotext.lower(text(value, 1))


def _upper(value: Value) -> str:
    return gotext.upper(text(value, 1))


def _split(value: Value, separator: Value) -> list[str]:
    source, by = text(value, 1), text(separator, 2)
    return source.split(by) if by else list(source)


def _split_n(value: Value, separator: Value, limit: Value) -> list[str]:
    parts, wanted = _split(value, separator), machine(limit, 3)
    return parts[:wanted] if wanted >= 0 else parts[max(len(parts) + wanted, 0) :]


def _concat(separator: Value, parts: Value) -> str:
    by, found = text(separator, 1), texts(parts, 2)
    bounded(sum(map(len, found)) + len(by) * len(found))
    return by.join(found)


def _replace(value: Value, old: Value, new: Value) -> str:
    source, before, after = text(value, 1), text(old, 2), text(new, 3)
    if not before and not source.isascii():
        return _replaced_bytes(source, {before: after})
    bounded(len(source) + source.count(before) * len(after))
    return source.replace(before, after)


def _replace_n(patterns: Value, value: Value) -> str:
    pairs, source = sorted_items(object_(patterns, 1)), text(value, 2)
    for before, after in pairs:
        if type(before) is not str or type(after) is not str:
            raise OperandError("operand 1 non-string key or value found in pattern object")
    if not pairs:
        return source
    table = dict(pairs)
    if "" in table and not source.isascii():
        return _replaced_bytes(source, table)
    return str(_replaced(source, table, "|".join(re.escape(before) for before in table)))


def _replaced_bytes(source: str, table: dict[str, str]) -> str:
    """Replace the nothing between bytes, and not only between characters, as Go does."""
    raw = {utf8.encoded(before): utf8.encoded(after) for before, after in table.items()}
    return utf8.decoded(_replaced(utf8.encoded(source), raw, b"|".join(re.escape(before) for before in raw)))


def _replaced(source: Any, table: Mapping[Any, Any], pattern: Any) -> Any:
    size = len(source)

    def replace(match: re.Match[Any]) -> Any:
        nonlocal size
        made = table[match.group()]
        size = bounded(size + len(made))
        return made

    return re.sub(pattern, replace, source)


def _trim(value: Value, cut: Value) -> str:
    return text(value, 1).strip(text(cut, 2)) if cut != "" else text(value, 1)


def _trim_left(value: Value, cut: Value) -> str:
    return text(value, 1).lstrip(text(cut, 2)) if cut != "" else text(value, 1)


def _trim_right(value: Value, cut: Value) -> str:
    return text(value, 1).rstrip(text(cut, 2)) if cut != "" else text(value, 1)


def _trim_prefix(value: Value, prefix: Value) -> str:
    return text(value, 1).removeprefix(text(prefix, 2))


def _trim_suffix(value: Value, suffix: Value) -> str:
    return text(value, 1).removesuffix(text(suffix, 2))


def _trim_space(value: Value) -> str:
    return text(value, 1).strip(_SPACE)


def _index_of(value: Value, part: Value) -> int:
    source, wanted = text(value, 1), text(part, 2)
    if not wanted:
        raise refuse("empty search character")
    return source.find(wanted)


def _index_of_n(value: Value, part: Value) -> list[int]:
    source, wanted = text(value, 1), text(part, 2)
    if not wanted:
        raise refuse("empty search character")
    affordable(len(source) * len(wanted) // 100)  # characters are compared a hundred times as fast
    found: list[int] = []
    place = source.find(wanted)
    while place >= 0:
        found.append(place)
        place = source.find(wanted, place + 1)
    return found


def _substring(value: Value, offset: Value, length: Value) -> str:
    source, start, size = text(value, 1), machine(offset, 2), machine(length, 3)
    if start < 0:
        raise refuse("negative offset")
    return source[start:] if size < 0 else source[start : start + size]


def _reverse(value: Value) -> str:
    return text(value, 1)[::-1]


def _count(value: Value, part: Value) -> int:
    source, wanted = text(value, 1), text(part, 2)
    return source.count(wanted)


def _one_or_many(value: Value, place: int) -> list[str]:
    if type(value) is str:
        return [value]
    if type(value) not in {list, RegoSet}:
        raise wrong_type(place, value, "string", "set", "array")
    return texts(value, place)


def _any_prefix(values: Value, prefixes: Value) -> bool:
    found, wanted = _one_or_many(values, 1), tuple(_one_or_many(prefixes, 2))
    affordable(len(found) * len(wanted))
    return any(value.startswith(wanted) for value in found)


def _any_suffix(values: Value, suffixes: Value) -> bool:
    found, wanted = _one_or_many(values, 1), tuple(_one_or_many(suffixes, 2))
    affordable(len(found) * len(wanted))
    return any(value.endswith(wanted) for value in found)


def _format_int(value: Value, base: Value) -> str:
    given, wanted = number(value, 1), number(base, 2)
    if type(wanted) is not int or wanted not in _BASES:  # OPA compares the text: 16.0 is none
        raise OperandError("operand 2 must be one of {2, 8, 10, 16}")
    digits = given if type(given) is int else math.trunc(numeric.binary(given))
    return numeric.to_text(digits) if wanted == 10 else format(digits, _BASES[wanted])  # noqa: PLR2004 - decimal


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "startswith": _startswith,
    "endswith": _endswith,
    "contains": _contains,
    "lower": _lower,
    "upper": _upper,
    "split": _split,
    "strings.split_n": _split_n,
    "concat": _concat,
    "replace": _replace,
    "strings.replace_n": _replace_n,
    "trim": _trim,
    "trim_left": _trim_left,
    "trim_right": _trim_right,
    "trim_prefix": _trim_prefix,
    "trim_suffix": _trim_suffix,
    "trim_space": _trim_space,
    "indexof": _index_of,
    "indexof_n": _index_of_n,
    "substring": _substring,
    "strings.reverse": _reverse,
    "strings.count": _count,
    "strings.any_prefix_match": _any_prefix,
    "strings.any_suffix_match": _any_suffix,
    "format_int": _format_int,
}
