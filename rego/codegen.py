"""Writes one plan function as Python source; runs nothing and knows no builtin's meaning.

A block becomes a loop that runs once, so that an undefined statement leaves it with `break` (in the body of a
scan, with `continue`).
A break that leaves several blocks sets the flag `b` to how many more there are to leave.
Python allows twenty loops in one another; deeper blocks go into inner functions.

Names in the source: `l3` a local, `m` the memo of this evaluation, `t` its budget, context, answers and then
one place for each rule that fires, `U` undefined, `N` not yet computed, `f2` a function of the plan,
`b4` a builtin, `k5` a constant, `d` the table of functions that can be called by path.
Nothing else from a plan gets into the source but the `repr` of a `str` or `int`: a plan cannot inject code.

Longer than most modules: it has one short method for each type of statement.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from rego import flow
from rego import plan as p
from rego.rewrite import prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rego.errors import Location

_MAX_LOOPS: Final = 16
Lines = list[Any]  # (text, location) pairs and, for an indented part, lists of them
_NONLOCAL: Final = "nonlocal"
_COLLECTIONS: Final = {
    "list": "list",
    "dict": "dict",
    "RegoSet": "set",
}  # a type's name and the fact of having it


class Scope(Protocol):
    """What the names outside a function stand for."""

    def function(self, name: str, arguments: int) -> tuple[int, p.Function] | None:
        """Return the number and the body of a function of the plan."""

    def builtin(self, name: str, arguments: int) -> tuple[str, bool, bool]:
        """Return a builtin's name in the source, whether it is void, and whether it takes the context."""

    def inline(self, name: str, args: list[str], kinds: list[str | None]) -> str | None:
        """Return an expression that does a builtin's work faster in the common case."""

    def constant(self, value: Any) -> str:
        """Return the name in the source for a constant that has no safe literal."""

    def fired(self, location: Location) -> int:
        """Return the place in the trace for a rule's location."""


@dataclass(slots=True)
class _Frame:
    """One open block: a scan's body or a loop that runs once."""

    scan: bool
    left: bool = False
    passing: set[int] = field(default_factory=set)


def write_function(
    scope: Scope, name: str, blocks: tuple[p.Block, ...], function: p.Function | None, memo: int | None
) -> Lines:
    """Write a function of the plan, or an entrypoint, as Python source.

    Args:
        scope: The names outside it.
        name: Its name in the source.
        blocks: What it does.
        function: Its parameters and result; None for an entrypoint.
        memo: Its place in the memo, where what it returns is kept.

    Raises:
        PlanError: From `scope`, where a call has no counterpart.
    """
    return _FunctionWriter(scope, blocks, function).write(name, memo)


class _FunctionWriter:
    """Writes one function or entrypoint; `lines` is what it wrote."""

    def __init__(self, scope: Scope, blocks: tuple[p.Block, ...], function: p.Function | None) -> None:
        self.scope = scope
        self.memo_place: int | None = None
        self.result = function.result if function else None
        self.params = function.params if function else (p.INPUT, p.DATA)
        self.blocks = prepared(blocks, self.params, self.result)
        kept = [*self.params, *([self.result] if self.result is not None else [])]
        self.live = flow.live(self.blocks, kept)
        self.owned = flow.owned(self.blocks)
        self.from_data = _steps_from_data(self.blocks, self.params[1])
        self.facts: dict[p.Local, str] = {}
        self.frames: list[_Frame] = []
        self.out: Lines = []
        self.where: Location | None = None
        self.loops = 0
        self.closures = 0
        self.closure_depth = 0
        self.inner_functions = 0
        self.temporaries: list[str] = []
        self.used_flag = False
        self.final_target: p.Local | None = None

    # ── the whole function ─────────────────────────────────────────────────────────────────────

    def write(self, name: str, memo: int | None) -> Lines:
        """Return the function's lines; `memo` is its place in the memo where it has one."""
        self.memo_place = memo
        exposed = [flow.exposed(block) for block in self.blocks]
        start = sorted(set().union(*exposed) - set(self.params))
        self.facts = dict.fromkeys(start, "undefined")
        for number, block in enumerate(self.blocks):
            self.final_target = _final_target(block, exposed[:number] + exposed[number + 1 :])
            before = self.facts.copy()
            self.settle(self.once(block))
            self.forget(before, (block,))
        if self.closures:
            start = sorted(flow.written(self.blocks) - set(self.params))
        head: Lines = []
        names = [f"l{local}" for local in start] + self.temporaries + (["r"] if self.closures else [])
        if names:
            head.append((" = ".join(names) + " = U", None))
        if self.used_flag:
            head.append(("b = 0", None))
        if self.closures:
            shared = {
                *names,
                *(f"l{local}" for local in self.params),
                "m",
                *("b" for _ in range(self.used_flag)),
            }
            _fill_nonlocal(self.out, sorted(shared))
        params = ", ".join([*(f"l{local}" for local in self.params), "m", "t"])
        return [(f"def {name}({params}):", None), head + self.out + self.ending()]

    def ending(self) -> Lines:
        if self.result is None:
            return [("return None", None)]
        return (
            [(f"m[{self.memo_place}] = U", None), ("return U", None)]
            if self.memo_place is not None
            else [("return U", None)]
        )

    # ── lines, blocks and ways out ─────────────────────────────────────────────────────────────

    def emit(self, text: str) -> None:
        self.out.append((text, self.where))

    @contextmanager
    def indented(self) -> Iterator[Lines]:
        outer, self.out = self.out, []
        try:
            yield self.out
        finally:
            inner, self.out = self.out, outer
            self.out.append(inner)

    def leave(self, levels: int = 0) -> None:
        """Leave the current block and `levels` blocks around it."""
        frame = self.frames[-1]
        frame.left = True
        if levels:
            frame.passing.add(levels)
            self.used_flag = True
            self.emit(f"b = {levels}")
            self.emit("break")
        else:
            self.emit("continue" if frame.scan else "break")

    def leave_if(self, condition: str) -> None:
        self.emit(f"if {condition}:")
        with self.indented():
            self.leave()

    def settle(self, passing: set[int]) -> None:
        """After a block: go on leaving where a break inside it reaches further."""
        for levels in sorted(passing):
            self.emit("if b:" if len(passing) == 1 else f"if b == {levels}:")
            with self.indented():
                if levels == 1:
                    self.emit("b = 0")
                self.leave(levels - 1)

    def once(self, block: p.Block, last: Callable[[], None] | None = None) -> set[int]:
        """Write a block that runs once; return how much further the breaks in it reach."""
        frame = _Frame(scan=False)
        self.frames.append(frame)
        outer, self.out = self.out, []
        outlined = self.loops >= _MAX_LOOPS
        loops, self.loops = self.loops, 1 if outlined else self.loops + 1
        self.closures += outlined
        depth = self.closure_depth
        self.closure_depth += outlined
        reached = self.statements(block)
        if reached and last:
            last()
        self.closure_depth = depth
        self.loops = loops
        inner, self.out = self.out, outer
        self.frames.pop()
        if frame.left:
            if reached:
                inner.append(("break", None))
            inner = [("while True:", None), inner]
        self.place(inner, outlined=outlined)
        return frame.passing

    def place(self, lines: Lines, *, outlined: bool) -> None:
        """Put lines here, in an inner function where loops nest too deep for Python."""
        if not outlined:
            self.out.extend(lines)
            return
        self.inner_functions += 1
        name = f"g{self.inner_functions}"
        self.emit(f"def {name}():")
        self.out.append([(_NONLOCAL, None), *lines, ("return False", None)])
        self.emit(f"if {name}():")
        with self.indented():
            self.give_back("r")

    def give_back(self, value: str) -> None:
        if self.closure_depth:
            self.emit(f"r = {value}")
            self.emit("return True")
        elif self.memo_place is not None:
            self.emit(f"m[{self.memo_place}] = {value}")
            self.emit(f"return {value}")
        else:
            self.emit(f"return {value}")

    def statements(self, block: p.Block) -> bool:
        """Write a block's statements; tell whether its end can be reached."""
        for statement in block.statements:
            self.where = statement.location
            if self.WRITERS[type(statement)](self, statement) is False:
                return False
        return True

    def forget(self, before: dict[p.Local, str], blocks: Any) -> None:
        """After blocks that may have run in part, keep only what they could not change."""
        changed = flow.rebound(blocks)
        self.facts = {local: fact for local, fact in before.items() if local not in changed}

    # ── operands ───────────────────────────────────────────────────────────────────────────────

    def read(self, operand: p.Operand) -> str:
        return f"l{operand}" if type(operand) is int else repr(operand)

    def kind(self, operand: p.Operand) -> str | None:
        if type(operand) is int:
            return self.facts.get(operand)
        return "str" if type(operand) is str else "bool"

    def set(self, local: p.Local, expression: str, fact: str | None = None) -> None:
        self.emit(f"l{local} = {expression}")
        self.note(local, fact)

    def note(self, local: p.Local, fact: str | None) -> None:
        if fact is None:
            self.facts.pop(local, None)
        else:
            self.facts[local] = fact

    def key(self, operand: p.Operand) -> str:
        """Return an expression for an operand as the key of an object."""
        name = self.read(operand)
        kind = self.kind(operand)
        if type(operand) is str or kind in {"str", "int"}:
            return name
        return f"key_of({name})" if kind else f"{name} if type({name}) is str else key_of({name})"

    # ── assignments ────────────────────────────────────────────────────────────────────────────

    def assign_var(self, s: p.AssignVar) -> None:
        if s.target in self.live:
            fact = self.kind(s.source)
            self.set(s.target, self.read(s.source), fact)

    def assign_int(self, s: p.AssignInt | p.MakeNumberInt) -> None:
        self.set(s.target, repr(s.value), "int")

    def make_number(self, s: p.MakeNumberRef) -> None:
        if type(s.value) is int and abs(s.value) < 2**64:
            self.set(s.target, repr(s.value), "int")
        else:
            self.set(s.target, self.scope.constant(s.value))

    def make_null(self, s: p.MakeNull) -> None:
        self.set(s.target, "None", "null")

    def make_array(self, s: p.MakeArray) -> None:
        self.set(s.target, "[]", "list")

    def make_object(self, s: p.MakeObject) -> None:
        self.set(s.target, "{}", "dict")

    def make_set(self, s: p.MakeSet) -> None:
        self.set(s.target, "RegoSet()", "set")

    def reset(self, s: p.ResetLocal) -> None:
        if self.facts.get(s.target) != "undefined" and s.target in self.live:
            self.set(s.target, "U", "undefined")

    def assign_once(self, s: p.AssignVarOnce) -> bool:
        target, source = f"l{s.target}", self.read(s.source)
        if self.facts.get(s.target) == "undefined" or s.target == self.final_target:
            self.emit(f"{target} = {source}")
        else:
            self.emit(f"if {target} is U:")
            with self.indented():
                self.emit(f"{target} = {source}")
            self.emit(f"elif {self.differ(target, source, self.kind(s.source))}:")
            with self.indented():
                self.emit("conflict()")
        self.note(s.target, self.kind(s.source))
        if self.is_rule(s):
            self.fire(s.location)
        if s.target == self.final_target and len(self.frames) > 1:
            self.leave(len(self.frames) - 1)
            return False
        return True

    def is_rule(self, s: p.AssignVarOnce) -> bool:
        """Tell a rule's own result from the planner's copy of it into the function's result."""
        copied = s.target == self.result and type(s.source) is int and self.facts.get(s.source) == "result"
        return self.result is not None and not copied

    def fire(self, location: Location) -> None:
        self.emit(f"t[{self.scope.fired(location)}] = 1")

    # ── conditions ─────────────────────────────────────────────────────────────────────────────

    def differ(self, a: str, b: str, kind: str | None) -> str:
        if kind == "str":
            return f"{a} != {b}"
        if kind == "bool" or b in {"True", "False"}:
            return f"{a} is not {b}"
        return f"{a} is not {b} and ({a} != {b} if type({a}) is str else not equal({a}, {b}))"

    def equal(self, s: p.Equal) -> None:
        a, b, kind = self.compared(s)
        self.leave_if(self.differ(a, b, kind))

    def not_equal(self, s: p.NotEqual) -> None:
        a, b, kind = self.compared(s)
        if kind == "str":
            self.leave_if(f"{a} == {b}")
        elif kind == "bool":
            self.leave_if(f"{a} is {b}")
        else:
            self.leave_if(f"{a} is {b} or ({a} == {b} if type({a}) is str else equal({a}, {b}))")

    def compared(self, s: p.Equal | p.NotEqual) -> tuple[str, str, str | None]:
        first, second = (s.a, s.b) if type(s.a) is int else (s.b, s.a)
        if type(first) is not int:  # two constants
            name = self.scope.constant(first)
            return name, repr(second), None
        kinds = {self.kind(first), self.kind(second)}
        kind = "str" if "str" in kinds else "bool" if "bool" in kinds else None
        return self.read(first), self.read(second), kind

    def is_array(self, s: p.IsArray) -> bool:
        return self.is_type(s.source, "list")

    def is_object(self, s: p.IsObject) -> bool:
        return self.is_type(s.source, "dict")

    def is_set(self, s: p.IsSet) -> bool:
        return self.is_type(s.source, "RegoSet")

    def is_type(self, source: p.Operand, name: str) -> bool:
        if type(source) is not int:
            self.leave()
            return False
        self.leave_if(f"type(l{source}) is not {name}")
        return True

    def is_defined(self, s: p.IsDefined) -> None:
        self.leave_if(f"l{s.source} is U")
        if s.source not in self.facts:
            self.note(s.source, "result")

    def is_undefined(self, s: p.IsUndefined) -> None:
        self.leave_if(f"l{s.source} is not U")
        self.note(s.source, "undefined")

    # ── steps, lengths and collections ─────────────────────────────────────────────────────────

    def dot(self, s: p.Dot) -> bool:
        if type(s.source) is not int:
            self.leave()
            return False
        source, key = f"l{s.source}", self.read(s.key)
        step = "data_index" if s.source in self.from_data else "index"
        if type(s.key) is str or self.kind(s.key) == "str":
            quick = f"type({source}) is dict"
        else:
            quick = f"type({source}) is dict and type({key}) is str"
        get = f"{source}.get({key}, U)"
        if self.facts.get(s.source) == "dict" and type(s.key) is str:
            self.set(s.target, get)
        elif self.kind(s.key) in {"int", "bool"}:
            self.set(s.target, f"{step}({source}, {key})")
        else:
            self.set(s.target, f"{get} if {quick} else {step}({source}, {key})")
        self.leave_if(f"l{s.target} is U")
        return True

    def length(self, s: p.Len) -> None:
        self.set(s.target, f"length({self.read(s.source)})")
        self.leave_if(f"l{s.target} is U")

    def array_append(self, s: p.ArrayAppend) -> None:
        self.own(s.array, "list")
        self.emit(f"l{s.array}.append({self.read(s.value)})")

    def object_insert(self, s: p.ObjectInsert) -> None:
        self.own(s.object, "dict")
        self.emit(f"l{s.object}[{self.key(s.key)}] = {self.read(s.value)}")

    def object_insert_once(self, s: p.ObjectInsertOnce) -> None:
        self.own(s.object, "dict")
        self.emit(f"insert_once(l{s.object}, {self.key(s.key)}, {self.read(s.value)})")
        if s.object == self.result or s.object not in self.owned:
            self.fire(s.location)

    def set_add(self, s: p.SetAdd) -> None:
        self.own(s.set, "RegoSet")
        value = self.read(s.value)
        key = (
            value
            if self.kind(s.value) == "str"
            else f"{value} if type({value}) is str else canonical({value})"
        )
        self.emit(f"l{s.set}.members[{key}] = {value}")  # what `RegoSet.add` does, without the call
        if s.set == self.result or s.set not in self.owned:
            self.fire(s.location)

    def own(self, local: p.Local, kind: str) -> None:
        """Before a change in place: copy what this evaluation may not own; a wrong type is a conflict."""
        if local in self.owned or self.facts.get(local) == _COLLECTIONS[kind]:
            return
        self.emit(f"l{local} = own_{kind.lower()}(l{local})")
        self.note(local, None)

    def merge(self, s: p.ObjectMerge) -> None:
        self.set(s.target, f"merge(l{s.a}, l{s.b})")

    # ── blocks ─────────────────────────────────────────────────────────────────────────────────

    def nested(self, s: p.Nested) -> None:
        for block in s.blocks:
            before = self.facts.copy()
            self.settle(self.once(block))
            self.forget(before, (block,))

    def negate(self, s: p.Not) -> None:
        before = self.facts.copy()
        self.settle(self.once(s.block, last=lambda: self.leave(1)))
        self.forget(before, (s.block,))

    def leave_blocks(self, s: p.Break) -> bool:
        self.leave(s.index)
        return False

    def scan(self, s: p.Scan) -> None:
        changed = flow.rebound((s.block,)) | {s.key, s.value}
        before = {local: fact for local, fact in self.facts.items() if local not in changed}
        self.facts = before.copy()
        frame = _Frame(scan=True)
        self.frames.append(frame)
        outer, self.out = self.out, []
        outlined = self.loops >= _MAX_LOOPS
        loops, self.loops = self.loops, 1 if outlined else self.loops + 1
        depth = self.closure_depth
        self.closures += outlined
        self.closure_depth += outlined
        self.statements(s.block)
        self.closure_depth = depth
        self.loops = loops
        body, self.out = self.out, outer
        self.frames.pop()
        self.where = s.location
        head: Lines = [
            (f"x = {self.scanned(s)}", s.location),
            ("t[0] = c = t[0] - len(x)", s.location),
            ("if c < 0: exhausted()", s.location),
            (self.loop(s), s.location),
        ]
        self.place([*head, body or [("pass", None)]], outlined=outlined)
        self.facts = before
        self.settle(frame.passing)

    def scanned(self, s: p.Scan) -> str:
        name = f"l{s.source}"
        if s.key in self.live:
            return f"pairs({name})"
        # What a body appends to a foreign array must not lengthen the array that it runs over.
        grows = any(isinstance(inner, p.ArrayAppend) for inner in flow.walk((s.block,)))
        return f"{name}{'[:]' if grows else ''} if type({name}) is list else items({name})"

    def loop(self, s: p.Scan) -> str:
        return f"for l{s.key}, l{s.value} in x:" if s.key in self.live else f"for l{s.value} in x:"

    def replaced(self, s: p.With) -> None:
        number = len(self.temporaries)
        saved, memo, undefined = (f"s{number}", f"n{number}", f"w{number}")
        self.temporaries += [saved, memo, undefined]
        self.count_step()
        self.emit(f"{saved} = l{s.local}; {memo} = m; {undefined} = True")
        value = self.read(s.value)
        path = ", ".join(map(repr, s.path))
        self.emit(
            f"l{s.local} = upsert(l{s.local}, ({path},), {value})" if s.path else f"l{s.local} = {value}"
        )
        self.emit("m = [N] * len(m)")
        before = self.facts.copy()
        self.note(s.local, None)
        passing = self.once(s.block, last=lambda: self.emit(f"{undefined} = False"))
        self.emit(f"l{s.local} = {saved}; m = {memo}")
        self.forget(before, (s.block,))
        self.note(s.local, None)
        self.settle(passing)
        self.leave_if(undefined)

    # ── calls ──────────────────────────────────────────────────────────────────────────────────

    def call(self, s: p.Call) -> None:
        known = self.scope.function(s.func, len(s.args))
        if known is None:
            self.call_builtin(s)
            return
        number, function = known
        args = ", ".join(map(self.read, s.args))
        if len(function.params) == 2:  # noqa: PLR2004 - the input and the data: memoised
            self.set(s.result, f"m[{number}]")
            self.emit(f"if l{s.result} is N: l{s.result} = f{number}({args}, m, t)")
        else:
            self.count_step()
            self.set(s.result, f"f{number}({args}, m, t)")
        if not _always_defined(function):
            self.leave_if(f"l{s.result} is U")

    def count_step(self) -> None:
        """Where work is not bounded by the plan's size, take a step off the budget."""
        self.emit("t[0] = c = t[0] - 1")
        self.emit("if c < 0: exhausted()")

    def call_builtin(self, s: p.Call) -> None:
        name, void, contextual = self.scope.builtin(s.func, len(s.args))
        args = [self.read(operand) for operand in s.args]
        inline = self.scope.inline(s.func, args, [self.kind(operand) for operand in s.args])
        call = f"{name}({', '.join(['t[1]', *args] if contextual else args)})"
        if void:
            self.emit(call)
            return
        self.set(s.result, f"{inline} else {call}" if inline else call)
        self.leave_if(f"l{s.result} is U")

    def call_dynamic(self, s: p.CallDynamic) -> None:
        path = ", ".join(map(self.read, s.path))
        args = ", ".join(f"l{local}" for local in s.args)
        steps = [f"type({self.read(step)}) is str" for step in s.path if self.kind(step) != "str"]
        self.emit(f"c = d.get(({path},)) if {' and '.join(steps) or 'True'} else None")
        self.leave_if("c is None")
        self.set(s.result, "m[c[0]]")
        self.emit(f"if l{s.result} is N: l{s.result} = c[1]({args}, m, t)")
        # The rule exists, so its having no value counts: leave everything up to the reference.
        self.emit(f"if l{s.result} is U:")
        with self.indented():
            self.leave(3)

    def result_add(self, s: p.ResultSetAdd) -> None:
        self.emit(f"t[2].append(l{s.value})")

    def return_local(self, s: p.ReturnLocal) -> bool:
        self.give_back(f"l{s.source}")
        return False

    def nop(self, _: p.Nop) -> None:
        return

    WRITERS: ClassVar[Mapping[type[p.Statement], Callable[[Any, Any], bool | None]]] = {
        p.ArrayAppend: array_append, p.AssignInt: assign_int, p.AssignVar: assign_var,
        p.AssignVarOnce: assign_once, p.Nested: nested, p.Break: leave_blocks, p.CallDynamic: call_dynamic,
        p.Call: call, p.Dot: dot, p.Equal: equal, p.IsArray: is_array, p.IsDefined: is_defined,
        p.IsObject: is_object, p.IsSet: is_set, p.IsUndefined: is_undefined, p.Len: length,
        p.MakeArray: make_array, p.MakeNull: make_null, p.MakeNumberInt: assign_int,
        p.MakeNumberRef: make_number, p.MakeObject: make_object, p.MakeSet: make_set, p.Nop: nop,
        p.NotEqual: not_equal, p.Not: negate, p.ObjectInsertOnce: object_insert_once,
        p.ObjectInsert: object_insert, p.ObjectMerge: merge, p.ResetLocal: reset,
        p.ResultSetAdd: result_add, p.ReturnLocal: return_local, p.Scan: scan, p.SetAdd: set_add,
        p.With: replaced,
    }  # fmt: skip


def _always_defined(function: p.Function) -> bool:
    first = function.blocks[0].statements[:1] if function.blocks else ()
    made = (
        first
        and isinstance(first[0], p.MakeArray | p.MakeObject | p.MakeSet)
        and first[0].target == function.result
    )
    last = function.blocks[-1].statements[-1:] if function.blocks else ()
    returned = last and isinstance(last[0], p.ReturnLocal) and last[0].source == function.result
    unset = any(
        isinstance(s, p.ResetLocal) and s.target == function.result for s in flow.walk(function.blocks)
    )
    early = sum(isinstance(s, p.ReturnLocal) for s in flow.walk(function.blocks)) != 1
    alone = bool(last) and len(function.blocks[-1].statements) == 1
    return bool(
        made
        and returned
        and alone
        and not unset
        and not early
        and function.result in flow.owned(function.blocks)
    )


def _steps_from_data(blocks: tuple[p.Block, ...], data: p.Local) -> set[p.Local]:
    """Return the locals that only ever hold what `data` holds at a path: OPA reads those from its store."""
    found = {data}
    other: set[p.Local] = set()
    statements = list(flow.walk(blocks))
    for _ in range(2):
        for s in statements:
            if isinstance(s, p.Dot) and type(s.source) is int and s.source in found:
                found.add(s.target)
            else:
                other.update(flow.writes(s))
    return (found - other) | {data}


def _assigns_under_not(s: p.Statement) -> bool:
    """Tell whether the success of an assignment here would be a failure outside."""
    return isinstance(s, p.Not) and any(isinstance(inner, p.AssignVarOnce) for inner in flow.walk((s.block,)))


def _final_target(block: p.Block, exposed: list[set[p.Local]]) -> p.Local | None:
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
    if len(effects) != 1 or type(effects[0].source) is int:
        return None
    target = effects[0].target
    starts_undefined = any(isinstance(s, p.ResetLocal) and s.target == target for s in block.statements[:1])
    assigned = flow.written((block,)) - {target}
    if not starts_undefined or any(assigned & read for read in exposed):
        return None
    return target if sum(target in flow.writes(s) for s in statements) == 2 else None  # noqa: PLR2004 - reset, set


def _fill_nonlocal(lines: Lines, names: list[str]) -> None:
    for place, line in enumerate(lines):
        if isinstance(line, list):
            _fill_nonlocal(line, names)
        elif line[0] == _NONLOCAL:
            lines[place] = (f"nonlocal {', '.join(names)}", None)
