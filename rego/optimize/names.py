"""Gives every rule's body local numbers of its own, and drops mere copies."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rego import nodes
from rego import plan as p
from rego.flow import CHANGES, READS, WRITES, blocks_of, exposed, reads, stepped_into, walk, writes, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def separated(
    blocks: tuple[p.Block, ...], params: tuple[p.Local, ...], result: p.Local | None
) -> tuple[tuple[p.Block, ...], set[p.Local]]:
    """Return blocks in which no two rules share a local by chance, and no local is just another's copy.

    The planner numbers the locals of each rule's body anew.
    Where a body sets a local before it reads it, and no other body reads it unset, the number is only reused:
    it becomes a number of its own.

    Args:
        blocks: A function's blocks.
        params: Its parameters: the input, the data, then arguments.
        result: The local that it returns; None for an entrypoint.

    Returns:
        The blocks, and the locals that more than one body may use: the parameters, the result, and whatever
        is read somewhere before it is set there.
    """
    kept = {*params, *(() if result is None else (result,))}
    units = [inner for block in blocks for inner in _bodies(block)]
    shared = kept.union(*map(exposed, units))
    set_somewhere = written(blocks)
    following = max([*kept, *set_somewhere, *shared], default=0) + 1
    fixed = kept - set_somewhere
    taken: set[p.Local] = set()
    done: list[p.Block] = []
    for block in blocks:
        bodies: list[p.Block] = []
        for body in _bodies(block):
            statements = walk((body,))
            own = _mentioned(statements) - shared
            names = {local: local for local in own}
            clashing = sorted(own & taken)
            names.update(zip(clashing, range(following, following + len(clashing)), strict=True))
            following += len(clashing)
            taken |= own
            copied = _share_copies(statements, names, fixed, params[1])
            bodies.append(renamed(body, names) if clashing or copied else body)
        if _is_chain(block):
            bodies = [p.Block((replace(block.statements[0], blocks=tuple(bodies)),))]  # type: ignore[call-arg]  # a Nested
        done.extend(bodies)
    return tuple(done), shared


def _is_chain(block: p.Block) -> bool:
    """Tell a rule with `else`: a single statement that holds a block for each body."""
    return len(block.statements) == 1 and isinstance(block.statements[0], p.Nested)


def _bodies(block: p.Block) -> tuple[p.Block, ...]:
    return blocks_of(block.statements[0]) if _is_chain(block) else (block,)


def _mentioned(statements: Iterable[p.Statement]) -> set[p.Local]:
    return {local for statement in statements for local in (*reads(statement), *writes(statement))}


def _share_copies(
    statements: list[p.Statement], names: dict[p.Local, p.Local], fixed: set[p.Local], data: p.Local
) -> bool:
    """Let a copy share its original's name where both are set once, and the copy is not changed in place.

    Nothing outside the body reads either (they are its own), so a read of the copy comes after the copying.
    A copy of the data that is stepped into stays: OPA steps into its store by other rules (opa#3711).
    So does one that is stepped into by a variable: OPA requires what was copied before it enters the body,
    and of a reference with a variable nothing.
    """
    found = False
    stored = {data}
    stepped: set[p.Local] = set()
    for s in statements:
        if isinstance(s, p.Dot) and type(s.source) is int:
            stepped.add(s.source)
            if s.source in stored:
                stored.add(s.target)
    changed = {getattr(s, CHANGES[type(s)]) for s in statements if type(s) in CHANGES}
    bound = Counter(local for s in statements if type(s) not in CHANGES for local in writes(s))
    opened = stepped_into(statements)
    for s in statements:
        if isinstance(s, p.AssignVar) and type(s.source) is int and s.target in names:
            original = names.get(s.source, s.source if s.source in fixed else None)
            once = bound[s.target] == 1 and (s.source in fixed or bound[s.source] == 1)
            stays = s.target in opened or (s.source in stored and s.target in stepped)
            if original is not None and once and s.target not in changed and not stays:
                names[s.target] = original
                found = True
    return found


def renamed(block: p.Block, names: Mapping[p.Local, p.Local]) -> p.Block:
    """Return a block with other names for its locals, and without copies of a local to itself."""
    found = [_renamed_statement(statement, names) for statement in block.statements]
    return p.Block(tuple(s for s in found if not (type(s) is p.AssignVar and s.source == s.target)))


def _renamed_statement(s: p.Statement, names: Mapping[p.Local, p.Local]) -> p.Statement:
    kind: Any = type(s)
    get, parts = _parts(kind)
    made = list(get(s))
    for place, part in parts:
        value = made[place]
        if part == "local":
            if type(value) is int:
                made[place] = names.get(value, value)
        elif part == "operands":
            made[place] = tuple([names.get(item, item) if type(item) is int else item for item in value])
        elif part == "block":
            made[place] = renamed(value, names)
        else:
            made[place] = tuple([renamed(item, names) for item in value])
    renewed: p.Statement = kind(*made)
    return renewed


@cache
def _parts(kind: type[p.Statement]) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[tuple[int, str], ...]]:
    """Return what takes a statement apart, and of which parts have to do with locals what each holds."""
    named: dict[str, str] = dict.fromkeys((*READS.get(kind, ()), *WRITES.get(kind, ())), "local")
    if kind in {p.Call, p.CallDynamic}:
        named |= {"args": "operands"} | ({"path": "operands"} if kind is p.CallDynamic else {})
    named |= {"block": "block"} if kind in {p.Not, p.Scan, p.With} else {}
    named |= {"blocks": "blocks"} if kind is p.Nested else {}
    named |= {"dynamic": "block", "base": "block"} if kind is nodes.Reference else {}
    names = [field.name for field in fields(kind)]
    get: Any = attrgetter(*names) if len(names) > 1 else lambda s: (s.location,)
    return get, tuple((place, named[name]) for place, name in enumerate(names) if name in named)
