"""Puts what a rule's body asks of the input, the data and its arguments before all else that it does.

OPA's rule index looks at these first, too: a body that they rule out is not entered,
and no error can happen in it (v1/ast/index.go). It also saves the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from rego import plan as p
from rego.flow import blocks_of, stepped_into, walk, with_blocks, writes
from rego.nodes import HasAffix, Lookup, MayBe
from rego.values import RegoSet, members

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

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
    return tuple(
        _reordered(block, _Front(roots, set(params[2:]), unfit, shared, constants)) for block in blocks
    )


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
        shared: The locals that other bodies may look at.
        constants: The locals that only ever hold one known value.
    """

    roots: set[p.Local]
    arguments: set[p.Local]
    unfit: set[p.Local]
    shared: set[p.Local]
    constants: Mapping[p.Local, Value]

    def sorted(self, statements: tuple[p.Statement, ...]) -> tuple[p.Statement, ...]:
        first: list[p.Statement] = []
        rest = self.split(statements, first, set(self.roots), after=False)
        return (*first, *rest)

    def split(
        self,
        given: tuple[p.Statement, ...],
        first: list[p.Statement],
        known: set[p.Local],
        *,
        after: bool,
        apart: frozenset[p.Local] = frozenset(),
    ) -> tuple[p.Statement, ...]:
        """Move what only asks into `first`; return the rest.

        The planner puts all that follows an iteration into it: a last scan is looked into as well.

        Args:
            given: The statements.
            first: What goes before them.
            known: The locals whose values depend on nothing but parameters.
            after: Whether anything stands between `first` and these.
            apart: The locals that are taken apart because an object is written beside them.
        """
        apart |= {
            s.source for s in walk((p.Block(given),)) if type(s) is p.IsObject and type(s.source) is int
        }
        statements = _with_affixes(given, self.roots, self.arguments, self.constants)
        unrequired = not_required(statements, self.constants)
        rest: list[p.Statement] = []
        moving = True
        for s, following in zip(statements, [*statements[1:], None], strict=False):
            behind = after or bool(rest)
            if (
                moving
                and self.finds(s, known, apart)
                and not (behind and not unrequired.isdisjoint(writes(s)))
            ):
                first.append(s)
                known.update(writes(s))
            elif moving and isinstance(s, p.Scan) and s is statements[-1]:
                inner = self.split(s.block.statements, first, known, after=True, apart=apart)
                rest.append(with_blocks(s, (p.Block(inner),)))
            else:
                asked = self.asked(s, following, known) if moving else None
                if asked is not None and behind:
                    first.append(asked)
                (rest if behind or asked is None else first).append(s)
                moving = moving and not _has_effect(s, self.shared)
        return tuple(rest)

    def finds(self, s: p.Statement, known: set[p.Local], apart: Container[p.Local]) -> bool:
        """Tell a step that cannot fail with an error and depends on nothing but parameters.

        What is compared with a written object is taken apart step by step; OPA's index knows no objects.
        """
        if isinstance(s, HasAffix):
            return s.source in known
        if not isinstance(s, Lookup | p.Dot) or not self.unfit.isdisjoint(writes(s)):
            return False
        if s.source in apart:
            return False
        fixed = isinstance(s, Lookup) or type(s.key) is not int or s.key in self.constants
        return fixed and s.source in known - self.arguments

    def asked(self, s: p.Statement, following: p.Statement | None, known: set[p.Local]) -> MayBe | None:
        """Return what OPA's index makes of a comparison or a membership that has a constant on one side."""
        if isinstance(s, p.Equal):
            one, other = s.a, s.b
        elif isinstance(s, p.Call) and s.func == _MEMBERSHIP and _is_positive(s, following):
            one, other = s.args
        else:
            return None
        for path, constant in ((one, other), (other, one)):
            if type(path) is int and path in known and self.is_constant(constant):
                value = self.constants[constant] if type(constant) is int else constant
                collected = isinstance(s, p.Call) and path == one
                values = tuple(members(value)) if collected else (value,)
                # OPA's index knows no objects and sets: it enters the body, and an error in it is one.
                fits = bool(values) and all(map(_is_scalar, values))
                return MayBe(s.location, path, values) if fits else None
        return None

    def is_constant(self, operand: p.Operand) -> bool:
        return type(operand) is not int or operand in self.constants


def not_required(statements: Iterable[p.Statement], constants: Mapping[p.Local, Value]) -> set[p.Local]:
    """Return the locals whose having a value OPA's index does not require.

    Those are what a scan runs over or a variable steps into, two references that are compared with each
    other, and what is compared with an object or a set, or taken apart by one.

    Args:
        statements: A body's statements.
        constants: The locals that only ever hold one known value.
    """
    body = list(statements)
    found = stepped_into(body, constants)
    for s in body:
        if isinstance(s, p.IsObject) and type(s.source) is int:
            found.add(s.source)
        if isinstance(s, p.Equal):
            sides = {side for side in (s.a, s.b) if type(side) is int and side not in constants}
            values = [constants[side] for side in (s.a, s.b) if type(side) is int and side in constants]
            if len(sides) > 1 or not all(map(_is_scalar, values)):
                found |= sides
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
            affixes = _texts(constants.get(affix) if type(affix) is int else affix)
            if _is_positive(s, following) and affixes and type(asked) is int and asked in stepped:
                found.append(HasAffix(s.location, asked, affixes, _AT_END[s.func]))
        if s is None:
            break
        parts = isinstance(s, p.Dot) and type(s.key) is str and s.source in stepped - arguments
        if isinstance(s, Lookup) or parts:
            stepped.update(writes(s))
        found.append(s)
    return found


def _is_positive(call: p.Call, following: p.Statement | None) -> bool:
    """Tell a call whose answer is a condition, not a value."""
    return isinstance(following, p.NotEqual) and following.a == call.result and following.b is False


def _is_scalar(value: Value) -> bool:
    return type(value) not in {dict, list, RegoSet}


def _texts(value: Value) -> tuple[str, ...]:
    """Return a text, or a collection's texts where it has nothing else."""
    if type(value) is str:
        return (value,)
    found = tuple(value) if type(value) in {list, RegoSet} else ()
    return found if all(type(text) is str for text in found) else ()


def _has_effect(s: p.Statement, shared: set[p.Local]) -> bool:
    """Tell a statement that does what a condition after it could not undo.

    What it does to the body's own locals, as `every` and comprehensions do, nobody sees if the body is left.
    """
    return any(
        isinstance(inner, p.AssignVarOnce | p.Break | p.ResultSetAdd | p.ReturnLocal)
        or not shared.isdisjoint(writes(inner))
        for inner in (s, *walk(blocks_of(s)))
    )
