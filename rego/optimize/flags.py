"""Writes what the planner asks by way of a flag as the plain negation that it is."""

from __future__ import annotations

from collections import Counter

from rego import plan as p
from rego.flow import blocks_of, reads, walk, with_blocks, writes
from rego.optimize.shapes import jumps


def without_flags(blocks: tuple[p.Block, ...]) -> tuple[p.Block, ...]:
    """Return blocks in which a test whether a block set a flag is that block, negated.

    `every` asks so for each member: it resets a flag, runs the body, which ends by setting it, and asks.

    Args:
        blocks: A function's blocks, separated.
    """
    statements = walk(blocks)
    read = Counter([local for s in statements for local in reads(s)])
    written = Counter([local for s in statements for local in writes(s)])
    flags = {local for local, times in written.items() if times == 2 and read[local] == 1}  # noqa: PLR2004 - reset, set
    return tuple(_without(block, flags) for block in blocks) if flags else blocks


def _without(block: p.Block, flags: set[p.Local]) -> p.Block:
    statements: list[p.Statement] = []
    for s in block.statements:
        body = _flagged(statements[-2:], s, flags)
        if body is not None:
            statements[-2:] = [p.Not(s.location, body)]
            continue
        inner = blocks_of(s)
        if inner:
            statements.append(with_blocks(s, tuple(_without(found, flags) for found in inner)))
        else:
            statements.append(s)
    return p.Block(tuple(statements))


def _flagged(before: list[p.Statement], s: p.Statement, flags: set[p.Local]) -> p.Block | None:
    """Return the body that a test is about, without the setting of the flag."""
    match before, s:
        case (
            [
                p.ResetLocal(target=reset),
                p.Nested(blocks=(p.Block(statements=(*body, p.AssignVar() as flag)),)),
            ],
            p.IsUndefined(source=asked),
        ) if reset == asked == flag.target and asked in flags and type(flag.source) is not int:
            return None if any(map(jumps, body)) else p.Block(tuple(body))
        case _:
            return None
