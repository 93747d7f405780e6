"""Takes out of a function what dead code left: empty blocks, and what finds values that nobody looks at."""

from __future__ import annotations

from collections import Counter
from operator import is_
from typing import TYPE_CHECKING

from rego import nodes
from rego import plan as p
from rego.flow import blocks_of, reads, walk, with_blocks, writes
from rego.optimize.effects import is_harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence


def tidied(
    blocks: tuple[p.Block, ...],
    owned: Container[p.Local],
    kept: Container[p.Local | None],
    is_quiet: Callable[[p.Call], bool],
) -> tuple[p.Block, ...]:
    """Return blocks without what nobody asks for at their ends.

    Whether a block ends or is left makes no difference, but for those that `not` and `with` ask about:
    a value found there, or a condition, is for nothing where nothing comes after it.
    An error that may happen is something, and so is a rule that is noted as one that fired.

    Args:
        blocks: A function's blocks.
        owned: The locals that hold nothing but collections made in the function.
        kept: The locals that somebody outside asks for.
        is_quiet: Whether a call does nothing but find its value.
    """
    tidier = _Tidier(blocks, owned, kept, is_quiet)
    found = tuple(tidier.block(block, asked=False) for block in blocks)
    return tuple(block for block in found if block.statements)


class _Tidier:
    """Holds how often the function still reads each local."""

    def __init__(
        self,
        blocks: tuple[p.Block, ...],
        owned: Container[p.Local],
        kept: Container[p.Local | None],
        is_quiet: Callable[[p.Call], bool],
    ) -> None:
        self.read = Counter([local for s in walk(blocks) for local in reads(s)])
        self.owned = owned
        self.kept = kept
        self.is_quiet = is_quiet

    def block(self, block: p.Block, *, asked: bool) -> p.Block:
        """Return what is left of a block.

        Args:
            block: The block.
            asked: Whether anybody asks if its end is reached.
        """
        statements: list[p.Statement] = []
        for place, s in enumerate(block.statements, 1):
            found = self.statement(s) if blocks_of(s) else s
            if found is not None:
                statements.append(found)
            if isinstance(found, p.Break):
                for dead in block.statements[place:]:
                    self.forget(dead)
                break
        end = statements.pop() if statements and _is_end(statements[-1]) else None
        if end is not None or not asked:
            while statements and self.is_idle(statements[-1]) and not self.is_every(statements):
                self.forget(statements.pop())
        if end is not None and asked:
            statements.append(end)
        return block if are_same(statements, block.statements) else p.Block(tuple(statements))

    def statement(self, s: p.Statement) -> p.Statement | None:
        """Return what is left of a statement with blocks in it; None for nothing."""
        if isinstance(s, nodes.Reference):
            return s
        asked = isinstance(s, p.Not | p.With)
        blocks = tuple(self.block(block, asked=asked) for block in blocks_of(s))
        if isinstance(s, p.Nested):
            blocks = tuple(block for block in blocks if block.statements)
        left = s if are_same(blocks, blocks_of(s)) else with_blocks(s, blocks)
        if isinstance(s, p.Nested | p.Scan):
            if any(block.statements for block in blocks):
                return left
            self.forget(s, inner=False)
            return None
        statements = blocks[0].statements
        reached = not statements
        if not reached and not _is_end(statements[0]):
            return left
        self.forget(s, inner=False)
        return p.Break(s.location, 0) if reached is isinstance(s, p.Not) else None

    def is_idle(self, s: p.Statement) -> bool:
        """Tell a statement that only finds what nobody asks for."""
        if not is_harmless(s, self.owned, self.is_quiet):
            return False
        if not blocks_of(s):
            return all(local not in self.kept and self.is_unread(local, s) for local in writes(s))
        inside = (s, *walk(blocks_of(s)))
        own = Counter([local for t in inside for local in reads(t)])
        return all(
            local not in self.kept and self.read[local] == own[local] for t in inside for local in writes(t)
        )

    def is_every(self, statements: list[p.Statement]) -> bool:
        """Tell a test for what `every` found that keeps an error from happening.

        For the question's sake the loop ends at the first member that fails. Without it, it would go on to
        the others, and a builtin could refuse one that OPA never gets to.
        """
        match statements[-2:]:
            case [
                p.Scan(block=p.Block(statements=(*_, p.AssignVar() as flag))) as scan,
                p.IsUndefined() as s,
            ]:
                return s.source == flag.target and not is_harmless(scan, self.owned, self.is_quiet)
            case _:
                return False

    def is_unread(self, local: p.Local, s: p.Statement) -> bool:
        """Tell a local that nothing reads but the statement itself."""
        return self.read[local] == 0 or self.read[local] == reads(s).count(local)

    def forget(self, s: p.Statement, *, inner: bool = True) -> None:
        """Count the reads of a statement no more."""
        for t in (s, *walk(blocks_of(s) if inner else ())):
            for local in reads(t):
                self.read[local] -= 1


def are_same(found: Sequence[object], before: Sequence[object]) -> bool:
    """Tell whether two sequences have the very same items."""
    return len(found) == len(before) and all(map(is_, found, before))


def _is_end(s: p.Statement) -> bool:
    return isinstance(s, p.Break) and s.index == 0
