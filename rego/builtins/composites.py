"""Arrays, sets, objects and graphs of them. Long because it has every builtin that takes these apart."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.operands import affordable, array, bounded, keys, machine, object_, set_, wrong_element
from rego.errors import OperandError
from rego.values import (
    MAX_PARTS,
    UNDEFINED,
    RegoSet,
    Value,
    equal,
    index,
    key_of,
    pairs,
    too_large,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# ── arrays ──────────────────────────────────────────────────────────────────────────────────────


def _concat(left: Value, right: Value) -> list[Value]:
    first, second = array(left, 1), array(right, 2)
    bounded(len(first) + len(second))
    return first + second


def _flatten(value: Value) -> list[Value]:
    flat: list[Value] = []
    for item in array(value, 1):
        if type(item) is list:
            flat.extend(item)
        else:
            flat.append(item)
    return flat


def _slice(value: Value, start: Value, stop: Value) -> list[Value]:
    items, first, last = array(value, 1), machine(start, 2), machine(stop, 3)
    last = min(max(last, 0), len(items))
    return items[min(max(first, 0), last) : last]


def _reverse(value: Value) -> list[Value]:
    return array(value, 1)[::-1]


# ── sets ────────────────────────────────────────────────────────────────────────────────────────


def _and(left: Value, right: Value) -> RegoSet:
    first, second = set_(left, 1), set_(right, 2)
    return _of({key: value for key, value in first.members.items() if key in second.members})


def _or(left: Value, right: Value) -> RegoSet:
    return _of({**set_(left, 1).members, **set_(right, 2).members})


def _difference(left: Value, right: Value) -> RegoSet:
    first, second = set_(left, 1), set_(right, 2)
    return _of({key: value for key, value in first.members.items() if key not in second.members})


def _intersection(sets: Value) -> RegoSet:
    found = [set_(member, 1) for member in set_(sets, 1)]
    if not found:
        return RegoSet()
    common = found[0].members
    for other in found[1:]:
        common = {key: value for key, value in common.items() if key in other.members}
    return _of(dict(common))


def _union(sets: Value) -> RegoSet:
    united: dict[Any, Value] = {}
    for member in set_(sets, 1):
        united.update(set_(member, 1).members)
    return _of(united)


def _of(members: dict[Any, Value]) -> RegoSet:
    made = RegoSet()
    made.members = members
    return made


# ── objects ─────────────────────────────────────────────────────────────────────────────────────


def _get(source: Value, path: Value, default: Value) -> Value:
    found: Value = object_(source, 1)
    for step in path if type(path) is list else [path]:
        found = index(found, step)
        if found is UNDEFINED:
            return default
    return found


def _keys(source: Value) -> RegoSet:
    return RegoSet(value_of(key) for key in object_(source, 1))


def _remove(source: Value, names: Value) -> dict[Any, Value]:
    found, unwanted = object_(source, 1), keys(names, 2)
    return {key: value for key, value in found.items() if key not in unwanted}


def _filter(source: Value, names: Value) -> dict[Any, Value]:
    found, wanted = object_(source, 1), keys(names, 2)
    return {key: value for key, value in found.items() if key in wanted}


def _object_union(left: Value, right: Value) -> dict[Any, Value]:
    return _overwrite(object_(left, 1), object_(right, 2), [MAX_PARTS])


def _overwrite(left: dict[Any, Value], right: dict[Any, Value], room: list[int]) -> dict[Any, Value]:
    _spend(room, len(left) + len(right))
    merged = left.copy()
    for key, value in right.items():
        both = type(value) is dict and type(merged.get(key)) is dict
        merged[key] = _overwrite(merged[key], value, room) if both else value
    return merged


def _spend(room: list[int], parts: int) -> None:
    """Count parts that are looked at; objects nested in themselves many times have no end in sight."""
    room[0] -= parts
    if room[0] < 0:
        raise too_large()


def _union_n(objects: Value) -> dict[Any, Value]:
    merged: dict[Any, Value] = {}
    room = [MAX_PARTS]
    for item in array(objects, 1):
        if type(item) is not dict:
            raise wrong_element(1, objects, item, "object")
        merged = _overwrite(merged, item, room)
    return merged


def _subset(whole_: Value, part: Value) -> bool:
    kinds = (type(whole_), type(part))
    if kinds in {(dict, dict), (RegoSet, RegoSet), (list, list)}:
        return _contains(whole_, part, [MAX_PARTS])
    if kinds == (list, RegoSet):
        affordable(len(whole_) * len(part))
        return all(any(equal(item, member) for item in whole_) for member in part) and bool(whole_)
    raise OperandError("both arguments object.subset must be of the same type or array and set")


def _contains(whole_: Value, part: Value, room: list[int]) -> bool:
    kinds = (type(whole_), type(part))
    if kinds == (dict, dict):
        _spend(room, len(part))
        return all(key in whole_ and _contains(whole_[key], value, room) for key, value in part.items())
    if kinds == (RegoSet, RegoSet):
        return bool(part.members.keys() <= whole_.members.keys())
    if kinds == (list, list):
        starts = range(len(whole_) - len(part) + 1)
        affordable(len(starts) * len(part))
        return any(all(map(equal, islice(whole_, start, None), part)) for start in starts)
    return equal(whole_, part)


# ── walking and graphs ──────────────────────────────────────────────────────────────────────────


def _walk(source: Value) -> list[Value]:
    found: list[Value] = []
    rest: list[tuple[list[Value], Value]] = [([], source)]
    while rest:
        path, value = rest.pop()
        found.append([path, value])
        bounded(len(found) * 10)
        rest.extend(([*path, step], item) for step, item in reversed(pairs(value)))
    return found


def _vertices(value: Value) -> list[Value]:
    return list(value) if type(value) in {list, RegoSet} else []


def _start(value: Value) -> list[Value]:
    if type(value) not in {list, RegoSet}:
        raise OperandError("operand 2 must be {array, set}")
    return list(value)


def _reachable(graph: Value, initial: Value) -> RegoSet:
    edges, queue = object_(graph, 1), _start(initial)
    reached = RegoSet()
    while queue:
        node = queue.pop()
        if key_of(node) in edges and node not in reached:
            reached.add(node)
            queue.extend(_vertices(edges[key_of(node)]))
    return reached


def _reachable_paths(graph: Value, initial: Value) -> RegoSet:
    edges, paths, room = object_(graph, 1), RegoSet(), [MAX_PARTS // 4]
    for node in _start(initial):
        if key_of(node) not in edges:
            continue
        following = _vertices(edges[key_of(node)])
        if not following:
            paths.add([node])
        for neighbour in RegoSet(following).members.values():
            _follow(edges, neighbour, [node], RegoSet([node]), paths, room)
    return paths


def _follow(
    edges: dict[Any, Value], node: Value, path: list[Value], seen: RegoSet, paths: RegoSet, room: list[int]
) -> None:
    """Add the paths that go on with a node; their number may grow with the factorial of the graph's size."""
    _spend(room, len(path) + 1)
    following = edges.get(key_of(node), UNDEFINED)
    if following is UNDEFINED:
        paths.add(path)
        return
    longer, inner = [*path, node], seen.copy()
    inner.add(node)
    neighbours = RegoSet(_vertices(following))  # an edge that is there twice leads nowhere else
    ends = not neighbours
    for neighbour in neighbours.members.values():
        if neighbour in inner:
            ends = True
        else:
            _follow(edges, neighbour, longer, inner, paths, room)
    if ends:
        paths.add(longer)


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "array.concat": _concat,
    "array.flatten": _flatten,
    "array.slice": _slice,
    "array.reverse": _reverse,
    "and": _and,
    "or": _or,
    "set_diff": _difference,
    "intersection": _intersection,
    "union": _union,
    "object.get": _get,
    "object.keys": _keys,
    "object.remove": _remove,
    "object.filter": _filter,
    "object.union": _object_union,
    "object.union_n": _union_n,
    "object.subset": _subset,
    "walk": _walk,
    "graph.reachable": _reachable,
    "graph.reachable_paths": _reachable_paths,
}
