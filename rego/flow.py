"""What statements read and write: the facts that both code generation and the analysis of reads rest on.

Everything here is static and conservative; nothing looks at values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from rego import plan as p

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_READS: Final[Mapping[type[p.Statement], tuple[str, ...]]] = {
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
_WRITES: Final[Mapping[type[p.Statement], tuple[str, ...]]] = {
    p.ArrayAppend: ("array",),
    p.AssignInt: ("target",),
    p.AssignVar: ("target",),
    p.AssignVarOnce: ("target",),
    p.Call: ("result",),
    p.CallDynamic: ("result",),
    p.Dot: ("target",),
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


def blocks_of(statement: p.Statement) -> tuple[p.Block, ...]:
    """Return the blocks inside a statement."""
    if isinstance(statement, p.Nested):
        return statement.blocks
    if isinstance(statement, p.Not | p.Scan | p.With):
        return (statement.block,)
    return ()


def walk(blocks: Iterable[p.Block]) -> Iterator[p.Statement]:
    """Yield every statement in blocks, inner ones too."""
    for block in blocks:
        for statement in block.statements:
            yield statement
            yield from walk(blocks_of(statement))


def reads(statement: p.Statement) -> list[p.Local]:
    """Return the locals that a statement itself reads, not counting its blocks."""
    if isinstance(statement, p.Call):
        operands: tuple[p.Operand, ...] = statement.args
    elif isinstance(statement, p.CallDynamic):
        operands = (*statement.args, *statement.path)
    else:
        operands = tuple(getattr(statement, name) for name in _READS.get(type(statement), ()))
    return [operand for operand in operands if type(operand) is int]


def writes(statement: p.Statement) -> list[p.Local]:
    """Return the locals that a statement itself sets or changes, not counting its blocks."""
    return [getattr(statement, name) for name in _WRITES.get(type(statement), ())]


def written(blocks: Iterable[p.Block]) -> set[p.Local]:
    """Return every local that blocks set or change."""
    return {local for statement in walk(blocks) for local in writes(statement)}


def rebound(blocks: Iterable[p.Block]) -> set[p.Local]:
    """Return every local that may hold another value after blocks; a change in place does not count."""
    return {local for s in walk(blocks) if type(s) not in CHANGES for local in writes(s)}


def live(blocks: Iterable[p.Block], also: Iterable[p.Local]) -> set[p.Local]:
    """Return the locals whose value can matter; an assignment to any other is dead."""
    found = set(also)
    statements = list(walk(blocks))
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


def exposed(block: p.Block, defined: Iterable[p.Local] = ()) -> set[p.Local]:
    """Return the locals that a block may read before it sets them."""
    known = set(defined)
    found: set[p.Local] = set()
    for statement in block.statements:
        found.update(local for local in reads(statement) if local not in known)
        inner = known | set(writes(statement)) if isinstance(statement, p.Scan) else known
        for nested in blocks_of(statement):
            found |= exposed(nested, inner)
        if not isinstance(statement, p.Scan):
            known.update(writes(statement))
    return found


def owned(blocks: Iterable[p.Block]) -> set[p.Local]:
    """Return the locals that hold nothing but collections made in these very blocks.

    Only those may be changed in place: any other might be a part of the input or of the data, which
    evaluations share.
    """
    made: set[p.Local] = set()
    foreign: set[p.Local] = set()
    for statement in walk(blocks):
        if isinstance(statement, _MAKES):
            made.update(writes(statement))
        elif type(statement) not in CHANGES:
            foreign.update(writes(statement))
    return made - foreign


def prepared(
    blocks: tuple[p.Block, ...], params: Iterable[p.Local], result: p.Local | None
) -> tuple[p.Block, ...]:
    """Return the blocks of a function in the form that is easiest to reason about, with the same meaning."""
    kept = {*params, *(() if result is None else (result,))}
    return separated(tuple(map(simplified, blocks)), kept)


def separated(blocks: tuple[p.Block, ...], kept: set[p.Local]) -> tuple[p.Block, ...]:
    """Return blocks in which no two rules share a local by chance.

    The planner numbers the locals of each rule's body anew.
    Where a body sets a local before it reads it, and no other body reads it unset, the number is only reused:
    it becomes a number of its own.
    """
    units = [inner for block in blocks for inner in _bodies(block)]
    shared = kept.union(*map(exposed, units))
    following = max([*kept, *written(blocks), *shared], default=0) + 1
    done: list[p.Block] = []
    for block in blocks:
        bodies: list[p.Block] = []
        for body in _bodies(block):
            own = sorted(_mentioned(body) - shared)
            names = dict(zip(own, range(following, following + len(own)), strict=True))
            following += len(own)
            bodies.append(_renamed(body, names))
        if _is_chain(block):
            bodies = [p.Block((replace(block.statements[0], blocks=tuple(bodies)),))]  # type: ignore[call-arg]  # a Nested
        done.extend(bodies)
    return tuple(done)


def _is_chain(block: p.Block) -> bool:
    """Tell a rule with `else`: a single statement that holds a block for each body."""
    return len(block.statements) == 1 and isinstance(block.statements[0], p.Nested)


def _bodies(block: p.Block) -> tuple[p.Block, ...]:
    return blocks_of(block.statements[0]) if _is_chain(block) else (block,)


def _mentioned(block: p.Block) -> set[p.Local]:
    return {local for statement in walk((block,)) for local in (*reads(statement), *writes(statement))}


def _renamed(block: p.Block, names: Mapping[p.Local, p.Local]) -> p.Block:
    return p.Block(tuple(_renamed_statement(statement, names) for statement in block.statements))


def _renamed_statement(s: p.Statement, names: Mapping[p.Local, p.Local]) -> p.Statement:
    changes: dict[str, Any] = {}
    for name in {*_READS.get(type(s), ()), *_WRITES.get(type(s), ())}:
        local = getattr(s, name)
        if type(local) is int and local in names:
            changes[name] = names[local]
    if isinstance(s, p.Call | p.CallDynamic):
        changes["args"] = tuple(names.get(arg, arg) if type(arg) is int else arg for arg in s.args)
    if isinstance(s, p.CallDynamic):
        changes["path"] = tuple(names.get(step, step) if type(step) is int else step for step in s.path)
    if isinstance(s, p.Nested):
        changes["blocks"] = tuple(_renamed(block, names) for block in s.blocks)
    if isinstance(s, p.Not | p.Scan | p.With):
        changes["block"] = _renamed(s.block, names)
    return replace(s, **changes) if changes else s


def simplified(block: p.Block) -> p.Block:
    """Return a block with the planner's plain lookups unwrapped.

    `block { block { steps; break 1 }; break 1 }` goes on after the steps or leaves the block around it, which
    is just what the bare steps do.
    """
    statements: list[p.Statement] = []
    for statement in block.statements:
        steps = _plain_lookup(statement)
        if steps is not None:
            statements.extend(steps)
        elif isinstance(statement, p.Nested):
            statements.append(replace(statement, blocks=tuple(map(simplified, statement.blocks))))
        elif isinstance(statement, p.Not | p.Scan | p.With):
            statements.append(replace(statement, block=simplified(statement.block)))
        else:
            statements.append(statement)
    return p.Block(tuple(statements))


def _plain_lookup(statement: p.Statement) -> tuple[p.Statement, ...] | None:
    match statement:
        case p.Nested(
            blocks=(p.Block(statements=(p.Nested(blocks=(p.Block(statements=inner),)), p.Break(index=1))),)
        ) if inner and isinstance(inner[-1], p.Break) and inner[-1].index == 1:
            steps = inner[:-1]
            plain = not any(isinstance(s, p.Break | p.ReturnLocal) or blocks_of(s) for s in steps)
            return steps if plain else None
        case _:
            return None
