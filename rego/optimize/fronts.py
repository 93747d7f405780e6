"""Puts what a rule's body asks of the input, the data and its arguments before all else that it does.

OPA's rule index looks at these first, too: a body that they rule out is not entered,
and no error can happen in it (v1/ast/index.go). It also saves the work.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from rego import plan as p
from rego.flow import CHANGES, blocks_of, walk, writes
from rego.nodes import HasAffix, Lookup
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rego.flow import Times
    from rego.values import Value

#: The builtins that OPA's index asks about, and whether each is about the end of a string.
_AT_END: Final[Mapping[str, bool]] = {
    "startswith": False,
    "endswith": True,
    "strings.any_prefix_match": False,
    "strings.any_suffix_match": True,
}


def with_conditions_first(
    blocks: tuple[p.Block, ...],
    params: Iterable[p.Local],
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
    roots = {param for param in params if not times.written[param]}
    return tuple(_reordered(block, roots, unfit, constants) for block in blocks)


def _reordered(
    block: p.Block, roots: set[p.Local], unfit: set[p.Local], constants: Mapping[p.Local, Value]
) -> p.Block:
    match block.statements:
        case (p.Nested(blocks=bodies) as chain,) if len(bodies) > 1:  # a rule with `else`
            inner = tuple(_reordered(body, roots, unfit, constants) for body in bodies)
            return p.Block((p.Nested(chain.location, inner),))
        case _:
            pass
    known, moving = set(roots), True
    resets: list[p.Statement] = []
    first: list[p.Statement] = []
    rest: list[p.Statement] = []
    statements = _with_affixes(block.statements, roots, constants)
    unfit = unfit | _compared(statements, constants)
    for s in statements:
        if isinstance(s, p.ResetLocal) and not first and not rest:
            resets.append(s)
        elif moving and _asks_only(s, known, unfit, constants):
            first.append(s)
            known.update(writes(s))
        else:
            rest.append(s)
            moving = moving and not _has_effect(s, unfit)
    return p.Block((*resets, *first, *rest))


def _compared(statements: list[p.Statement], constants: Mapping[p.Local, Value]) -> set[p.Local]:
    """Return the locals that are compared with each other: of two references OPA's index requires neither."""
    found: set[p.Local] = set()
    for s in statements:
        if isinstance(s, p.Equal):
            sides = {side for side in (s.a, s.b) if type(side) is int and side not in constants}
            found |= sides if len(sides) > 1 else set()
    return found


def _with_affixes(
    statements: tuple[p.Statement, ...], roots: set[p.Local], constants: Mapping[p.Local, Value]
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
        if isinstance(s, Lookup) or (isinstance(s, p.Dot) and type(s.key) is str and s.source in stepped):
            stepped.add(s.target)
        if s is not None:
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


def _asks_only(
    s: p.Statement, known: set[p.Local], unfit: set[p.Local], constants: Mapping[p.Local, Value]
) -> bool:
    """Tell a statement that cannot fail with an error and depends on nothing but parameters."""
    if isinstance(s, Lookup):
        return s.source in known and s.target not in unfit
    if isinstance(s, p.Dot):
        return type(s.key) is str and s.source in known and s.target not in unfit
    if isinstance(s, HasAffix):
        return s.source in known
    if isinstance(s, p.Equal):
        sides = [operand for operand in (s.a, s.b) if type(operand) is int and operand not in constants]
        return len(sides) == 1 and sides[0] in known
    return False
