"""Gives every rule's body local numbers of its own, and drops mere copies."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from rego import nodes
from rego import plan as p
from rego.flow import CHANGES, READS, WRITES, blocks_of, exposed, reads, walk, writes, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def separated(
    blocks: tuple[p.Block, ...], params: tuple[p.Local, ...], result: p.Local | None
) -> tuple[p.Block, ...]:
    """Return blocks in which no two rules share a local by chance, and no local is just another's copy.

    The planner numbers the locals of each rule's body anew.
    Where a body sets a local before it reads it, and no other body reads it unset, the number is only reused:
    it becomes a number of its own.

    Args:
        blocks: A function's blocks.
        params: Its parameters: the input, the data, then arguments.
        result: The local that it returns; None for an entrypoint.
    """
    kept = {*params, *(() if result is None else (result,))}
    units = [inner for block in blocks for inner in _bodies(block)]
    shared = kept.union(*map(exposed, units))
    following = max([*kept, *written(blocks), *shared], default=0) + 1
    fixed = kept - written(blocks)
    done: list[p.Block] = []
    for block in blocks:
        bodies: list[p.Block] = []
        for body in _bodies(block):
            statements = list(walk((body,)))
            own = sorted(_mentioned(statements) - shared)
            names = dict(zip(own, range(following, following + len(own)), strict=True))
            following += len(own)
            bodies.append(renamed(body, _without_copies(statements, names, fixed, params[1])))
        if _is_chain(block):
            bodies = [p.Block((replace(block.statements[0], blocks=tuple(bodies)),))]  # type: ignore[call-arg]  # a Nested
        done.extend(bodies)
    return tuple(done)


def _is_chain(block: p.Block) -> bool:
    """Tell a rule with `else`: a single statement that holds a block for each body."""
    return len(block.statements) == 1 and isinstance(block.statements[0], p.Nested)


def _bodies(block: p.Block) -> tuple[p.Block, ...]:
    return blocks_of(block.statements[0]) if _is_chain(block) else (block,)


def _mentioned(statements: Iterable[p.Statement]) -> set[p.Local]:
    return {local for statement in statements for local in (*reads(statement), *writes(statement))}


def _without_copies(
    statements: list[p.Statement], names: dict[p.Local, p.Local], fixed: set[p.Local], data: p.Local
) -> dict[p.Local, p.Local]:
    """Let a copy share its original's name where both are set once, and the copy is not changed in place.

    Nothing outside the body reads either (they are its own), so a read of the copy comes after the copying.
    A copy of the data that is stepped into stays: OPA steps into its store by other rules (opa#3711).
    """
    stored = {data}
    stepped: set[p.Local] = set()
    for s in statements:
        if isinstance(s, p.Dot) and type(s.source) is int:
            stepped.add(s.source)
            if s.source in stored:
                stored.add(s.target)
    changed = {getattr(s, CHANGES[type(s)]) for s in statements if type(s) in CHANGES}
    bound = Counter(local for s in statements if type(s) not in CHANGES for local in writes(s))
    for s in statements:
        if isinstance(s, p.AssignVar) and type(s.source) is int and s.target in names:
            original = names.get(s.source, s.source if s.source in fixed else None)
            once = bound[s.target] == 1 and (s.source in fixed or bound[s.source] == 1)
            from_store = s.source in stored and s.target in stepped
            if original is not None and once and s.target not in changed and not from_store:
                names[s.target] = original
    return names


def renamed(block: p.Block, names: Mapping[p.Local, p.Local]) -> p.Block:
    """Return a block with other names for its locals, and without copies of a local to itself."""
    found = [_renamed_statement(statement, names) for statement in block.statements]
    return p.Block(tuple(s for s in found if not (type(s) is p.AssignVar and s.source == s.target)))


def _renamed_statement(s: p.Statement, names: Mapping[p.Local, p.Local]) -> p.Statement:
    kind: Any = type(s)
    made: list[Any] = []
    for name, part in _parts(kind):
        value = getattr(s, name)
        if part is None:
            made.append(value)
        elif part == "local":
            made.append(names.get(value, value) if type(value) is int else value)
        elif part == "operands":
            made.append(tuple([names.get(item, item) if type(item) is int else item for item in value]))
        elif part == "block":
            made.append(renamed(value, names))
        else:
            made.append(tuple([renamed(item, names) for item in value]))
    renewed: p.Statement = kind(*made)
    return renewed


@cache
def _parts(kind: type[p.Statement]) -> tuple[tuple[str, str | None], ...]:
    """Return a statement's fields, and what each holds that has to do with locals."""
    named: dict[str, Any] = dict.fromkeys((*READS.get(kind, ()), *WRITES.get(kind, ())), "local")
    if kind in {p.Call, p.CallDynamic}:
        named |= {"args": "operands"} | ({"path": "operands"} if kind is p.CallDynamic else {})
    named |= {"block": "block"} if kind in {p.Not, p.Scan, p.With} else {}
    named |= {"blocks": "blocks"} if kind is p.Nested else {}
    named |= {"dynamic": "block", "base": "block"} if kind is nodes.Reference else {}
    return tuple((field.name, named.get(field.name)) for field in fields(kind))
