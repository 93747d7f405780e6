"""Rego values as plain JSON for the host; knows nothing of how they came about."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from rego import numeric
from rego.values import RegoSet, Value, value_of


def to_json(value: Value) -> Any:
    """Return a value as plain JSON: sets as ordered arrays, keys that are no strings as their JSON text."""
    kind = type(value)
    if kind is dict:
        return {
            (name if type(name) is str else key_text(name)): to_json(item) for name, item in value.items()
        }
    if kind is list:
        return [to_json(item) for item in value]
    if kind is RegoSet:
        return [to_json(item) for item in value.sorted()]
    return value


def key_text(key: Any) -> str:
    """Return the JSON text that stands for an object's key that is no string."""
    return to_text(value_of(key))


def to_text(value: Value) -> str:
    """Return a value's compact JSON text, keys in order, as OPA writes it."""
    kind = type(value)
    if kind is str:
        return json.dumps(value, ensure_ascii=False)
    if kind is bool or value is None:
        return "null" if value is None else str(value).lower()
    if kind is int or kind is float or kind is Decimal:
        return numeric.to_text(value)
    if kind is dict:
        named = {name if type(name) is str else key_text(name): item for name, item in value.items()}
        return "{" + ",".join(f"{to_text(name)}:{to_text(named[name])}" for name in sorted(named)) + "}"
    return "[" + ",".join(to_text(item) for item in value) + "]"
