"""Leaves out of a function what can't happen, or need not, over the data that is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rego import nodes
from rego import plan as p
from rego.flow import blocks_of, reads, walk, with_blocks, written
from rego.optimize.constants import with_constants
from rego.optimize.effects import Summary
from rego.optimize.exits import GOES_ON, MAY_STOP, Exit
from rego.optimize.facts import DROPPED, Folded
from rego.optimize.known import ANYTHING, NOTHING, Known, exactly, joined, scanned
from rego.optimize.prepare import Prepared
from rego.optimize.steps import Steps
from rego.optimize.tidying import are_same, tidied
from rego.optimize.unrolling import unrolled
from rego.values import key_of, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.optimize.facts import World
    from rego.values import Value

_ROUNDS: Final = 8  # each leaves less to the next; the last ones find nothing
_MEMBERS: Final = 64  # how many members of a table are looked at one by one, and for how long a body
_STATEMENTS: Final = 30
_TRIALS: Final = 2  # in the second round it is known what of the body nobody reads


class Folder(Steps):
    """Reads one function, again and again until nothing more can be left out.

    Args:
        world: What is outside it, the data for one.
        prepared: What it does.
        params: Its parameters: the input, the data, then arguments.
        result: The local that it returns; None for an entrypoint.
    """

    def __init__(
        self, world: World, prepared: Prepared, params: tuple[p.Local, ...], result: p.Local | None
    ) -> None:
        super().__init__(world, prepared, params, result)
        self.blocks = prepared.blocks
        self.kept: set[p.Local] = {*params, *(() if result is None else (result,))}
        self.tries = True
        self.unrolls = False
        self.taken = 0  # local numbers that loops have been written out with

    def folded(self) -> tuple[Prepared, Summary] | None:
        """Return what is left of the function, and what its callers may know of it.

        None where it calls functions of which nothing is known yet: see `world.missing`.
        """
        for number in range(_ROUNDS):
            self.tries = number < _TRIALS
            self.unrolls = number == 0  # what it makes of a loop is read in the next round
            left = self.function(self.blocks)
            if self.world.missing:
                return None
            if are_same(left, self.blocks):
                break
            self.blocks = tidied(left, self.uses.owned, self.kept, self.world.is_quiet)
            self.uses.count(walk(self.blocks))
        # An object of which every value has become known is a constant, too.
        blocks, constants = with_constants(self.blocks, self.kept | self.uses.exposed, self.constants)
        return Prepared(blocks, constants), Summary(self.given_back, self.quiet)

    def function(self, blocks: tuple[p.Block, ...]) -> tuple[p.Block, ...]:
        """Return what is left of a function's blocks."""
        self.start()
        left, found = self.in_turn(blocks)
        if found.lets_on:
            self.given_back = joined(self.given_back, NOTHING)
        return left

    def in_turn(self, blocks: tuple[p.Block, ...]) -> tuple[tuple[p.Block, ...], Exit]:
        """Return what is left of blocks that run one after the other, and the ways out of them all."""
        kept: list[p.Block] = []
        found = GOES_ON
        for block in blocks:
            inner, ways = self.inside(block)
            kept.append(inner)
            found = found.and_then(ways.whatever())
            if not found.goes_on:
                break
        return tuple(kept), found

    def inside(self, block: p.Block, start: Mapping[p.Local, Known] | None = None) -> tuple[p.Block, Exit]:
        """Return what is left of a block, and how it may be left; note what it may have set.

        Args:
            block: The block.
            start: What is known at its beginning of some locals, where that is not what was known before.
        """
        before, seen = self.now, self.seen
        self.now, self.seen = {**before, **(start or {})}, {}
        left, found = self.block(block)
        after, touched = self.now, self.seen
        self.now, self.seen = before, seen
        for local, known in touched.items():
            surely = found.only_goes_on and start is None
            self.set(local, after[local] if surely else joined(before.get(local, NOTHING), known))
        return left, found

    def block(self, block: p.Block) -> tuple[p.Block, Exit]:
        """Return what is left of a block, and how it may be left; what it sets is set from here on."""
        kept: list[p.Statement] = []
        found = GOES_ON
        for s, following in pairwise((*block.statements, None)):
            if s is None:
                break
            statements, ways = self.FOLDERS[type(s)](self, s)
            if self.unrolls and type(s) is p.Scan and (more := self._unrolled(s, statements, following)):
                statements, ways = more, ways.and_then(MAY_STOP)
            kept += statements
            if ways is not GOES_ON:
                found = found.and_then(ways)
                if not found.goes_on:
                    break
        return (block if are_same(kept, block.statements) else p.Block(tuple(kept))), found

    def _nested(self, s: p.Nested) -> Folded:
        blocks, found = self.in_turn(s.blocks)
        return (_renewed(s, blocks),), found.around(goes_on=found.goes_on, stops=False)

    def _not(self, s: p.Not) -> Folded:
        block, found = self.inside(s.block)
        if found.only_goes_on:  # what is in there may still fail with an error
            return (p.Nested(s.location, (block,)), p.Break(s.location, 0)), Exit(goes_on=False, stops=True)
        if not (found.goes_on or found.breaks or found.returns):
            return (p.Nested(s.location, (block,)),), GOES_ON
        return (_renewed(s, (block,)),), found.around(goes_on=found.stops, stops=found.goes_on)

    def _scan(self, s: p.Scan) -> Folded:
        source = self.value(s.source)
        if source.empty():
            return DROPPED
        key, value = scanned(source)
        start = dict.fromkeys(written((s.block,)), ANYTHING)
        block, found = self.inside(s.block, {**start, s.key: key, s.value: value})
        if self.tries and not self.world.missing and source.values is not None and len(source.values) == 1:
            less = self._with_less(s, source.values[0])
            if less is not s:
                return (() if less is None else (less,)), found.around(goes_on=True, stops=False)
        return (_renewed(s, (block,)),), found.around(goes_on=True, stops=False)

    def _unrolled(
        self, before: p.Scan, statements: tuple[p.Statement, ...], following: p.Statement | None
    ) -> tuple[p.Statement, ...] | None:
        """Return what is left of a scan, member by member, where it asks rules by name and all are known."""
        s = statements[0] if len(statements) == 1 else None
        values = self.value(s.source).values if isinstance(s, p.Scan) else None
        if not isinstance(s, p.Scan) or values is None or len(values) != 1 or self.world.missing:
            return None
        found = unrolled(s, before, values[0], following, self._read_outside(before), self._free())
        if found is None:
            return None
        written_out, constants, self.taken = found
        self.constants |= constants
        return tuple(written_out)

    def _free(self) -> p.Local:
        """Return a number that no local of the function has, nor any behind it."""
        return max([*self.uses.read, *self.uses.written, *self.constants, self.taken]) + 1

    def _with_less(self, s: p.Scan, source: Value) -> p.Scan | None:
        """Return a scan of those members for which its body does anything; None where there is none."""
        keyed = self.uses.read[s.key] > 0
        if len(source) > _MEMBERS or (keyed and type(source) is list) or len(walk((s.block,))) > _STATEMENTS:
            return s
        found = [pair for pair in pairs(source) if not self._is_idle(s, *pair)]
        if len(found) == len(source) or not found:
            return s if found else None
        local = self._free()
        kind = type(source)
        self.constants[local] = (
            {key_of(key): value for key, value in found}
            if kind is dict
            else kind(value for _, value in found)
        )
        return replace(s, source=local)

    def _is_idle(self, s: p.Scan, key: Value, value: Value) -> bool:
        """Tell a member for which a scan's body does nothing: it is read for that one, on trial."""
        before = self.now, self.seen, self.constants, self.quiet, self.given_back
        self.constants, self.tries = dict(self.constants), False
        start = dict.fromkeys(written((s.block,)), ANYTHING)
        block, found = self.inside(s.block, {**start, s.key: exactly(key), s.value: exactly(value)})
        self.now, self.seen, self.constants, self.quiet, self.given_back = before
        self.tries = True
        if found.breaks or found.returns:
            return False
        kept = {*self.params, self.result, *self._read_outside(s)}
        return not tidied((block,), self.uses.owned, kept, self.world.is_quiet)

    def _read_outside(self, s: p.Scan) -> set[p.Local]:
        inside = Counter(local for t in walk((s.block,)) for local in reads(t))
        return {local for local in written((s.block,)) if self.uses.read[local] > inside[local]}

    def _with(self, s: p.With) -> Folded:
        block, found = self.inside(s.block, {s.local: ANYTHING})
        return (_renewed(s, (block,)),), found.around(goes_on=found.goes_on, stops=found.stops)

    def _refer(self, s: nodes.Reference) -> Folded:
        call: Any = s.dynamic.statements[0]
        named = self.world.named([self.value(step) for step in call.path])
        if named is not None:
            return self._call(p.Call(call.location, named, call.args, s.target))
        summaries, certain = self.world.rules([self.value(step) for step in call.path])
        if not summaries:
            left, found = self.block(s.base)
            return left.statements, found
        base, found = self.inside(s.base)
        known = self.value(s.target) if not certain and found.goes_on else NOTHING
        for place, summary in enumerate(summaries):
            known = summary.value if certain and not place else joined(known, summary.value)
        left = _renewed(s, (s.dynamic, base))
        quiet = all(summary.quiet for summary in summaries)
        return self.find(left, s.target, known if certain else known.unsure(), quiet=quiet)

    FOLDERS: ClassVar[Mapping[type[p.Statement], Callable[[Any, Any], Folded]]] = {
        **Steps.FOLDERS,
        p.Nested: _nested, p.Not: _not, p.Scan: _scan, p.With: _with, nodes.Reference: _refer,
    }  # fmt: skip


def _renewed(s: p.Statement, blocks: tuple[p.Block, ...]) -> Any:
    """Return a statement with what is left of its blocks."""
    return s if are_same(blocks, blocks_of(s)) else with_blocks(s, blocks)
