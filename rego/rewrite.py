"""Rewrites functions of a plan into a form that is easier to reason about, with the same meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rego import plan as p
from rego.flow import READS, WRITES, blocks_of, exposed, reads, walk, writes, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def prepared(
    blocks: tuple[p.Block, ...], params: Iterable[p.Local], result: p.Local | None
) -> tuple[p.Block, ...]:
    """Return the blocks of a function in the form that is easiest to reason about, with the same meaning."""
    kept = {*params, *(() if result is None else (result,))}
    return separated(tuple(map(simplified, blocks)), kept)


def separated(blocks: tuple[p.Block, ...], kept: set[p.Local]) -> tuple[p.Block, ...]:
    """Return blocks in which no two rules share a local by chance.

    The planner numbers the locals of each rule's body anew.
    Where a body sets a local before it reads it, and no other body reads it unset, the number is only reused:
    it becomes a number of its own.
    """
    units = [inner for block in blocks for inner in _bodies(block)]
    shared = kept.union(*map(exposed, units))
    following = max([*kept, *written(blocks), *shared], default=0) + 1
    done: list[p.Block] = []
    for block in blocks:
        bodies: list[p.Block] = []
        for body in _bodies(block):
            own = sorted(_mentioned(body) - shared)
            names = dict(zip(own, range(following, following + len(own)), strict=True))
            following += len(own)
            bodies.append(_renamed(body, names))
        if _is_chain(block):
            bodies = [p.Block((replace(block.statements[0], blocks=tuple(bodies)),))]  # type: ignore[call-arg]  # a Nested
        done.extend(bodies)
    return tuple(done)


def _is_chain(block: p.Block) -> bool:
    """Tell a rule with `else`: a single statement that holds a block for each body."""
    return len(block.statements) == 1 and isinstance(block.statements[0], p.Nested)


def _bodies(block: p.Block) -> tuple[p.Block, ...]:
    return blocks_of(block.statements[0]) if _is_chain(block) else (block,)


def _mentioned(block: p.Block) -> set[p.Local]:
    return {local for statement in walk((block,)) for local in (*reads(statement), *writes(statement))}


def _renamed(block: p.Block, names: Mapping[p.Local, p.Local]) -> p.Block:
    return p.Block(tuple(_renamed_statement(statement, names) for statement in block.statements))


def _renamed_statement(s: p.Statement, names: Mapping[p.Local, p.Local]) -> p.Statement:
    changes: dict[str, Any] = {}
    for name in {*READS.get(type(s), ()), *WRITES.get(type(s), ())}:
        local = getattr(s, name)
        if type(local) is int and local in names:
            changes[name] = names[local]
    if isinstance(s, p.Call | p.CallDynamic):
        changes["args"] = tuple(names.get(arg, arg) if type(arg) is int else arg for arg in s.args)
    if isinstance(s, p.CallDynamic):
        changes["path"] = tuple(names.get(step, step) if type(step) is int else step for step in s.path)
    if isinstance(s, p.Nested):
        changes["blocks"] = tuple(_renamed(block, names) for block in s.blocks)
    if isinstance(s, p.Not | p.Scan | p.With):
        changes["block"] = _renamed(s.block, names)
    return replace(s, **changes) if changes else s


def simplified(block: p.Block) -> p.Block:
    """Return a block with the planner's plain lookups unwrapped.

    `block { block { steps; break 1 }; break 1 }` goes on after the steps or leaves the block around it, which
    is just what the bare steps do.
    """
    statements: list[p.Statement] = []
    for statement in block.statements:
        steps = _plain_lookup(statement)
        if steps is not None:
            statements.extend(steps)
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
