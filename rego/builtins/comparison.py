"""Comparisons, and membership (`in`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rego.values import UNDEFINED, RegoSet, Value, compare, equal, index

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _not_equal(left: Value, right: Value) -> bool:
    return not equal(left, right)


def _less(left: Value, right: Value) -> bool:
    return compare(left, right) < 0


def _less_or_equal(left: Value, right: Value) -> bool:
    return compare(left, right) <= 0


def _greater(left: Value, right: Value) -> bool:
    return compare(left, right) > 0


def _greater_or_equal(left: Value, right: Value) -> bool:
    return compare(left, right) >= 0


def _member(value: Value, collection: Value) -> bool:
    kind = type(collection)
    if kind is list:
        if type(value) is str:
            return value in collection
        return any(equal(value, item) for item in collection)
    if kind is RegoSet:
        return value in collection
    if kind is dict:
        return any(equal(value, item) for item in collection.values())
    return False


def _member_with_key(key: Value, value: Value, collection: Value) -> bool:
    found = index(collection, key)
    return found is not UNDEFINED and equal(found, value)


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "equal": equal,
    "neq": _not_equal,
    "lt": _less,
    "lte": _less_or_equal,
    "gt": _greater,
    "gte": _greater_or_equal,
    "internal.member_2": _member,
    "internal.member_3": _member_with_key,
}
