"""Lets a rule's bodies write the function's result themselves, and end the function once it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rego import plan as p
from rego.flow import reads, walk, writes
from rego.optimize.names import renamed
from rego.values import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rego.values import Value


def with_direct_result(
    blocks: tuple[p.Block, ...], result: p.Local | None, constants: Mapping[p.Local, Value]
) -> tuple[p.Block, ...]:
    """Return blocks without the planner's copies of a body's result into the function's, where that is safe.

    A copy is a block of its own: `IsDefined(body); AssignVarOnce(body, result)`.
    It can go where there is but one body.
    Where there are more, and all give the same constant, the first that holds ends the function:
    OPA then asks no other, and no error can happen in one.
    Only a default may set the result beside them: a block that starts with `IsUndefined(result)`.

    Args:
        blocks: A function's blocks, separated.
        result: The local that it returns; None for an entrypoint.
        constants: The locals that only ever hold one known value.
    """
    copies = [place for place, block in enumerate(blocks) if _copied(block, result) is not None]
    bodies = {_copied(blocks[place], result) for place in copies}
    if result is None or len(bodies) != 1:
        return blocks
    body = bodies.pop()
    last = copies[-1]
    before, after = blocks[: last + 1], blocks[last + 1 :]
    rules = [block for place, block in enumerate(before) if place not in copies]
    if body is None or _mentions(after, body) or _mentions(rules, result) or _is_replaced(rules, body):
        return blocks
    if not all(_is_harmless(block, result) for block in after):
        return blocks
    if len(copies) == 1:
        return (*(renamed(block, {body: result}) for block in rules), *after)
    given = _given(rules, body, constants)
    if len(given) != 1 or None in given:
        return blocks
    done = [
        _ended(block, result) if place in copies else renamed(block, {body: result})
        for place, block in enumerate(before)
    ]
    return (*done, *after)


def _copied(block: p.Block, result: p.Local | None) -> p.Local | None:
    match block.statements:
        case (p.IsDefined(source=body), p.AssignVarOnce(source=copied, target=target)):
            return body if copied == body and target == result else None
        case _:
            return None


def _ended(copy: p.Block, result: p.Local) -> p.Block:
    where = copy.statements[0].location
    return p.Block((p.IsDefined(where, result), p.ReturnLocal(where, result)))


def _given(blocks: Iterable[p.Block], body: p.Local, constants: Mapping[p.Local, Value]) -> set[Any]:
    """Return the constants that rules give a local, in the form that compares them; `None` is for others."""
    given: set[Any] = set()
    for s in walk(blocks):
        if isinstance(s, p.AssignVarOnce):
            known = type(s.source) is not int or s.source in constants
            value = constants[s.source] if type(s.source) is int and known else s.source
            given.add((canonical(value),) if known else None)
        elif body in writes(s) and not isinstance(s, p.ResetLocal):
            given.add(None)
    return given


def _mentions(blocks: Iterable[p.Block], local: p.Local) -> bool:
    return any(local in (*reads(s), *writes(s)) for s in walk(blocks))


def _is_replaced(blocks: Iterable[p.Block], local: p.Local) -> bool:
    return any(s.local == local for s in walk(blocks) if isinstance(s, p.With))


def _is_harmless(block: p.Block, result: p.Local) -> bool:
    """Tell a default and the return from what could meet a second value of the result."""
    first = block.statements[0] if block.statements else None
    default = isinstance(first, p.IsUndefined) and first.source == result
    return default or not any(result in writes(s) for s in walk((block,)))
