"""What generated code may call: the whole of its world, and no more; there are no imports in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from rego import numeric, values
from rego.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What the memo holds for a function that has not run yet; `None` is Rego's null.
NOT_COMPUTED: Final = values.Undefined()
#: How many characters, and how many members, builtins look through in about the time of a step.
_TEXT_STEP: Final = 256
_MEMBERS_STEP: Final = 8
_SHORT_PATTERN: Final = 64
_MAX_TEXT: Final = 10_000_000
_COLLECTIONS: Final = frozenset({list, dict, values.RegoSet})
_SIZED: Final = frozenset({str, list, dict, values.RegoSet})
#: What OPA's store takes for a place in an array.
_PLACE: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.0*)?")


def _conflict() -> NoReturn:
    raise EvaluationError("eval_conflict_error", "complete rules must not produce multiple outputs")


def exhausted() -> NoReturn:
    """End an evaluation that took more steps than it may."""
    raise EvaluationError("eval_budget_exceeded", "the evaluation took more steps than it may")


def _insert_once(target: dict[Any, Any], key: Any, value: Any) -> None:
    if key in target and not values.equal(target[key], value):
        raise EvaluationError("eval_conflict_error", "object keys must be unique")
    target[key] = value


def _own_list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise EvaluationError("eval_conflict_error", "rules give one document different types")
    return value.copy()


def _own_dict(value: Any) -> dict[Any, Any]:
    if type(value) is not dict:
        raise EvaluationError("eval_conflict_error", "rules give one document different types")
    return value.copy()


def _own_set(value: Any) -> values.RegoSet:
    if type(value) is not values.RegoSet:
        raise EvaluationError("eval_conflict_error", "rules give one document different types")
    return value.copy()


def data_index(source: Any, key: Any) -> Any:
    """Step into the data as OPA's store does, whose paths are text (opa#3711).

    A number also names the string key that is its text, and a string a place in an array.
    """
    found = values.index(source, key)
    if found is not values.UNDEFINED:
        return found
    if type(source) is dict and values.is_number(key):
        return source.get(numeric.to_text(key), values.UNDEFINED)
    if type(source) is list and type(key) is str and _PLACE.fullmatch(key):
        place = int(key.partition(".")[0] or 0)
        return source[place] if 0 <= place < len(source) else values.UNDEFINED
    return values.UNDEFINED


def _begins(text: str, heads: frozenset[str], sizes: tuple[int, ...]) -> bool:
    """Tell whether a text begins with one of many, given how long these are."""
    return any(text[:size] in heads for size in sizes)


def _size(value: Any) -> int:
    """Return how many steps it costs to make a value.

    Raises:
        EvaluationError: `eval_budget_exceeded`, where a text is longer than any may be.
    """
    if type(value) is not str:
        return len(value)
    if len(value) > _MAX_TEXT:
        raise values.too_large()
    return len(value) // _TEXT_STEP


def _pattern_price(value: Any) -> int:
    """Return how many steps it may cost to compile a pattern: a long one may make a large automaton."""
    return len(value) * 20 if type(value) is str and len(value) > _SHORT_PATTERN else 20


def _length(value: Any) -> int:
    """Return how many steps it costs to compare a text with each member of a value."""
    return len(value) // _TEXT_STEP if type(value) is str else len(value) // _MEMBERS_STEP


def _weight(value: Any) -> int:
    """Return how many steps it costs to look through a value, however its parts are nested."""
    if type(value) is str:
        return len(value) // _TEXT_STEP
    found, rest = 0, [value]
    while rest and found < values.MAX_PARTS:
        part = rest.pop()
        kind = type(part)
        items = part if kind is list else part.values() if kind is dict else part.members.values()
        found += len(part)
        for item in items:
            inner = type(item)
            if inner is str:
                found += len(item) // _TEXT_STEP
            elif inner in _COLLECTIONS:
                rest.append(item)
    return found


def _alike(left: Any, right: Any, state: list[Any]) -> bool:
    """Compare in a loop, at the price of what is compared."""
    if type(left) in _COLLECTIONS and type(left) is type(right):
        _take(state, _weight(left) // 2)
    return values.equal(left, right)


def _named(value: Any, state: list[Any]) -> Any:
    """Name a set's member in a loop, at the price of what is named."""
    if type(value) in _COLLECTIONS:
        _take(state, _weight(value))
    return values.canonical(value)


def _keyed(value: Any, state: list[Any]) -> Any:
    """Make an object's key in a loop, at the price of what it is made of."""
    if type(value) in _COLLECTIONS:
        _take(state, _weight(value))
    return values.key_of(value)


def _take(state: list[Any], steps: int) -> None:
    state[0] -= steps
    if state[0] < 0:
        exhausted()


def _has_affix(value: Any, affixes: tuple[str, ...], at_end: bool) -> bool:  # noqa: FBT001 - generated code calls it
    """Tell whether a collection has a string that begins, or ends, with one of some texts."""
    texts = [item for item in values.members(value) if type(item) is str]
    return any(text.endswith(affixes) if at_end else text.startswith(affixes) for text in texts)


def _may_be(value: Any, wanted: tuple[Any, ...]) -> bool:
    """Tell whether a value is one of some, or a collection that has one."""
    candidates = [value, *values.members(value)]
    return any(values.equal(one, other) for one in candidates for other in wanted)


def _may_have(value: Any, texts: frozenset[str]) -> bool:
    """Tell whether one of some texts may be a value or its member; true where that is not easily said."""
    kind = type(value)
    if kind is list:
        return any(type(item) is str and item in texts for item in value)
    if kind is values.RegoSet:
        return not texts.isdisjoint(value.members)
    return kind is dict or (kind is str and value in texts)


#: Every name that generated code may use, besides functions, builtins and constants of its own plan.
NAMES: Final[Mapping[str, Any]] = {
    "U": values.UNDEFINED,
    "N": NOT_COMPUTED,
    "E": values.RegoSet(),
    "type": type, "dict": dict, "list": list, "str": str, "int": int, "bool": bool, "len": len,
    "RegoSet": values.RegoSet, "new": object.__new__,
    "conflict": _conflict, "exhausted": exhausted, "insert_once": _insert_once,
    "own_list": _own_list, "own_dict": _own_dict, "own_set": _own_set,
    "index": values.index, "data_index": data_index,
    "key_of": values.key_of, "canonical": values.canonical, "equal": values.equal,
    "pairs": values.pairs, "items": values.items, "members": values.members, "length": values.length,
    "begins": _begins, "may_have": _may_have, "may_be": _may_be, "has_affix": _has_affix,
    "alike": _alike, "named": _named, "keyed": _keyed, "collections": _COLLECTIONS,
    "sized": _SIZED, "size": _size, "length_of": _length, "pattern_price": _pattern_price, "weight": _weight,
    "merge": values.merge, "upsert": values.upsert,
}  # fmt: skip
