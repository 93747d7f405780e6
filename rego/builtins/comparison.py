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


def _ordering(sign: str) -> Callable[[list[str], list[str | None]], str | None]:
    def write(args: list[str], kinds: list[str | None]) -> str:
        asked = [f"type({name}) is int" for name, kind in zip(args, kinds, strict=True) if kind != "int"]
        return f"{args[0]} {sign} {args[1]} if {' and '.join(asked) or 'True'}"

    return write


def _membership(args: list[str], kinds: list[str | None]) -> str:
    asked = [f"type({args[1]}) is list", *([] if kinds[0] == "str" else [f"type({args[0]}) is str"])]
    return f"{args[0]} in {args[1]} if {' and '.join(asked)}"


def _equality(sign: str) -> Callable[[list[str], list[str | None]], str | None]:
    def write(args: list[str], kinds: list[str | None]) -> str:
        if "str" in kinds:
            return f"{args[0]} {sign} {args[1]} if True"
        return f"{args[0]} {sign} {args[1]} if type({args[0]}) is str"

    return write


INLINE: Final[Mapping[str, Callable[[list[str], list[str | None]], str | None]]] = {
    "equal": _equality("=="),
    "neq": _equality("!="),
    "lt": _ordering("<"),
    "lte": _ordering("<="),
    "gt": _ordering(">"),
    "gte": _ordering(">="),
    "internal.member_2": _membership,
}
