"""Puts what a rule's body asks of the input, the data and its arguments before all else that it does.

OPA's rule index looks at these first, too: a body that they rule out is not entered,
and no error can happen in it (v1/ast/index.go). It also saves the work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from rego import plan as p
from rego.flow import CHANGES, blocks_of, walk, with_blocks, writes
from rego.nodes import HasAffix, Lookup
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rego.flow import Times
    from rego.values import Value

#: Looking for a member fails with no error, whatever the operands are.
_MEMBERSHIP: Final = "internal.member_2"
#: The builtins that OPA's index asks about, and whether each is about the end of a string.
_AT_END: Final[Mapping[str, bool]] = {
    "startswith": False,
    "endswith": True,
    "strings.any_prefix_match": False,
    "strings.any_suffix_match": True,
}


def with_conditions_first(
    blocks: tuple[p.Block, ...],
    params: tuple[p.Local, ...],
    shared: set[p.Local],
    constants: Mapping[p.Local, Value],
    times: Times,
) -> tuple[p.Block, ...]:
    """Return blocks in which lookups, and comparisons of what they found with constants, come first.

    Args:
        blocks: A function's blocks, with lookups.
        params: Its parameters.
        shared: The locals that more than one body may use.
        constants: The locals that only ever hold one known value.
        times: How often the function reads and sets each local.
    """
    unfit = shared | {local for local, often in times.written.items() if often > 1}
    roots = {param for param in params if times.written[param] == _replaced(param, blocks, times)}
    return tuple(_reordered(block, _Front(roots, set(params[2:]), unfit, constants)) for block in blocks)


def _replaced(param: p.Local, blocks: tuple[p.Block, ...], times: Times) -> int:
    """Return how often `with` replaces a parameter, which it puts back."""
    if not times.written[param]:
        return 0
    return sum(isinstance(s, p.With) and s.local == param for s in walk(blocks))


def _reordered(block: p.Block, front: _Front) -> p.Block:
    match block.statements:
        case (p.Nested(blocks=bodies) as chain,) if len(bodies) > 1:  # a rule with `else`
            inner = tuple(_reordered(body, front) for body in bodies)
            return p.Block((p.Nested(chain.location, inner),))
        case (p.ResetLocal() as reset, *rest):
            return p.Block((reset, *front.sorted(tuple(rest))))
        case _:
            return p.Block(front.sorted(block.statements))


@dataclass(frozen=True, slots=True)
class _Front:
    """Sorts a body's statements.

    Args:
        roots: The parameters that no statement sets.
        arguments: The parameters behind the input and the data; OPA's index does not know their parts.
        unfit: The locals that must not be set earlier.
        constants: The locals that only ever hold one known value.
        answers: The locals that hold what a builtin answered, with its name.
    """

    roots: set[p.Local]
    arguments: set[p.Local]
    unfit: set[p.Local]
    constants: Mapping[p.Local, Value]
    answers: set[tuple[p.Operand, str]] = field(default_factory=set)

    def sorted(self, statements: tuple[p.Statement, ...]) -> tuple[p.Statement, ...]:
        first: list[p.Statement] = []
        rest = self.split(statements, first, set(self.roots))
        return (*first, *rest)

    def split(
        self, given: tuple[p.Statement, ...], first: list[p.Statement], known: set[p.Local]
    ) -> tuple[p.Statement, ...]:
        """Move what only asks into `first`; return the rest.

        The planner puts all that follows an iteration into it: a last scan is looked into as well.
        """
        statements = _with_affixes(given, self.roots, self.arguments, self.constants)
        compared = _compared(statements, self.constants)
        rest: list[p.Statement] = []
        moving = True
        for s in statements:
            if moving and self.asks_only(s, known, compared):
                first.append(s)
                known.update(writes(s))
                self.answers.update((local, s.func) for local in writes(s) if isinstance(s, p.Call))
            elif moving and isinstance(s, p.Scan) and s is statements[-1]:
                inner = self.split(s.block.statements, first, known)
                rest.append(with_blocks(s, (p.Block(inner),)))
            else:
                rest.append(s)
                moving = moving and not _has_effect(s, self.unfit)
        return tuple(rest)

    def asks_only(self, s: p.Statement, known: set[p.Local], compared: set[p.Local]) -> bool:
        """Tell a statement that cannot fail with an error and depends on nothing but parameters."""
        if isinstance(s, p.Equal | p.NotEqual | HasAffix):
            return self.is_condition(s, known)
        if not isinstance(s, Lookup | p.Dot | p.Call) or not self.unfit.isdisjoint(writes(s)):
            return False
        if isinstance(s, p.Call):
            constant = any(type(operand) is not int or operand in self.constants for operand in s.args)
            return s.func == _MEMBERSHIP and constant and all(self.is_known(found, known) for found in s.args)
        steps = isinstance(s, Lookup) or type(s.key) is not int or s.key in self.constants
        return steps and s.source in known - self.arguments and s.target not in compared

    def is_condition(self, s: p.Equal | p.NotEqual | HasAffix, known: set[p.Local]) -> bool:
        if isinstance(s, HasAffix):
            return s.source in known
        if isinstance(s, p.NotEqual):  # that a path's end is false is no matter of the index
            return s.b is False and (s.a, _MEMBERSHIP) in self.answers
        sides = [side for side in (s.a, s.b) if type(side) is int and side not in self.constants]
        return len(sides) == 1 and sides[0] in known

    def is_known(self, operand: p.Operand, known: set[p.Local]) -> bool:
        return type(operand) is not int or operand in self.constants or operand in known


def _compared(statements: list[p.Statement], constants: Mapping[p.Local, Value]) -> set[p.Local]:
    """Return the locals that are compared with each other: of two references OPA's index requires neither."""
    found: set[p.Local] = set()
    for s in statements:
        if isinstance(s, p.Equal):
            sides = {side for side in (s.a, s.b) if type(side) is int and side not in constants}
            found |= sides if len(sides) > 1 else set()
    return found


def _with_affixes(
    statements: tuple[p.Statement, ...],
    roots: set[p.Local],
    arguments: set[p.Local],
    constants: Mapping[p.Local, Value],
) -> list[p.Statement]:
    """Put before `startswith` and its like, about what a path leads to, what OPA's index asks of it."""
    found: list[p.Statement] = []
    stepped = set(roots)
    for s, following in pairwise((*statements, None)):
        if isinstance(s, p.Call) and s.func in _AT_END and len(s.args) == 2:  # noqa: PLR2004 - a third takes the answer
            asked, affix = s.args
            positive = isinstance(following, p.NotEqual) and following.a == s.result and following.b is False
            affixes = _texts(constants.get(affix) if type(affix) is int else affix)
            if positive and affixes and type(asked) is int and asked in stepped:
                found.append(HasAffix(s.location, asked, affixes, _AT_END[s.func]))
        if s is None:
            break
        parts = isinstance(s, p.Dot) and type(s.key) is str and s.source in stepped - arguments
        if isinstance(s, Lookup) or parts:
            stepped.update(writes(s))
        found.append(s)
    return found


def _texts(value: Value) -> tuple[str, ...]:
    """Return a text, or a collection's texts where it has nothing else."""
    if type(value) is str:
        return (value,)
    found = tuple(value) if type(value) in {list, RegoSet} else ()
    return found if all(type(text) is str for text in found) else ()


def _has_effect(s: p.Statement, unfit: set[p.Local]) -> bool:
    """Tell a statement that does what a condition after it could not undo."""
    return any(
        isinstance(inner, p.AssignVarOnce | p.Break | p.ResultSetAdd | p.ReturnLocal)
        or (type(inner) in CHANGES and not unfit.isdisjoint(writes(inner)))
        for inner in (s, *walk(blocks_of(s)))
    )
