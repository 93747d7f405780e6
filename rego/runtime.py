"""What generated code may call: the whole of its world, and no more; there are no imports in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from rego import values
from rego.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What the memo holds for a function that has not run yet; `None` is Rego's null.
NOT_COMPUTED: Final = values.Undefined()


def _conflict() -> NoReturn:
    raise EvaluationError("eval_conflict_error", "complete rules must not produce multiple outputs")


def _exhausted() -> NoReturn:
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


def _data_index(source: Any, key: Any) -> Any:
    """Step into the data as OPA's store does, where a whole number also names a string key (opa#3711)."""
    found = values.index(source, key)
    if found is values.UNDEFINED and type(source) is dict and type(key) is int:
        return source.get(str(key), values.UNDEFINED)
    return found


#: Every name that generated code may use, besides functions, builtins and constants of its own plan.
NAMES: Final[Mapping[str, Any]] = {
    "U": values.UNDEFINED,
    "N": NOT_COMPUTED,
    "type": type, "dict": dict, "list": list, "str": str, "int": int, "bool": bool, "len": len, "set": set,
    "RegoSet": values.RegoSet,
    "conflict": _conflict, "exhausted": _exhausted, "insert_once": _insert_once,
    "own_list": _own_list, "own_dict": _own_dict, "own_set": _own_set,
    "index": values.index, "data_index": _data_index,
    "key_of": values.key_of, "canonical": values.canonical, "equal": values.equal, "compare": values.compare,
    "pairs": values.pairs, "items": values.items, "members": values.members, "length": values.length,
    "merge": values.merge, "upsert": values.upsert,
}  # fmt: skip
