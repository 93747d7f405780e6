"""Puts what a rule's body asks of the input, the data and its arguments before all else that it does.

OPA's rule index looks at these first, too: a body that they rule out is not entered,
and no error can happen in it (v1/ast/index.go). It also saves the work.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from rego import plan as p
from rego.flow import CHANGES, blocks_of, exposed, walk, writes
from rego.nodes import IsText, Lookup

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

#: The builtins that OPA's index asks about, with the place of the string among so many operands.
_INDEXED: Final[Mapping[str, tuple[int, int]]] = {
    "startswith": (0, 2),
    "endswith": (0, 2),
    "strings.any_prefix_match": (0, 2),
    "strings.any_suffix_match": (0, 2),
}


def with_conditions_first(
    blocks: tuple[p.Block, ...], params: Iterable[p.Local], constants: Container[p.Local]
) -> tuple[p.Block, ...]:
    """Return blocks in which lookups, and comparisons of what they found with constants, come first.

    Args:
        blocks: A function's blocks, with lookups.
        params: Its parameters.
        constants: The locals that only ever hold one known value.
    """
    written = Counter(local for s in walk(blocks) for local in writes(s))
    unfit = set().union(*map(exposed, blocks)) | {local for local, times in written.items() if times > 1}
    roots = {param for param in params if not written[param]}
    return tuple(_reordered(block, roots, unfit, constants) for block in blocks)


def _reordered(
    block: p.Block, roots: set[p.Local], unfit: set[p.Local], constants: Container[p.Local]
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
    statements = _with_texts(block.statements, roots, constants)
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


def _with_texts(
    statements: tuple[p.Statement, ...], roots: set[p.Local], constants: Container[p.Local]
) -> list[p.Statement]:
    """Put before a builtin that OPA's index knows the question whether its operand is a string at all."""
    found: list[p.Statement] = []
    stepped = set(roots)
    for s, following in pairwise((*statements, None)):
        if isinstance(s, p.Call) and s.func in _INDEXED and len(s.args) == _INDEXED[s.func][1]:
            asked = s.args[_INDEXED[s.func][0]]
            others = [arg for arg in s.args if arg is not asked]
            positive = isinstance(following, p.NotEqual) and following.a == s.result and following.b is False
            known = all(type(arg) is not int or arg in constants for arg in others)
            if positive and known and type(asked) is int and asked in stepped:
                found.append(IsText(s.location, asked))
        if isinstance(s, Lookup) or (isinstance(s, p.Dot) and type(s.key) is str and s.source in stepped):
            stepped.add(s.target)
        if s is not None:
            found.append(s)
    return found


def _has_effect(s: p.Statement, unfit: set[p.Local]) -> bool:
    """Tell a statement that does what a condition after it could not undo."""
    return any(
        isinstance(inner, p.AssignVarOnce | p.Break | p.ResultSetAdd | p.ReturnLocal)
        or (type(inner) in CHANGES and not unfit.isdisjoint(writes(inner)))
        for inner in (s, *walk(blocks_of(s)))
    )


def _asks_only(
    s: p.Statement, known: set[p.Local], unfit: set[p.Local], constants: Container[p.Local]
) -> bool:
    """Tell a statement that cannot fail with an error and depends on nothing but parameters."""
    if isinstance(s, Lookup):
        return s.source in known and s.target not in unfit
    if isinstance(s, p.Dot):
        return type(s.key) is str and s.source in known and s.target not in unfit
    if isinstance(s, IsText):
        return s.source in known
    if isinstance(s, p.Equal):
        sides = [operand for operand in (s.a, s.b) if type(operand) is int and operand not in constants]
        return len(sides) == 1 and sides[0] in known
    return False
