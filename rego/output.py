"""Rego values as plain JSON for the host, and as JSON text; knows nothing of how they came about."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

from rego import numeric, utf8
from rego.gotext import joined
from rego.values import MAX_PARTS, RegoSet, Value, sorted_items, too_large, value_of

_ESCAPED: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_LEAVES: Final = frozenset({bool, int, float, type(None)})
_LONE: Final = re.compile("[\ud800-\udfff]")


def to_json(value: Value) -> Any:
    """Return a value as plain JSON: sets as ordered arrays, keys that are no strings as their JSON text.

    Nothing in what is returned is shared with the value.

    Raises:
        EvaluationError: `eval_budget_exceeded`, where it has more parts than a host could take.
    """
    return _plain(value, [MAX_PARTS])


def _plain(value: Value, room: list[int]) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else utf8.shown(value)
    if kind is dict or kind is list or kind is RegoSet:
        room[0] -= len(value)
        if room[0] < 0:
            raise too_large()
        if kind is dict:
            return _object(value, room)
        items = value if kind is list else value.sorted()
        return [item if type(item) is str and item.isascii() else _plain(item, room) for item in items]
    return numeric.of_decimal(value) if kind is Decimal else value


def _object(value: dict[Any, Value], room: list[int]) -> dict[str, Any]:
    try:
        plain = "".join(value).isascii()
    except TypeError:  # a key that is no string
        plain = False
    if not plain:
        made = {_name(value_of(name)): _plain(item, room) for name, item in value.items()}
        return made if len(made) == len(value) else _collapsed(value, room)
    made = value.copy()
    for name, item in value.items():
        kind = type(item)
        if kind is str:
            if not item.isascii():
                made[name] = utf8.shown(item)
        elif kind not in _LEAVES:
            made[name] = _plain(item, room)
    return made


def _collapsed(value: dict[Any, Value], room: list[int]) -> dict[str, Any]:
    """Return an object of which two keys have one text (1 and "1"): the later one in Rego's order stays."""
    return {_name(key): _plain(item, room) for key, item in sorted_items(value)}


def _name(key: Value) -> str:
    return utf8.shown(key) if type(key) is str else to_text(key)


def to_text(value: Value) -> str:
    """Return a value's compact JSON text, keys in order, as Go's `json.Marshal` writes it."""
    kind = type(value)
    if kind is str:
        made = json.dumps(value, ensure_ascii=False).translate(_ESCAPED)
        return made if made.isascii() else _LONE.sub("\\\\ufffd", made)
    if kind is bool or value is None:
        return "null" if value is None else str(value).lower()
    if kind is int or kind is float or kind is Decimal:
        return numeric.to_text(value)
    if kind is dict:
        named = {_name(name): item for name, item in sorted_items(value)}
        inner = joined(",", (f"{to_text(name)}:{to_text(named[name])}" for name in sorted(named)))
        return "{" + inner + "}"
    return "[" + joined(",", map(to_text, value)) + "]"
