"""Writes one plan function, or one entrypoint, as a Python function; runs nothing.

Names in the source: `l3` a local, `m` the memo of this evaluation, `t` its budget, context and answers,
`w` which rules fired, `U` undefined, `N` not yet computed, `f2` a function of the plan,
`q7` a walk down a path of the input or the data whose end `m[7]` remembers,
`b4` a builtin, `k5` a constant, `d` the table of functions that can be called by path.
Nothing else from a plan gets into the source but the `repr` of a `str`, `int`, `bool` or `None`:
a plan cannot inject code.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from rego import flow
from rego import plan as p
from rego.codegen.blocks import NONLOCAL, Lines
from rego.codegen.guards import Function, Guarded, guarded
from rego.codegen.statements import StatementWriter
from rego.optimize.kinds import is_early_return
from rego.optimize.prepare import Prepared

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from rego.codegen.scope import Scope
    from rego.values import Value


_MAX_CONTAINED_DEPTH: Final = 12  # how far in a body may still be written instead of its call


def write_function(
    scope: Scope,
    name: str,
    prepared: Prepared,
    function: p.Function | None,
    memo: int | None,
) -> Lines:
    """Write a function of the plan, or an entrypoint, as Python source.

    Args:
        scope: The names outside it.
        name: Its name in the source.
        prepared: What it does.
        function: Its parameters and result; None for an entrypoint.
        memo: Its place in the memo, where what it returns is kept.

    Raises:
        PlanError: From `scope`, where a call has no counterpart.
    """
    params = function.params if function else (p.INPUT, p.DATA)
    writer = _FunctionWriter(scope, prepared, params, function.result if function else None)
    return writer.write(name, memo)


def write_walk(slot: int, parent: int | None, steps: tuple[str, ...], *, stored: bool) -> Lines:
    """Write the walk down a path of the input or the data.

    Args:
        slot: The place in the memo where its end is kept.
        parent: The place of a shorter path that it goes on from.
        steps: The keys from there on.
        stored: Whether it is a path of the data, into which OPA steps by the rules of its store.
    """
    lines: Lines = []
    if parent is not None:
        lines += [(f"v = m[{parent}]", None), (f"if v is N: v = q{parent}(v0, m)", None)]
    source = "v0" if parent is None else "v"
    index = "data_index" if stored else "index"
    for step in steps:
        key = repr(step)
        text = f"v = {source}.get({key}, U) if type({source}) is dict else {index}({source}, {key})"
        lines.append((text, None))
        source = "v"
    return [(f"def q{slot}(v0, m):", None), [*lines, (f"m[{slot}] = v", None), ("return v", None)]]


def write_fetch(slots: Mapping[tuple[str, ...], int]) -> Lines:
    """Write the walk down all paths of the input that an entrypoint reads, where an evaluation begins.

    One walk here takes a fifth of what a function for each takes that is called when somebody asks. Where
    something else than an object stands on the way, those remain to find out what that means.

    Args:
        slots: The places in the memo for what the input has at the paths.
    """
    tree: dict[str, Any] = {}
    for path in slots:
        node = tree
        for step in path:
            node = node.setdefault(step, {})
    return _fetched(tree, (), slots)


def _fetched(tree: dict[str, Any], path: tuple[str, ...], slots: Mapping[tuple[str, ...], int]) -> Lines:
    source = f"v{len(path)}" if path else "l0"
    lines: Lines = []
    for step, below in tree.items():
        inner = (*path, step)
        targets = [f"v{len(inner)}"] if below else []
        targets += [f"m[{slots[inner]}]"] if inner in slots else []
        lines.append((f"{' = '.join(targets)} = {source}.get({step!r}, U)", None))
        lines += _fetched(below, inner, slots) if below else []
    return [(f"if type({source}) is dict:", None), lines] if lines else []


class _FunctionWriter(StatementWriter):
    """Writes one function or entrypoint."""

    def write(self, name: str, memo: int | None) -> Lines:
        """Return the function's lines; `memo` is its place in the memo where it has one."""
        self.memo_place = memo
        self.runs_once = self.containing and (memo is not None or self.result is None)
        body = self.body()
        if self.closures and self.contained:  # inner functions would have to know the other's locals, too
            return self.again().write(name, memo)
        names = ["r"] if self.closures else []
        if self.closures:
            inside = {self.local(local) for local in flow.written(self.blocks) - set(self.params)}
            names += sorted(inside - set(self.started))
            shared = {*names, *self.started, *self.temporaries, *map(self.local, self.params), "m"}
            _fill_nonlocal(body, sorted(shared | ({"b"} if self.used_flag else set())))
        names += self.temporaries
        head: Lines = [(" = ".join(names) + " = U", None)] if names else []
        if self.used_flag:
            head.append(("b = 0", None))
        params = ", ".join([*map(self.local, self.params), "m", "t", "w"])
        return [(f"def {name}({params}):", None), head + body + self.ending()]

    def again(self) -> _FunctionWriter:
        """Return a writer for the same function that calls whatever it needs."""
        prepared = Prepared(self.blocks, self.constants)
        return _FunctionWriter(self.scope, prepared, self.params, self.result, containing=False)

    def body(self) -> Lines:
        """Write all blocks."""
        self.exposed = [flow.exposed(block) - self.constants.keys() for block in self.blocks]
        start = sorted(set[p.Local]().union(*self.exposed) - set(self.params))
        self.facts = {**self.passed, **dict.fromkeys(start, "undefined")}
        self.exposures = Counter([local for found in self.exposed for local in found])
        self.started = [self.local(local) for local in start]
        if start:
            self.emit(" = ".join(self.started) + " = U")
        out, depth = self.out, self.depth
        for part in self.parts():
            self.part(part)
        self.out, self.depth = out, depth
        return out

    @override
    def contain(self, name: str, result: p.Local) -> bool:
        found = self.scope.contained(name)
        if found is None or self.depth > _MAX_CONTAINED_DEPTH or found.function.params != self.params:
            return False
        inner = _FunctionWriter(self.scope, found.prepared, found.function.params, found.function.result)
        inner.prefix, inner.runs_once, inner.is_contained = f"l{found.number}_", True, True
        inner.aliases = {found.function.result: self.local(result)}
        inner.depth, inner.loops = self.depth, self.loops
        lines = inner.body()
        if inner.closures:
            return False
        self.contained = True
        self.used_flag = self.used_flag or inner.used_flag
        self.out.extend(lines)
        return True

    @override
    def write_out(self, s: p.Call) -> bool:
        found = self.scope.written_out(s.func) if self.containing and not self.closure_depth else None
        if found is None or self.depth > _MAX_CONTAINED_DEPTH or s.result in s.args:
            return False
        size = len(flow.walk(found.prepared.blocks))
        params = found.function.params
        if size > self.room[0] or params[:2] != self.params[:2]:
            return False
        self.room[0] -= size
        operands = dict(zip(params[2:], s.args[2:], strict=True))
        known = {
            param: self._known(operand) for param, operand in operands.items() if self._is_known(operand)
        }
        prepared = Prepared(found.prepared.blocks, {**found.prepared.constants, **known})
        inner = _FunctionWriter(self.scope, prepared, params, found.function.result)
        inner.prefix, inner.is_contained, inner.room = f"l{found.number}_", True, self.room
        inner.aliases = {param: self.read(operand) for param, operand in operands.items()}
        inner.aliases[found.function.result] = self.local(s.result)
        inner.passed = {param: kind for param, operand in operands.items() if (kind := self._kind(operand))}
        inner.in_scan = self.in_scan or any(frame.scan for frame in self.frames)
        inner.depth, inner.loops = self.depth, self.loops
        lines = inner.body()
        if inner.closures or not inner.memo_fits:
            return False
        self.contained = True
        self.used_flag = self.used_flag or inner.used_flag
        self.emit("t[0] -= 1")
        self.out.extend(lines)
        return True

    def _is_known(self, operand: p.Operand) -> bool:
        return type(operand) is not int or operand in self.constants

    def parts(self) -> Sequence[Guarded | int]:
        """Return the function's blocks, in groups behind tests where that pays."""
        if not self.memo_fits or (self.is_contained and len(self.params) > p.RULE_PARAMS):
            return range(len(self.blocks))
        return guarded(
            Function(self.blocks, self.params[0], self.result, self.constants, self.live, self.exposures)
        )

    def part(self, part: Guarded | int) -> None:
        """Write a block, or blocks behind a test."""
        if isinstance(part, int):
            block = self.blocks[part]
            if self.is_contained and part == len(self.blocks) - 1:
                return  # the return: its value is where the call's value is looked for
            if self.is_contained and is_early_return(block.statements, self.result or -1):
                self.where = None
                self.emit(f"if {self.local(self.result or -1)} is U:")
                inner: Lines = []
                self.out.append(inner)
                self.out, self.depth = inner, self.depth + 1
                return
            self.final_target = _final_target(block, self.read_elsewhere(part), self.constants)
            before = self.facts.copy()
            self.settle(self.once(block))
            self.forget(before, (block,))
            return
        slot = self.scope.slot(0, part.place.path)
        before = self.facts.copy()
        self.where = None
        self.emit(f"v = m[{slot}]")
        self.emit(f"if v is N: v = q{slot}({self.local(self.params[0])}, m)")
        self.emit(f"if {self.test(part)}:")
        with self.indented():
            for each in part.parts:
                self.part(each)
        self.forget(before, [self.blocks[place] for place in _places(part)])

    def test(self, part: Guarded) -> str:
        """Return an expression for whether what `v` holds lets any of some rules hold."""
        if part.place.way == "exists":
            return "v is not U"
        texts = self.scope.constant(part.texts)
        if part.place.way == "is":
            # A collection that has the text gets in with OPA's index, too.
            return f"(v in {texts} if type(v) is str else type(v) in collections)"
        if part.place.way == "has":
            return f"may_have(v, {texts})"
        sizes = self.scope.constant(tuple(sorted({len(text) for text in part.texts})))
        begins = f"begins(v, {texts}, {sizes})"
        if part.place.way == "globs":  # OPA's index takes an array for the parts of a text
            return f"({begins} if type(v) is str else type(v) is list and len(v) > 1)"
        # What is no text may be an error in there, which is not to be hidden.
        return f"v is not U and (type(v) is not str or {begins})"

    def read_elsewhere(self, place: int) -> set[p.Local]:
        """Return the locals that other blocks may read before they set them."""
        own = self.exposed[place]
        return {local for local, times in self.exposures.items() if times > (local in own)}

    def ending(self) -> Lines:
        """Return the lines for a function whose end is reached without a value."""
        if self.blocks and [type(s) for s in self.blocks[-1].statements] == [p.ReturnLocal]:
            return []
        if self.result is None:
            return [("return None", None)]
        if self.memo_place is None:
            return [("return U", None)]
        return [(f"m[{self.memo_place}] = U", None), ("return U", None)]


def _places(part: Guarded | int) -> list[int]:
    return [part] if isinstance(part, int) else [place for inner in part.parts for place in _places(inner)]


def _final_target(
    block: p.Block, read_elsewhere: Container[p.Local], constants: Mapping[p.Local, Value]
) -> p.Local | None:
    """Return the local after whose assignment nothing else in a function's block can matter.

    That is so where the block does nothing but give that local one constant:
    a rule that holds needs no second proof, and OPA stops there, too.
    """
    effects: list[p.AssignVarOnce] = []
    statements = list(flow.walk((block,)))
    for s in statements:
        if isinstance(s, p.AssignVarOnce):
            effects.append(s)
        elif isinstance(s, p.ResultSetAdd | p.ReturnLocal | p.With) or _assigns_under_not(s):
            return None
    if len(effects) != 1 or (type(effects[0].source) is int and effects[0].source not in constants):
        return None
    target = effects[0].target
    starts_undefined = any(isinstance(s, p.ResetLocal) and s.target == target for s in block.statements[:1])
    assigned = flow.written((block,)) - {target}
    if not starts_undefined or any(local in read_elsewhere for local in assigned):
        return None
    return target if sum(target in flow.writes(s) for s in statements) == 2 else None  # noqa: PLR2004 - reset, set


def _assigns_under_not(s: p.Statement) -> bool:
    """Tell whether the success of an assignment here would be a failure outside."""
    return isinstance(s, p.Not) and any(isinstance(inner, p.AssignVarOnce) for inner in flow.walk((s.block,)))


def _fill_nonlocal(lines: Lines, names: list[str]) -> None:
    for place, line in enumerate(lines):
        if isinstance(line, list):
            _fill_nonlocal(line, names)
        elif line[0] == NONLOCAL:
            lines[place] = (f"nonlocal {', '.join(names)}", None)
