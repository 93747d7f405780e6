"""Parts of documents: `json.filter`, `json.remove` and `json.patch` (RFC 6902) on copies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.operands import array, object_, refuse, wrong_type
from rego.errors import OperandError
from rego.values import UNDEFINED, RegoSet, Value, equal, index, int64, is_number, key_of, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INDEX: Final = re.compile(r"([+-]?)(?=.{1,19}\Z)([0-9]*)(?:\.0*)?")
_INT64: Final = 2**63


def _paths(value: Value) -> dict[Any, Any]:
    """Return paths as a tree of keys; where a path ends the tree has None."""
    if type(value) not in {list, RegoSet}:
        raise wrong_type(2, value, "set", "array")
    tree: dict[Any, Any] = {}
    for path in value:
        steps = _pointer(path)
        node: dict[Any, Any] | None = tree if steps else None
        for step in steps[:-1]:
            node = None if node is None else node.setdefault(key_of(step), {})
        if node is not None:
            node[key_of(steps[-1])] = None
    return tree


def _pointer(path: Value) -> list[Value]:
    """Return the steps of a JSON pointer, or of a path given as an array."""
    if type(path) is list:
        return path
    if type(path) is not str:
        raise OperandError("operand 2 must be one of {set, array} containing string paths or arrays")
    if not path:
        return []
    return [step.replace("~1", "/").replace("~0", "~") for step in path.lstrip("/").split("/")]


def _json_filter(value: Value, paths: Value) -> Value:
    return _filtered(object_(value, 1), _paths(paths))


def _filtered(value: Value, tree: dict[Any, Any] | None) -> Value:
    if tree is None:
        return value
    if type(value) is list:
        return [_filtered(item, tree[str(place)]) for place, item in enumerate(value) if str(place) in tree]
    if type(value) is RegoSet:
        return RegoSet(_filtered(item, tree[key_of(item)]) for item in value if key_of(item) in tree)
    if type(value) is dict:
        return {key: _filtered(item, tree[key]) for key, item in value.items() if key in tree}
    return value


def _json_remove(value: Value, paths: Value) -> Value:
    return _removed(object_(value, 1), _paths(paths))


def _removed(value: Value, tree: dict[Any, Any]) -> Value:
    def kept(key: Any) -> bool:
        return key not in tree or tree[key] is not None

    def inner(key: Any, item: Value) -> Value:
        return _removed(item, tree[key]) if key in tree else item

    if type(value) is list:
        return [inner(str(place), item) for place, item in enumerate(value) if kept(str(place))]
    if type(value) is RegoSet:
        return RegoSet(inner(key_of(item), item) for item in value if kept(key_of(item)))
    if type(value) is dict:
        return {key: inner(key, item) for key, item in value.items() if kept(key)}
    return value


def _patch(target: Value, operations: Value) -> Value:
    for operation in array(operations, 2):
        if type(operation) is not dict:
            raise refuse("must be an array of JSON-Patch objects, but at least one element is not an object")
        target = _apply(target, operation)
    return target


def _apply(target: Value, operation: dict[Any, Value]) -> Value:
    given, name = _attribute(operation, "path"), _attribute(operation, "op")
    if type(name) is not str:
        raise refuse(f"attribute 'op' must be a string but found: {type_name(name)}")
    path = _pointer(given)
    match name:
        case "add":
            return _insert(target, path, _attribute(operation, "value"))
        case "remove":
            return _delete(target, path)
        case "replace":
            return _insert(_delete(target, path), path, _attribute(operation, "value"))
        case "move":
            source = _pointer(_attribute(operation, "from"))
            return _insert(_delete(target, source), path, _at(target, source))
        case "copy":
            return _insert(target, path, _at(target, _pointer(_attribute(operation, "from"))))
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
    """Return an array's index from a step, which may be a string; `-` is the place after the last item."""
    if step == "-":
        return size
    if type(step) is str:
        found = _index_of_text(step)
    elif is_number(step):
        found = int64(step)
    else:
        raise refuse("invalid type for indexing")
    if found is None:
        raise refuse("invalid string or number type for indexing")
    return found


def _index_of_text(step: str) -> int | None:
    match = _INDEX.fullmatch(step)
    if match is None:
        return None
    if step != "0" and step.startswith("0"):
        raise refuse("leading zeros are not allowed in JSON paths")
    found = int(match[2] or "0") * (-1 if match[1] == "-" else 1)
    return found if -_INT64 <= found < _INT64 else None


def _at(target: Value, path: list[Value]) -> Value:
    for step in path:
        target = _step(target, step)
    return target


def _step(target: Value, step: Value) -> Value:
    if type(target) is list:
        place = _place(step, len(target))
        if not 0 <= place < len(target):
            raise refuse(f"path {place} does not exist in array term")
        return target[place]
    found = index(target, step)
    if found is UNDEFINED:
        raise refuse(f"path {step!r} does not exist")
    return found


def _insert(target: Value, path: list[Value], value: Value) -> Value:
    if value is UNDEFINED:
        raise refuse("cannot insert nil value into EditTree")
    if not path:
        return value
    step, rest = path[0], path[1:]
    if rest:
        return _replaced(target, step, _insert(_step(target, step), rest, value))
    if type(target) is dict:
        return {**target, key_of(step): value}
    if type(target) is list:
        place = _place(step, len(target))
        if not 0 <= place <= len(target):
            raise refuse("index for array insertion out of bounds")
        return [*target[:place], value, *target[place:]]
    if type(target) is RegoSet:
        if not equal(step, value):
            raise refuse("set key does not equal value to be inserted")
        return RegoSet([*target, value])
    raise refuse("expected composite type")


def _delete(target: Value, path: list[Value]) -> Value:
    if not path:
        if target is UNDEFINED:
            raise refuse("deleted node encountered during delete operation")
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


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "json.filter": _json_filter,
    "json.remove": _json_remove,
    "json.patch": _patch,
}
