"""Writes the planner's standing phrases in fewer statements, with the same meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rego import plan as p
from rego.flow import blocks_of
from rego.nodes import IsCollection, Reference

#: How many blocks around its own a dynamic call may leave.
DYNAMIC_LEVELS: Final = 3
_COLLECTION_TESTS: Final = (p.IsArray, p.IsObject, p.IsSet)


def simplified(block: p.Block) -> p.Block:
    """Return a block with the planner's plain lookups unwrapped.

    `block { block { steps; break 1 }; break 1 }` goes on after the steps or leaves the block around it, which
    is just what the bare steps do.
    """
    statements: list[p.Statement] = []
    for statement in block.statements:
        steps = _plain_lookup(statement)
        test = _collection_test(statement)
        if steps is not None:
            statements.extend(steps)
        elif test is not None:
            statements.append(test)
        elif isinstance(statement, p.Nested):
            statements.append(replace(statement, blocks=tuple(map(simplified, statement.blocks))))
        elif isinstance(statement, p.Not | p.Scan | p.With):
            statements.append(replace(statement, block=simplified(statement.block)))
        else:
            statements.append(statement)
    return p.Block(tuple(_with_reference(statements)))


def _with_reference(statements: list[p.Statement]) -> list[p.Statement]:
    """Write a dynamic reference, and all that comes after it, in the block that it stands last in.

    The planner puts what follows a reference into the reference's own block, and a reference without a value
    leaves the block around that one, too: which is the same where nothing stands behind it there.
    """
    match statements[-1:]:
        case [p.Nested(blocks=(p.Block(statements=(p.Nested(blocks=(p.Block(statements=ways),)), *rest)),))]:
            found = _reference(ways)
            if found is not None and not any(jumps(s) for s in rest):
                return [*statements[:-1], found, *rest]
        case _:
            pass
    return statements


def _reference(ways: tuple[p.Statement, ...]) -> Reference | None:
    match ways:
        case (
            p.Nested(
                blocks=(
                    p.Block(statements=(p.CallDynamic() as call, p.Break(index=1))) as dynamic,
                    p.Block(statements=(*steps, p.AssignVar(target=target) as copy, p.Break(index=1))),
                )
            ),
            p.Break(index=2),
        ) if call.result == target and all(isinstance(step, p.Dot) for step in steps):
            base = p.Block((*steps, copy))
            return Reference(call.location, p.Block(dynamic.statements[:1]), base, target)
        case _:
            return None


def jumps(s: p.Statement) -> bool:
    """Tell whether anything in a statement counts the blocks around it."""
    if isinstance(s, Reference):
        return False
    return isinstance(s, p.Break | p.CallDynamic) or any(_jumps_inside(block, 0) for block in blocks_of(s))


def _jumps_inside(block: p.Block, depth: int) -> bool:
    for s in block.statements:
        if isinstance(s, Reference):
            continue
        if isinstance(s, p.Break) and s.index > depth:
            return True
        if isinstance(s, p.CallDynamic) and depth < DYNAMIC_LEVELS:
            return True
        if any(_jumps_inside(inner, depth + 1) for inner in blocks_of(s)):
            return True
    return False


def _plain_lookup(statement: p.Statement) -> tuple[p.Statement, ...] | None:
    match statement:
        case p.Nested(
            blocks=(p.Block(statements=(p.Nested(blocks=(p.Block(statements=inner),)), p.Break(index=1))),)
        ) if inner and isinstance(inner[-1], p.Break) and inner[-1].index == 1:
            steps = inner[:-1]
            plain = not any(isinstance(s, p.Break | p.ReturnLocal) or blocks_of(s) for s in steps)
            return steps if plain else None
        case _:
            return None


def _collection_test(statement: p.Statement) -> IsCollection | None:
    """Recognise `every`'s question whether it was given a collection: three blocks and a break."""
    match statement:
        case p.Nested(blocks=(p.Block(statements=(p.Nested(blocks=tests), p.Break(index=1))),)):
            sources = {_tested(test, kind) for test, kind in zip(tests, _COLLECTION_TESTS, strict=False)}
            source = sources.pop() if len(sources) == 1 and len(tests) == len(_COLLECTION_TESTS) else None
            return None if source is None else IsCollection(statement.location, source)
        case _:
            return None


def _tested(block: p.Block, kind: type[p.Statement]) -> p.Local | None:
    match block.statements:
        case (p.IsArray() | p.IsObject() | p.IsSet() as test, p.Break(index=1)) if type(test) is kind:
            return test.source if type(test.source) is int else None
        case _:
            return None
