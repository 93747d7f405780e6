"""Writes the planner's standing phrases in fewer statements, with the same meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rego import plan as p
from rego.flow import blocks_of
from rego.nodes import IsCollection

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
    return p.Block(tuple(statements))


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
    """Recognise `every`'s question whether it was given a collection: three blocks, and a break behind them."""
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
