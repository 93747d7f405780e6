"""Finds, without running a plan, what type of value a function returns, and whether it always does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rego import plan as p
from rego.flow import CHANGES, owned, walk, writes
from rego.values import RegoSet, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.optimize.prepare import Prepared

#: The kind of a value by its Python type; a kind is a fact that generated code may rest on.
KINDS: Final[Mapping[type, str]] = {
    str: "str", bool: "bool", int: "int", list: "list", dict: "dict", RegoSet: "set", type(None): "null",
}  # fmt: skip
_MADE: Final[Mapping[type[p.Statement], str]] = {
    p.MakeArray: "list",
    p.MakeObject: "dict",
    p.MakeSet: "set",
}


@dataclass(frozen=True, slots=True)
class Returns:
    """What a function returns.

    Args:
        kind: Its one type, or None where it is not known.
        defined: Whether there always is a value.
    """

    kind: str | None
    defined: bool


UNKNOWN: Final = Returns(None, defined=False)


def kind_of(value: Value) -> str | None:
    """Return the kind of a known value."""
    return KINDS.get(type(value))


def returns(function: p.Function, found: Prepared, of_call: Callable[[str], Returns]) -> Returns:
    """Find what a function returns.

    Args:
        function: The function.
        found: Its optimised form.
        of_call: What the functions that it calls return.
    """
    statements = list(walk(found.blocks))
    kinds: set[str | None] = set()
    for s in statements:
        if type(s) not in CHANGES and function.result in writes(s):
            kinds.add(_written(s, found, statements, of_call))
    kinds.discard("undefined")
    kind = kinds.pop() if len(kinds) == 1 else None
    return Returns(kind, _starts_defined(function, found) or _has_default(function, found))


def _written(
    s: p.Statement, found: Prepared, statements: list[p.Statement], of_call: Callable[[str], Returns]
) -> str | None:
    if isinstance(s, p.ResetLocal):
        return "undefined"
    if type(s) in _MADE or isinstance(s, p.Call):
        return _MADE.get(type(s)) or _of_one_call(s, of_call)
    if not isinstance(s, p.AssignVar | p.AssignVarOnce):
        return None
    if type(s.source) is not int:
        return kind_of(s.source)
    if s.source in found.constants:
        return kind_of(found.constants[s.source])
    sources = [made for made in statements if s.source in writes(made) and type(made) not in CHANGES]
    kinds = {_MADE.get(type(made)) or _of_one_call(made, of_call) for made in sources}
    return kinds.pop() if len(kinds) == 1 else None


def _of_one_call(s: p.Statement, of_call: Callable[[str], Returns]) -> str | None:
    return of_call(s.func).kind if isinstance(s, p.Call) else None


def _starts_defined(function: p.Function, found: Prepared) -> bool:
    """Tell a function that makes its result first, only ever adds to it, and returns it last."""
    blocks = found.blocks
    first = blocks[0].statements[:1] if blocks else ()
    made = bool(first) and type(first[0]) in _MADE and writes(first[0]) == (function.result,)
    return (
        made
        and returns_last(function, found)
        and function.result in owned(walk(blocks))
        and not _unset(function, found)
    )


def _has_default(function: p.Function, found: Prepared) -> bool:
    """Tell a function that gives its result a value at the end where it has none."""
    for place, block in enumerate(found.blocks):
        match block.statements:
            case (p.IsUndefined(source=source), p.AssignVarOnce(source=value, target=target)):
                known = type(value) is not int or value in found.constants
                if known and source == target == function.result:
                    rest = list(walk(found.blocks[place + 1 :]))
                    kept = not any(isinstance(s, p.ResetLocal) and s.target == target for s in rest)
                    return kept and returns_last(function, found)
            case _:
                continue
    return False


def returns_last(function: p.Function, found: Prepared) -> bool:
    """Tell whether the only ways out are the last block, which just returns, and ones with a value.

    Those are blocks of their own at the top, too.
    """
    if not found.blocks or not _is_return(found.blocks[-1].statements, function.result):
        return False
    early = [block for block in found.blocks if is_early_return(block.statements, function.result)]
    return sum(isinstance(s, p.ReturnLocal) for s in walk(found.blocks)) == 1 + len(early)


def _is_return(statements: tuple[p.Statement, ...], result: p.Local) -> bool:
    match statements:
        case (p.ReturnLocal(source=source),):
            return source == result
        case _:
            return False


def is_early_return(statements: tuple[p.Statement, ...], result: p.Local) -> bool:
    """Tell a block that returns the result where it has a value by now."""
    match statements:
        case (p.IsDefined(source=asked), p.ReturnLocal(source=source)):
            return asked == source == result
        case _:
            return False


def _unset(function: p.Function, found: Prepared) -> bool:
    return any(isinstance(s, p.ResetLocal) and s.target == function.result for s in walk(found.blocks))
