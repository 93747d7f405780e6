"""Finds, without running a plan, which paths of the input it can read; a sound over-approximation.

A local holds a set of input paths: those it may be an alias of. Stepping with a constant key lengthens
them, copies and calls pass them on, and any other use (a comparison, a builtin, a collection, a scan, a key
known only at run time) reads the whole of what is at the path.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rego import nodes
from rego import plan as p
from rego.flow import is_local, reads, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rego.optimize import Bodies, Prepared

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reads:
    """The paths of the input that an entrypoint can read, as tuples of object keys; `()` is the whole input.

    Args:
        paths: The shortest set that covers all that can be read.
        dynamic: Those of them at which a key is known only at run time (`input.a[input.b]`),
            so that more is in the set than one evaluation reads.
    """

    paths: frozenset[Path]
    dynamic: frozenset[Path]


_MAX_PATH = 16  # a longer path is reported by its prefix: an analysis must end


def input_reads(plan: p.Plan, bodies: Bodies, entrypoint: str) -> Reads:
    """Return the paths of the input that an entrypoint can read.

    Args:
        plan: The plan.
        bodies: What the entrypoint does, and the functions that it may call.
        entrypoint: The name of one of the entrypoints.
    """
    pairs = [(plan.functions[number], body) for number, body in bodies.functions.items()]
    analysis = _Analysis({function.name: (function, body) for function, body in pairs})
    analysis.run(bodies.entrypoints[entrypoint])
    paths = frozenset(_covering(analysis.found()))
    return Reads(
        paths,
        frozenset(path for path in paths if any(path == asked[: len(path)] for asked in analysis.dynamic)),
    )


def _covering(paths: Iterable[Path]) -> list[Path]:
    kept: set[Path] = set()
    for path in sorted(paths, key=len):
        if not any(path[:size] in kept for size in range(len(path) + 1)):
            kept.add(path)
    return list(kept)


class _Body:
    """What is known of one function or entrypoint: aliases of its locals, and the statements that matter."""

    def __init__(self, body: Prepared) -> None:
        self.statements = walk(body.blocks)
        self.aliases: defaultdict[p.Local, set[Path]] = defaultdict(set)
        self.constants = body.constants
        self.returned = {s.source for s in self.statements if isinstance(s, p.ReturnLocal)}
        self.passed = _only_passed_on(self.statements)


def _only_passed_on(statements: list[p.Statement]) -> set[p.Local]:
    """Return the locals that are used, and only to step further, to be copied, passed on or returned."""
    used: set[p.Local] = set()
    looked_at: set[p.Local] = set()
    for s in statements:
        used.update(reads(s))
        if isinstance(s, p.Dot):
            if not isinstance(s.key, str):
                looked_at.update(reads(s))
        elif not isinstance(s, nodes.Lookup | p.AssignVar | p.Call | p.CallDynamic | p.ReturnLocal | p.With):
            looked_at.update(reads(s))
        if isinstance(s, p.With) and s.path and type(s.value) is int:
            looked_at.add(s.value)
        if isinstance(s, p.CallDynamic):  # which rule it means is read off its path
            looked_at.update(step for step in s.path if type(step) is int)
    return used - looked_at


class _Analysis:
    def __init__(self, functions: Mapping[str, tuple[p.Function, Prepared]]) -> None:
        self.functions = functions
        self.bodies: dict[str, _Body] = {}
        self.read: set[Path] = set()
        self.dynamic: set[Path] = set()
        self.changed = True

    def run(self, entrypoint: Prepared) -> None:
        main = _Body(entrypoint)
        main.aliases[p.INPUT] = {()}
        while self.changed:
            self.changed = False
            self.visit(main)
            for body in list(self.bodies.values()):
                self.visit(body)
        self.main = main

    def found(self) -> set[Path]:
        for body in (self.main, *self.bodies.values()):
            for local, paths in body.aliases.items():
                # The input itself is handed to every function; nobody has looked at it by that.
                if local not in body.passed and not (paths == {()} and self.untouched(body, local)):
                    self.read |= paths
        return self.read

    @staticmethod
    def untouched(body: _Body, local: p.Local) -> bool:
        return not any(local in reads(s) for s in body.statements)

    def visit(self, body: _Body) -> None:
        for s in body.statements:
            match s:
                case p.AssignVar() | p.AssignVarOnce() if is_local(s.source):
                    self.flow(body, s.target, body.aliases[int(s.source)])
                case p.Dot(key=str(key)) if is_local(s.source):
                    self.step(body, int(s.source), (key,), s.target)
                case p.Dot(key=int(key)) if (
                    is_local(s.source) and is_local(s.key) and key not in body.constants
                ):
                    self.dynamic |= body.aliases[int(s.source)]
                case nodes.Lookup():
                    self.step(body, s.source, s.path, s.target)
                case p.With(path=()) if is_local(s.value):  # the planner restores the input like this
                    self.flow(body, s.local, body.aliases[int(s.value)])
                case p.Call():
                    self.call(body, s)
                case p.CallDynamic():
                    self.call_dynamic(body, s)
                case _:
                    pass

    def step(self, body: _Body, source: p.Local, keys: Path, target: p.Local) -> None:
        self.flow(body, target, {(*path, *keys)[:_MAX_PATH] for path in body.aliases[source]})

    def call(self, body: _Body, s: p.Call) -> None:
        found = self.functions.get(s.func)
        if found is not None:
            self.enter(body, found[0], s.args, s.result)
            return
        for operand in s.args:
            if type(operand) is int:
                self.read |= body.aliases[operand]

    def call_dynamic(self, body: _Body, s: p.CallDynamic) -> None:
        for function, _ in self.functions.values():
            if len(function.params) == len(s.args) and p.may_mean(s.path, function.path):
                self.enter(body, function, s.args, s.result)

    def enter(self, body: _Body, function: p.Function, args: tuple[p.Operand, ...], result: p.Local) -> None:
        inner = self.bodies.get(function.name)
        if inner is None:
            inner = self.bodies[function.name] = _Body(self.functions[function.name][1])
            self.changed = True
        for param, operand in zip(function.params, args, strict=False):
            if type(operand) is int:
                self.flow(inner, param, body.aliases[operand])
        for local in inner.returned:
            self.flow(body, result, inner.aliases[local])

    def flow(self, body: _Body, target: p.Local, paths: set[Path]) -> None:
        if not paths <= body.aliases[target]:
            body.aliases[target] |= paths
            self.changed = True
