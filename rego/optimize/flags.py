"""Writes what the planner asks by way of a flag as the plain negation that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rego import plan as p
from rego.flow import blocks_of, with_blocks
from rego.optimize.shapes import jumps

_RESET_AND_SET: Final = 2

if TYPE_CHECKING:
    from rego.flow import Times


def without_flags(blocks: tuple[p.Block, ...], times: Times) -> tuple[p.Block, ...]:
    """Return blocks in which a test whether a block set a flag is that block, negated.

    `every` asks so for each member: it resets a flag, runs the body, which ends by setting it, and asks.

    Args:
        blocks: A function's blocks, separated.
        times: How often the function reads and sets each local.
    """
    flags = {
        local for local, often in times.written.items() if often == _RESET_AND_SET and times.read[local] == 1
    }
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
