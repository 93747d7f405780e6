"""Leaves out of a function what its data never lets run; for the analysis of reads, not for running.

A rule that loops over a table which is empty, or looks into one which is absent, does nothing, whatever it
would have read of the input. Only constant paths from the data's root are followed, and only to where a local
that was written once must still be what it was written: later in the same block, and inside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from rego import plan as p
from rego.flow import blocks_of, is_local, walk, with_blocks, writes

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTHING: Final = object()
_EMPTY: Final = p.Block(())
_ON: Final = -1  # the way of a statement after which the next one runs; others are how many blocks it leaves
_PERHAPS: Final = frozenset({_ON, 0})


def same_data_everywhere(plan: p.Plan) -> bool:
    """Tell whether every function of a plan is given the data as it is: nothing replaces a part of it."""
    functions = {function.name for function in plan.functions}
    if any(function.params[1:2] != (p.DATA,) for function in plan.functions):
        return False
    bodies = [function.blocks for function in plan.functions] + [each.blocks for each in plan.entrypoints]
    return all(
        p.DATA not in writes(s) and _handed_on(s, functions) == (p.DATA,)
        for blocks in bodies
        for s in walk(blocks)
    )


def _handed_on(s: p.Statement, functions: set[str]) -> tuple[object, ...]:
    """What a call gives a function as its data; anything else gives none other."""
    if isinstance(s, p.CallDynamic) or (isinstance(s, p.Call) and s.func in functions):
        return s.args[1:2]
    return (p.DATA,)


def reachable(blocks: tuple[p.Block, ...], data: Mapping[str, Any]) -> tuple[p.Block, ...]:
    """Return the blocks of a function without what can't run on this data.

    Args:
        blocks: A function's blocks as the plan has them.
        data: The base documents, which every function is given as they are (`same_data_everywhere`).
    """
    return tuple(_Reach(block).block(block, {p.DATA: data})[0] for block in blocks)


class _Reach:
    """One outermost block: the numbers of locals start again in the next one."""

    def __init__(self, block: p.Block) -> None:
        self._written = Counter(local for statement in walk((block,)) for local in writes(statement))

    def block(self, block: p.Block, outside: Mapping[int, Any]) -> tuple[p.Block, frozenset[int]]:
        """The block without what isn't reached, and how many blocks it may leave at its end."""
        values, left = dict(outside), set()
        kept: list[p.Statement] = []
        for statement in block.statements:
            if _found(statement, values) is _NOTHING:
                left.add(0)
                break
            inner, ways = self._statement(statement, values)
            kept.append(inner)
            left |= ways - {_ON}
            if _ON not in ways:
                break
        else:
            left.add(0)
        return replace(block, statements=tuple(kept)), frozenset(left)

    def _statement(self, s: p.Statement, values: dict[int, Any]) -> tuple[p.Statement, frozenset[int]]:
        if isinstance(s, p.Break):
            return s, frozenset({s.index})
        if isinstance(s, p.Scan) and values.get(s.source, s) in ({}, []):
            return replace(s, block=_EMPTY), _PERHAPS
        self._follow(s, values)
        pairs = [self.block(block, values) for block in blocks_of(s)]
        if not pairs:
            return s, _PERHAPS
        outer = frozenset(count - 1 for _, left in pairs for count in left if count > 0)
        if isinstance(s, p.Nested):
            # One block after another runs, up to one that is sure to leave this block as well.
            on = {_ON} if all(0 in left for _, left in pairs) else set()
            return with_blocks(s, tuple(block for block, _ in pairs)), outer | on
        return with_blocks(s, tuple(block for block, _ in pairs)), outer | _PERHAPS

    def _follow(self, s: p.Statement, values: dict[int, Any]) -> None:
        """Note what a step or a copy sets its target to, where that is known."""
        if isinstance(s, p.Dot | p.AssignVar) and self._written[s.target] == 1 and is_local(s.source):
            value = _found(s, values) if isinstance(s, p.Dot) else values.get(int(s.source))
            if value is not None:
                values[s.target] = value


def _found(s: p.Statement, values: Mapping[int, Any]) -> Any:
    """What a step leads to: None where that isn't known, `_NOTHING` where it is known to lead nowhere."""
    holder = values.get(int(s.source)) if isinstance(s, p.Dot) and is_local(s.source) else None
    if not isinstance(s, p.Dot) or not isinstance(holder, dict):
        return None
    if not holder:
        return _NOTHING
    return holder.get(s.key, _NOTHING) if isinstance(s.key, str) else None
