"""Writes a loop over a few known members that asks rules by name as that many questions to known rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rego import nodes
from rego import plan as p
from rego.flow import exposed, walk, written
from rego.optimize.names import renamed
from rego.values import pairs

if TYPE_CHECKING:
    from collections.abc import Container

    from rego.values import Value

_MEMBERS: Final = 16
_STATEMENTS: Final = 12


def unrolled(
    s: p.Scan,
    before: p.Scan,
    source: Value,
    following: p.Statement | None,
    outside: Container[p.Local],
    free: p.Local,
) -> tuple[list[p.Statement], dict[p.Local, Value], p.Local] | None:
    """Return what a scan does, member by member, the locals that hold keys and members, and what is free now.

    None where it is left as it is: where it is no question for rules by name, where it is long, or leaves
    more behind than whether it was decided. That is what the end of `every` says, and the statement behind
    it asks; here that is asked after each member, so that as with OPA none behind a failure is looked at.

    Args:
        s: The scan.
        before: The same before anything was left out of it.
        source: What it runs over.
        following: The statement behind it.
        outside: The locals that something outside the scan reads.
        free: The first number that no local of the function has.
    """
    statements = walk((s.block,))
    asks = any(isinstance(t, nodes.Reference) for t in walk((before.block,)))
    if not asks or len(statements) > _STATEMENTS or len(source) > _MEMBERS:
        return None
    if any(isinstance(t, p.With | p.AssignVarOnce | p.ReturnLocal | p.ResultSetAdd) for t in statements):
        return None
    inside = written((s.block,))
    left = {local for local in inside if local in outside}
    test = following if isinstance(following, p.IsUndefined) and left == {following.source} else None
    own = {s.key, s.value, *inside} - left
    if (left and test is None) or not exposed(s.block).isdisjoint(inside):
        return None
    found: list[p.Statement] = []
    constants: dict[p.Local, Value] = {}
    for key, value in pairs(source):
        names = {local: free + place for place, local in enumerate(sorted(own))}
        free += len(own)
        constants |= {names[s.key]: key, names[s.value]: value}
        found.append(p.Nested(s.location, (renamed(s.block, names),)))
        found += [test] if test else []
    return found, constants, free
