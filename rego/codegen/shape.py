"""Which blocks can be written without a loop of their own, and which scans without order; purely static."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rego import flow, nodes
from rego import plan as p
from rego.optimize.shapes import DYNAMIC_LEVELS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_MAX_CONDITIONS: Final = 14
#: Statements that cannot fail with an error and change nothing but their target.
PURE: Final = (p.AssignInt, p.AssignVar, p.Dot, nodes.Lookup, p.ResetLocal)
_CONDITIONS: Final = (
    p.Equal, p.NotEqual, p.IsArray, p.IsObject, p.IsSet, p.IsDefined, p.IsUndefined,
    nodes.IsCollection, nodes.HasAffix, nodes.MayBe,
)  # fmt: skip


def is_flat(block: p.Block, final: p.Local | None, *, inside_flat: bool) -> bool:
    """Tell whether a block needs no loop of its own.

    Args:
        block: The block.
        final: The local after whose assignment nothing else can matter, or None.
        inside_flat: Whether the block around it has no loop either.
    """
    if len(block.statements) > _MAX_CONDITIONS:
        return False
    last = len(block.statements) - 1
    return all(
        _fits(s, final, inside_flat=inside_flat, is_last=place == last)
        for place, s in enumerate(block.statements)
    )


def _fits(s: p.Statement, final: p.Local | None, *, inside_flat: bool, is_last: bool) -> bool:
    if isinstance(s, p.Break):
        return s.index == 0 or (s.index == 1 and not inside_flat)
    if isinstance(s, p.Not):
        return is_condition(s.block)
    if isinstance(s, p.CallDynamic | nodes.Reference):
        return isinstance(s, nodes.Reference)
    inner = flow.blocks_of(s)
    if any(_escapes(block, 0) for block in inner):
        return False
    if not inner or final is None or not _assigns(inner, final):
        return True
    direct = isinstance(s, p.Scan) and not any(_assigns(flow.blocks_of(t), final) for t in s.block.statements)
    return direct and is_last


def _assigns(blocks: Iterable[p.Block], local: p.Local) -> bool:
    return any(isinstance(s, p.AssignVarOnce) and s.target == local for s in flow.walk(blocks))


def _escapes(block: p.Block, depth: int) -> bool:
    """Tell whether anything in a block leaves the block `depth` levels around it, or more."""
    for s in block.statements:
        if isinstance(s, nodes.Reference):
            continue
        if isinstance(s, p.Break) and s.index > depth:
            return True
        if isinstance(s, p.CallDynamic) and depth < DYNAMIC_LEVELS:
            return True
        inside_not = isinstance(s, p.Not) and depth < 1 and not is_condition(s.block)
        if inside_not or any(_escapes(inner, depth + 1) for inner in flow.blocks_of(s)):
            return True
    return False


def is_condition(block: p.Block) -> bool:
    """Tell whether a block can be asked as one expression after a few lines that cannot harm.

    Only the first statement that may fail with an error may stand there, before any condition.
    """
    asked = called = False
    for s in block.statements:
        if isinstance(s, PURE):
            if isinstance(s, p.Dot) and type(s.key) is not str:
                return False
            asked = asked or isinstance(s, p.Dot | nodes.Lookup)
        elif isinstance(s, _CONDITIONS):
            asked = True
        elif isinstance(s, p.Call) and not asked and not called:
            called = True
        else:
            return False
    return True


def is_orderless(block: p.Block, outside: Container[p.Local], final: p.Local | None) -> bool:
    """Tell whether a scan may run over a set's members in any order.

    It may where its body only adds to sets and objects or assigns constants,
    and leaves nothing behind in a local that anything outside reads.

    Args:
        block: The scan's body.
        outside: Locals that something outside the body reads.
        final: The local after whose assignment nothing else can matter, or None.
    """
    if final is not None and _assigns((block,), final):
        # The first member that holds ends the scan: one after it must not get to fail with an error.
        return not any(isinstance(s, p.Call | p.CallDynamic) for s in flow.walk((block,)))
    if flow.exposed(block) & flow.rebound((block,)):  # one round leaves something for the next
        return False
    statements = flow.walk((block,))
    calls = any(isinstance(s, p.Call) for s in statements)
    return all(_minds_no_order(s, outside, calls=calls) for s in statements)


def _minds_no_order(s: p.Statement, outside: Container[p.Local], *, calls: bool) -> bool:
    if isinstance(s, p.AssignVar | p.AssignVarOnce) and type(s.source) is not int:
        # So ends `every`, too: of a call behind its end, no error may be seen.
        return not calls or s.target not in outside
    if isinstance(s, p.ArrayAppend | p.AssignVarOnce | p.ResultSetAdd | p.ReturnLocal | p.With):
        return False
    if isinstance(s, p.CallDynamic | p.Break):
        return False
    return type(s) in flow.CHANGES or not any(local in outside for local in flow.writes(s))
