"""`json.patch`: JSON Patch (RFC 6902) on any value, sets included; the target itself is never changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.encoding import pointer
from rego.builtins.operands import array, refuse
from rego.values import UNDEFINED, RegoSet, Value, equal, index, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLACE: Final = re.compile(r"0|[1-9][0-9]*")


def _patch(target: Value, operations: Value) -> Value:
    for operation in array(operations, 2):
        if type(operation) is not dict:
            raise refuse("must be an array of JSON-Patch objects, but at least one element is not an object")
        target = _apply(target, operation)
    return target


def _apply(target: Value, operation: dict[Any, Value]) -> Value:
    path, name = pointer(_attribute(operation, "path")), _attribute(operation, "op")
    match name:
        case "add":
            return _insert(target, path, _attribute(operation, "value"))
        case "remove":
            return _delete(target, path)
        case "replace":
            return _insert(_delete(target, path), path, _attribute(operation, "value"))
        case "move":
            source = pointer(_attribute(operation, "from"))
            return _insert(_delete(target, source), path, _at(target, source))
        case "copy":
            return _insert(target, path, _at(target, pointer(_attribute(operation, "from"))))
        case "test":
            if not equal(_at(target, path), _attribute(operation, "value")):
                raise refuse("value from EditTree != patch value")
            return target
        case _:
            raise refuse(f"unrecognized op: {name!r}")


def _attribute(operation: dict[Any, Value], name: str) -> Value:
    if name not in operation:
        raise refuse(f"missing required attribute '{name}'")
    return operation[name]


def _place(step: Value, size: int) -> int:
    """Return an array's index from a step, which may be a string of digits."""
    if type(step) is str and _PLACE.fullmatch(step) is None:
        raise refuse("invalid string for indexing")
    if type(step) not in {str, int}:
        raise refuse("invalid type for indexing")
    place = int(step)
    if not 0 <= place < size:
        raise refuse("index for array out of bounds")
    return place


def _at(target: Value, path: list[Value]) -> Value:
    for step in path:
        target = _step(target, step)
    return target


def _step(target: Value, step: Value) -> Value:
    if type(target) is list:
        return target[_place(step, len(target))]
    found = index(target, step)
    if found is UNDEFINED:
        raise refuse(f"path {step!r} does not exist")
    return found


def _insert(target: Value, path: list[Value], value: Value) -> Value:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if rest:
        return _replaced(target, step, _insert(_step(target, step), rest, value))
    if type(target) is dict:
        return {**target, key_of(step): value}
    if type(target) is list:
        place = len(target) if step == "-" else _place(step, len(target) + 1)
        return [*target[:place], value, *target[place:]]
    if type(target) is RegoSet:
        if not equal(step, value):
            raise refuse("set key does not equal value to be inserted")
        return RegoSet([*target, value])
    raise refuse("expected composite type")


def _delete(target: Value, path: list[Value]) -> Value:
    if not path:
        return UNDEFINED
    step, rest = path[0], path[1:]
    found = _step(target, step)
    if rest:
        return _replaced(target, step, _delete(found, rest))
    if type(target) is dict:
        return {key: item for key, item in target.items() if key != key_of(step)}
    if type(target) is list:
        place = _place(step, len(target))
        return target[:place] + target[place + 1 :]
    return RegoSet(item for item in target if not equal(item, step))


def _replaced(target: Value, step: Value, value: Value) -> Value:
    """Return a copy of a collection with the value at a step replaced by what was made of it."""
    if type(target) is dict:
        return {**target, key_of(step): value}
    if type(target) is list:
        place = _place(step, len(target))
        return [*target[:place], value, *target[place + 1 :]]
    return RegoSet([*(item for item in target if not equal(item, step)), value])


TABLE: Final[Mapping[str, Callable[..., Any]]] = {"json.patch": _patch}
