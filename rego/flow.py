"""What statements read and write: the facts that both code generation and the analysis of reads rest on.

Everything here is static and conservative; nothing looks at values.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from rego import nodes
from rego import plan as p

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

#: The fields of a statement that name locals it reads.
READS: Final[Mapping[type[p.Statement], tuple[str, ...]]] = {
    p.ArrayAppend: ("value", "array"),
    p.AssignVar: ("source",),
    p.AssignVarOnce: ("source", "target"),
    p.Dot: ("source", "key"),
    p.Equal: ("a", "b"),
    p.NotEqual: ("a", "b"),
    p.IsArray: ("source",),
    p.IsObject: ("source",),
    p.IsSet: ("source",),
    p.IsDefined: ("source",),
    p.IsUndefined: ("source",),
    nodes.IsCollection: ("source",),
    nodes.HasAffix: ("source",),
    nodes.MayBe: ("source",),
    nodes.Lookup: ("source",),
    p.Len: ("source",),
    p.ObjectInsert: ("key", "value", "object"),
    p.ObjectInsertOnce: ("key", "value", "object"),
    p.ObjectMerge: ("a", "b"),
    p.ResultSetAdd: ("value",),
    p.ReturnLocal: ("source",),
    p.Scan: ("source",),
    p.SetAdd: ("value", "set"),
    p.With: ("local", "value"),
}
#: The fields of a statement that name locals it sets or changes.
WRITES: Final[Mapping[type[p.Statement], tuple[str, ...]]] = {
    p.ArrayAppend: ("array",),
    p.AssignInt: ("target",),
    p.AssignVar: ("target",),
    p.AssignVarOnce: ("target",),
    p.Call: ("result",),
    p.CallDynamic: ("result",),
    p.Dot: ("target",),
    nodes.Lookup: ("target",),
    nodes.Reference: ("target",),
    p.Len: ("target",),
    p.MakeArray: ("target",),
    p.MakeNull: ("target",),
    p.MakeNumberInt: ("target",),
    p.MakeNumberRef: ("target",),
    p.MakeObject: ("target",),
    p.MakeSet: ("target",),
    p.ObjectInsert: ("object",),
    p.ObjectInsertOnce: ("object",),
    p.ObjectMerge: ("target",),
    p.ResetLocal: ("target",),
    p.Scan: ("key", "value"),
    p.SetAdd: ("set",),
    p.With: ("local",),
}
#: The local that a statement changes in place.
CHANGES: Final[Mapping[type[p.Statement], str]] = {
    p.ArrayAppend: "array",
    p.ObjectInsert: "object",
    p.ObjectInsertOnce: "object",
    p.SetAdd: "set",
}
_MAKES: Final = (p.MakeArray, p.MakeObject, p.MakeSet, p.ResetLocal)


def is_local(operand: p.Operand) -> bool:
    """Tell a local from a constant."""
    return type(operand) is int


_INNER: Final[Mapping[type[p.Statement], Callable[[Any], tuple[p.Block, ...]]]] = {
    p.Nested: lambda s: s.blocks,
    p.Not: lambda s: (s.block,),
    p.Scan: lambda s: (s.block,),
    p.With: lambda s: (s.block,),
    nodes.Reference: lambda s: (s.dynamic, s.base),
}


#: The types of statements that have blocks in them.
WITH_BLOCKS: Final = _INNER.keys()


def blocks_of(statement: p.Statement) -> tuple[p.Block, ...]:
    """Return the blocks inside a statement."""
    inner = _INNER.get(type(statement))
    return inner(statement) if inner else ()


def with_blocks(s: p.Statement, blocks: tuple[p.Block, ...]) -> p.Statement:
    """Return a statement with other blocks in it, as many as it had."""
    if isinstance(s, p.Nested):
        return p.Nested(s.location, blocks)
    if isinstance(s, nodes.Reference):
        return replace(s, dynamic=blocks[0], base=blocks[1])
    return replace(s, block=blocks[0])  # type: ignore[call-arg]  # a statement with one block


def walk(blocks: Iterable[p.Block]) -> list[p.Statement]:
    """Return every statement in blocks, inner ones too, each before those inside it."""
    found: list[p.Statement] = []
    _collect(blocks, found)
    return found


def _collect(blocks: Iterable[p.Block], found: list[p.Statement]) -> None:
    for block in blocks:
        for statement in block.statements:
            found.append(statement)
            inner = _INNER.get(type(statement))
            if inner is not None:
                _collect(inner(statement), found)


def _reader(names: tuple[str, ...]) -> Callable[[Any], tuple[p.Local, ...]]:
    if len(names) == 1:
        get = attrgetter(names[0])
        return lambda s: (found,) if type(found := get(s)) is int else ()
    get_all = attrgetter(*names)
    return lambda s: tuple([found for found in get_all(s) if type(found) is int])


def _writer(names: tuple[str, ...]) -> Callable[[Any], tuple[p.Local, ...]]:
    get: Any = attrgetter(*names)
    return (lambda s: (get(s),)) if len(names) == 1 else get


_READ: Final[Mapping[type[p.Statement], Callable[[Any], tuple[p.Local, ...]]]] = {
    **{kind: _reader(names) for kind, names in READS.items()},
    p.Call: lambda s: tuple([operand for operand in s.args if type(operand) is int]),
    p.CallDynamic: lambda s: tuple([operand for operand in (*s.args, *s.path) if type(operand) is int]),
}
_WRITTEN: Final[Mapping[type[p.Statement], Callable[[Any], tuple[p.Local, ...]]]] = {
    kind: _writer(names) for kind, names in WRITES.items()
}


def reads(statement: p.Statement) -> tuple[p.Local, ...]:
    """Return the locals that a statement itself reads, not counting its blocks."""
    get = _READ.get(type(statement))
    return get(statement) if get else ()


def writes(statement: p.Statement) -> tuple[p.Local, ...]:
    """Return the locals that a statement itself sets or changes, not counting its blocks."""
    get = _WRITTEN.get(type(statement))
    return get(statement) if get else ()


@dataclass(frozen=True, slots=True)
class Times:
    """How often the statements of a function read and set each local."""

    read: Counter[p.Local]
    written: Counter[p.Local]


def times(blocks: Iterable[p.Block]) -> Times:
    """Count what blocks read and set."""
    statements = walk(blocks)
    return Times(
        Counter([local for s in statements for local in reads(s)]),
        Counter([local for s in statements for local in writes(s)]),
    )


def written(blocks: Iterable[p.Block]) -> set[p.Local]:
    """Return every local that blocks set or change."""
    return {local for statement in walk(blocks) for local in writes(statement)}


def rebound(blocks: Iterable[p.Block]) -> set[p.Local]:
    """Return every local that may hold another value after blocks; a change in place does not count."""
    return {local for s in walk(blocks) if type(s) not in CHANGES for local in writes(s)}


def live(statements: Sequence[p.Statement], also: Iterable[p.Local]) -> set[p.Local]:
    """Return the locals whose value can matter among all statements of a function.

    An assignment to any other is dead.
    """
    found = set(also)
    for statement in statements:
        if not isinstance(statement, p.AssignVar):
            found.update(reads(statement))
    copies = [
        (s.source, s.target) for s in statements if isinstance(s, p.AssignVar) and type(s.source) is int
    ]
    changed = True
    while changed:
        changed = False
        for source, target in copies:
            if target in found and source not in found:
                found.add(source)
                changed = True
    return found


def stepped_into(statements: Iterable[p.Statement], constants: Container[p.Local] = ()) -> set[p.Local]:
    """Return the locals that a reference goes on from by a variable, at once or after more steps.

    What stands before a variable in a reference is nothing that OPA's rule index requires.

    Args:
        statements: Statements, with or without those inside them.
        constants: Locals that are known to be constants: no variables.
    """
    every = [*statements]
    every += walk([block for s in every for block in blocks_of(s)])
    found = {s.source for s in every if isinstance(s, p.Scan)}
    for s in reversed(every):
        if isinstance(s, p.Dot) and type(s.source) is int:
            by_variable = type(s.key) is int and s.key not in constants
            if by_variable or s.target in found:
                found.add(s.source)
    return found


def exposed(block: p.Block, defined: Iterable[p.Local] = ()) -> set[p.Local]:
    """Return the locals that a block may read before it sets them."""
    found: set[p.Local] = set()
    _expose(block, set(defined), found)
    return found


def _expose(block: p.Block, known: set[p.Local], found: set[p.Local]) -> None:
    for statement in block.statements:
        for local in reads(statement):
            if local not in known:
                found.add(local)
        for nested in blocks_of(statement):
            inner = known.union(writes(statement)) if isinstance(statement, p.Scan) else known.copy()
            _expose(nested, inner, found)
        if not isinstance(statement, p.Scan):
            known.update(writes(statement))


def owned(statements: Iterable[p.Statement]) -> set[p.Local]:
    """Return the locals that hold nothing but collections made in these very statements, all of a function's.

    Only those may be changed in place: any other might be a part of the input or of the data, which
    evaluations share.
    """
    made: set[p.Local] = set()
    foreign: set[p.Local] = set()
    for statement in statements:
        if isinstance(statement, _MAKES):
            made.update(writes(statement))
        elif type(statement) not in CHANGES:
            foreign.update(writes(statement))
    return made - foreign
