"""Finds the locals of a function that only ever hold one value known beforehand."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rego import plan as p
from rego.flow import CHANGES, blocks_of, reads, walk, with_blocks, writes
from rego.values import RegoSet, Value, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

_SCALARS = (p.AssignInt, p.MakeNull, p.MakeNumberInt, p.MakeNumberRef)
_MAKERS: dict[type[p.Statement], Any] = {p.MakeArray: list, p.MakeObject: dict, p.MakeSet: RegoSet}


def with_constants(
    blocks: tuple[p.Block, ...], shared: AbstractSet[p.Local], known: Mapping[p.Local, Value] | None = None
) -> tuple[tuple[p.Block, ...], dict[p.Local, Value]]:
    """Take the making of constants out of a function.

    A collection counts where it is made once, out of constants alone, before anything looks at it.

    Args:
        blocks: A function's blocks, separated.
        shared: The locals that more than one body may use, which are never constants.
        known: The constants that are known already.

    Returns:
        The blocks without the statements that make constants, and the constants by local.
    """
    statements = list(walk(blocks))
    made = Counter(local for s in statements if type(s) not in CHANGES for local in writes(s))
    changes = Counter(getattr(s, CHANGES[type(s)]) for s in statements if type(s) in CHANGES)
    unfit = shared | {local for local, times in made.items() if times > 1}
    finder = _Finder(unfit, changes, dict(known or {}))
    finder.read(blocks)
    values = finder.values
    if known is not None and len(values) == len(known):
        return blocks, values
    return tuple(_without(block, values) for block in blocks), values


class _Finder:
    """Runs the makers of collections as far as they are constant."""

    def __init__(
        self, unfit: AbstractSet[p.Local], changes: Counter[p.Local], values: dict[p.Local, Value]
    ) -> None:
        self.unfit = unfit
        self.changes = changes
        self.values = values

    def read(self, blocks: Iterable[p.Block]) -> None:
        for block in blocks:
            growing: dict[p.Local, Value] = {}
            left: Counter[p.Local] = Counter()
            for s in block.statements:
                if blocks_of(s):
                    growing.clear()  # what is not finished may be looked at in there
                    self.read(blocks_of(s))
                else:
                    self.statement(s, growing, left)

    def statement(self, s: p.Statement, growing: dict[p.Local, Value], left: Counter[p.Local]) -> None:
        kind = type(s)
        if isinstance(s, _SCALARS) and s.target not in self.unfit:
            self.values[s.target] = None if isinstance(s, p.MakeNull) else s.value
        elif isinstance(s, p.AssignVar) and type(s.source) is not int and s.target not in self.unfit:
            self.values[s.target] = s.source
        elif kind in _MAKERS:
            target = writes(s)[0]
            if target not in self.unfit:
                growing[target], left[target] = _MAKERS[kind](), self.changes[target]
                self.finish(target, growing, left)
        elif kind in CHANGES and getattr(s, CHANGES[kind]) in growing:
            self.change(s, getattr(s, CHANGES[kind]), growing, left)
        else:
            for local in reads(s):
                growing.pop(local, None)

    def change(self, s: Any, target: p.Local, growing: dict[p.Local, Value], left: Counter[p.Local]) -> None:
        operands = [s.value] if isinstance(s, p.ArrayAppend | p.SetAdd) else [s.key, s.value]
        for operand in operands:
            growing.pop(operand, None) if type(operand) is int else None
        # What is put into itself has gone with its operands; no compiler writes that, but a plan may say it.
        if target not in growing or isinstance(s, p.ObjectInsertOnce) or not all(map(self.known, operands)):
            growing.pop(target, None)
            return
        found, values = growing[target], [self.value(operand) for operand in operands]
        if isinstance(s, p.ObjectInsert) and type(found) is dict:
            found[key_of(values[0])] = values[1]
        elif isinstance(s, p.ArrayAppend) and type(found) is list:
            found.append(values[0])
        elif isinstance(s, p.SetAdd) and type(found) is RegoSet:
            found.add(values[0])
        else:
            growing.pop(target)
            return
        left[target] -= 1
        self.finish(target, growing, left)

    def finish(self, target: p.Local, growing: dict[p.Local, Value], left: Counter[p.Local]) -> None:
        if left[target] == 0:
            self.values[target] = growing.pop(target)

    def known(self, operand: p.Operand) -> bool:
        return type(operand) is not int or operand in self.values

    def value(self, operand: p.Operand) -> Value:
        return self.values[operand] if type(operand) is int else operand


def _without(block: p.Block, values: dict[p.Local, Value]) -> p.Block:
    statements: list[p.Statement] = []
    for s in block.statements:
        if type(s) is not p.Scan and any(local in values for local in writes(s)):
            continue
        inner = blocks_of(s)
        statements.append(with_blocks(s, tuple(_without(found, values) for found in inner)) if inner else s)
    return p.Block(tuple(statements))
