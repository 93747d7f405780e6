"""Writes each type of statement as Python; longer than most modules, with one short method for each type."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from rego import flow, nodes
from rego import plan as p
from rego.codegen import shape
from rego.codegen.blocks import BlockWriter, Frame, Lines
from rego.optimize.kinds import kind_of
from rego.values import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.codegen.inline import Inline
    from rego.codegen.scope import Scope
    from rego.errors import Location
    from rego.optimize.prepare import Prepared

_SMALL: Final = 2**63
#: Statements that leave something behind besides the locals that they set.
_EFFECTS: Final = (
    p.ArrayAppend, p.AssignVarOnce, p.ObjectInsert, p.ObjectInsertOnce, p.ResultSetAdd, p.ReturnLocal, p.SetAdd,
)  # fmt: skip


class StatementWriter(BlockWriter):
    """Writes the statements of one function.

    Args:
        scope: The names outside it.
        prepared: Its optimised form.
        params: Its parameters.
        result: The local that it returns; None for an entrypoint.
    """

    def __init__(
        self, scope: Scope, prepared: Prepared, params: tuple[p.Local, ...], result: p.Local | None
    ) -> None:
        super().__init__()
        self.scope = scope
        self.params = params
        self.result = result
        self.blocks = prepared.blocks
        self.constants = prepared.constants
        self.names: dict[p.Local, str] = {}
        kept = [*params, *([] if result is None else [result])]
        self.live = flow.live(self.blocks, kept)
        self.owned = flow.owned(self.blocks)
        self.late = _late(self.blocks, result) & self.owned
        # The memo is about the input and the data; only `with`, which brings a memo of its own, may replace them.
        self.memo_fits = not any(
            root in flow.writes(s)
            for s in flow.walk(self.blocks)
            if not isinstance(s, p.With)
            for root in params[:2]
        )
        self.from_data = _steps_from_data(self.blocks, params[1])
        self.read_times = Counter(local for s in flow.walk(self.blocks) for local in flow.reads(s))
        self.temporaries: list[str] = []
        self.final_target: p.Local | None = None

    @override
    def statements(self, block: p.Block) -> bool:
        """Write a block's statements; tell whether its end can be reached."""
        asked: p.Statement | None = None
        for statement, following in pairwise((*block.statements, None)):
            if statement is None or statement is asked:
                continue
            self.where = statement.location
            if isinstance(statement, p.Call) and self._is_asked(statement, following):
                asked = following
                self._ask(statement)
            elif self.WRITERS[type(statement)](self, statement) is False:
                return False
        return True

    @override
    def is_flat(self, block: p.Block) -> bool:
        """Tell whether a block may be written flat."""
        inside = bool(self.frames) and self.frames[-1].flat
        return shape.is_flat(block, self.final_target, inside_flat=inside)

    # ── operands ───────────────────────────────────────────────────────────────────────────────

    def read(self, operand: p.Operand) -> str:
        """Return an expression for an operand."""
        if type(operand) is not int:
            return repr(operand)
        if operand in self.constants:
            return self._constant(operand)
        return f"l{operand}"

    def _constant(self, local: p.Local) -> str:
        """Return an expression for a local that only ever holds one value."""
        found = self.names.get(local)
        if found is None:
            value = self.constants[local]
            plain = type(value) in {str, bool, type(None)} or (type(value) is int and abs(value) < _SMALL)
            found = self.names[local] = repr(value) if plain else self.scope.constant(value)
        return found

    def _kind(self, operand: p.Operand) -> str | None:
        """Return what is known of an operand's type."""
        if type(operand) is not int:
            return kind_of(operand)
        return kind_of(self.constants[operand]) if operand in self.constants else self.facts.get(operand)

    def _set(self, local: p.Local, expression: str, fact: str | None = None) -> None:
        """Write an assignment."""
        self.emit(f"l{local} = {expression}")
        self.note(local, fact)

    def _key(self, operand: p.Operand) -> str:
        """Return an expression for an operand as the key of an object."""
        name, kind = self.read(operand), self._kind(operand)
        if kind in {"str", "int"}:
            return name
        return f"key_of({name})" if kind else f"{name} if type({name}) is str else key_of({name})"

    def _member(self, operand: p.Operand) -> str:
        """Return an expression for an operand as the name of a set's member."""
        name, kind = self.read(operand), self._kind(operand)
        if kind in {"str", "int", "null"}:
            return name
        if type(operand) is int and operand in self.constants:
            return self.scope.constant(canonical(self.constants[operand]))
        return f"canonical({name})" if kind else f"{name} if type({name}) is str else canonical({name})"

    # ── assignments ────────────────────────────────────────────────────────────────────────────

    def _assign_var(self, s: p.AssignVar) -> None:
        if s.target in self.live:
            self._set(s.target, self.read(s.source), self._kind(s.source))

    def _assign_int(self, s: p.AssignInt | p.MakeNumberInt) -> None:
        self._set(s.target, repr(s.value), "int")

    def _make_number(self, s: p.MakeNumberRef) -> None:
        if type(s.value) is int and abs(s.value) < _SMALL:
            self._set(s.target, repr(s.value), "int")
        else:
            self._set(s.target, self.scope.constant(s.value))

    def _make_null(self, s: p.MakeNull) -> None:
        self._set(s.target, "None", "null")

    def _make_array(self, s: p.MakeArray) -> None:
        self._set(s.target, "[]", "list")

    def _make_object(self, s: p.MakeObject) -> None:
        self._set(s.target, "{}", "dict")

    def _make_set(self, s: p.MakeSet) -> None:
        if s.target in self.late:
            self._set(s.target, "E", "set")
        else:
            self._set(s.target, "new(RegoSet)", "set")
            self.emit(f"l{s.target}.members = {{}}")

    def _reset(self, s: p.ResetLocal) -> None:
        if self.facts.get(s.target) != "undefined" and s.target in self.live:
            self._set(s.target, "U", "undefined")

    def _assign_once(self, s: p.AssignVarOnce) -> bool:
        target, source = f"l{s.target}", self.read(s.source)
        if self.facts.get(s.target) == "undefined" or s.target == self.final_target:
            self.emit(f"{target} = {source}")
        else:
            self.emit(f"if {target} is U:")
            with self.indented():
                self.emit(f"{target} = {source}")
            self.emit(f"elif {self._compared(s.target, s.source)[0]}:")
            with self.indented():
                self.emit("conflict()")
        if self._is_rule(s):
            self._fire(s.location)
        self.note(s.target, self._kind(s.source))
        if s.target == self.final_target and len(self.frames) > 1:
            self.leave(len(self.frames) - 1)
            return False
        return True

    def _is_rule(self, s: p.AssignVarOnce) -> bool:
        """Tell a rule's own result from the planner's copy of it into the function's result."""
        copied = s.target == self.result and type(s.source) is int and self.facts.get(s.source) == "result"
        return self.result is not None and not copied

    def _fire(self, location: Location) -> None:
        place = self.scope.fired(location)
        if place is not None:
            self.emit(f"w[{place}] = 1")

    # ── conditions ─────────────────────────────────────────────────────────────────────────────

    def _compared(self, first: p.Operand, second: p.Operand) -> tuple[str, str]:
        """Return expressions for two operands being different, and being equal."""
        if type(first) is not int or first in self.constants:
            first, second = second, first
        if type(first) is not int or first in self.constants:  # two constants
            a, b = self.scope.constant(self._known(first)), self.scope.constant(self._known(second))
            return f"not equal({a}, {b})", f"equal({a}, {b})"
        a, b, kinds = self.read(first), self.read(second), {self._kind(first), self._kind(second)}
        if "bool" in kinds or "null" in kinds:
            return f"{a} is not {b}", f"{a} is {b}"
        if "str" in kinds or kinds == {"int"}:
            return f"{a} != {b}", f"{a} == {b}"
        if "int" in kinds:
            asked = b if self._kind(first) == "int" else a
            test = f"({a} == {b} if type({asked}) is int else equal({a}, {b}))"
            return f"not {test}", test
        test = f"({a} is {b} or ({a} == {b} if type({a}) is str else equal({a}, {b})))"
        return f"not {test}", test

    def _known(self, operand: p.Operand) -> Any:
        """Return the value of a constant operand."""
        return self.constants[operand] if type(operand) is int else operand

    def _equal(self, s: p.Equal) -> None:
        differ, same = self._compared(s.a, s.b)
        self.leave_if(differ, same)

    def _not_equal(self, s: p.NotEqual) -> None:
        differ, same = self._compared(s.a, s.b)
        self.leave_if(same, differ)

    def _is_array(self, s: p.IsArray) -> None:
        self._is_type(s.source, "list")

    def _is_object(self, s: p.IsObject) -> None:
        self._is_type(s.source, "dict")

    def _is_set(self, s: p.IsSet) -> None:
        self._is_type(s.source, "RegoSet")

    def _is_type(self, source: p.Operand, name: str) -> None:
        if self._kind(source) != name:
            self.leave_if(f"type({self.read(source)}) is not {name}", f"type({self.read(source)}) is {name}")
        if type(source) is int and source not in self.constants:
            self.note(source, "set" if name == "RegoSet" else name)

    def _is_collection(self, s: nodes.IsCollection) -> None:
        kind = f"type({self.read(s.source)})"
        self.leave_if(
            f"{kind} is not list and {kind} is not dict and {kind} is not RegoSet",
            f"{kind} is list or {kind} is dict or {kind} is RegoSet",
        )

    def _is_text(self, s: nodes.IsText) -> None:
        self._is_type(s.source, "str")

    def _is_defined(self, s: p.IsDefined) -> None:
        self.leave_if(f"{self.read(s.source)} is U", f"{self.read(s.source)} is not U")
        if s.source not in self.facts:
            self.note(s.source, "result")

    def _is_undefined(self, s: p.IsUndefined) -> None:
        self.leave_if(f"{self.read(s.source)} is not U", f"{self.read(s.source)} is U")
        self.note(s.source, "undefined")

    def _leave_if_undefined(self, local: p.Local) -> None:
        self.leave_if(f"l{local} is U", f"l{local} is not U")

    # ── steps, lengths and collections ─────────────────────────────────────────────────────────

    def _look_up(self, s: nodes.Lookup) -> None:
        slot = self.scope.slot(self.params.index(s.source), s.path) if self.memo_fits else None
        target = f"l{s.target}"
        if slot is not None:
            self.emit(f"{target} = m[{slot}]")
            self.emit(f"if {target} is N: {target} = q{slot}(l{s.source}, m)")
        else:
            source = f"l{s.source}"
            for step in s.path:
                key = repr(step)
                self.emit(
                    f"{target} = {source}.get({key}, U) if type({source}) is dict else index({source}, {key})"
                )
                source = target
        self.note(s.target, None)
        self._leave_if_undefined(s.target)

    def _dot(self, s: p.Dot) -> None:
        source, key = self.read(s.source), self.read(s.key)
        step = "data_index" if s.source in self.from_data else "index"
        kinds = self._kind(s.source), self._kind(s.key)
        if kinds[1] in {"int", "bool", "null"} or kinds[0] in {"list", "set"}:
            self._set(s.target, f"{step}({source}, {key})")
        else:
            asked = [] if kinds[0] == "dict" else [f"type({source}) is dict"]
            asked += [] if kinds[1] == "str" else [f"type({key}) is str"]
            get = f"{source}.get({key}, U)"
            self._set(
                s.target, f"{get} if {' and '.join(asked)} else {step}({source}, {key})" if asked else get
            )
        self._leave_if_undefined(s.target)

    def _length(self, s: p.Len) -> None:
        self._set(s.target, f"length({self.read(s.source)})")
        self._leave_if_undefined(s.target)

    def _array_append(self, s: p.ArrayAppend) -> None:
        self._own(s.array, "list")
        self.emit(f"l{s.array}.append({self.read(s.value)})")

    def _object_insert(self, s: p.ObjectInsert) -> None:
        self._own(s.object, "dict")
        self.emit(f"l{s.object}[{self._key(s.key)}] = {self.read(s.value)}")

    def _object_insert_once(self, s: p.ObjectInsertOnce) -> None:
        self._own(s.object, "dict")
        self.emit(f"insert_once(l{s.object}, {self._key(s.key)}, {self.read(s.value)})")
        self._fire_change(s.object, s.location)

    def _set_add(self, s: p.SetAdd) -> None:
        self._own(s.set, "set")
        self._made_now(s.set)
        # what `RegoSet.add` does, without the call
        self.emit(f"l{s.set}.members[{self._member(s.value)}] = {self.read(s.value)}")
        self._fire_change(s.set, s.location)

    def _made_now(self, local: p.Local) -> None:
        """Make a set that is made only with its first member."""
        if local in self.late:
            self.emit(f"if l{local} is E: l{local} = new(RegoSet); l{local}.members = {{}}")

    def _fire_change(self, local: p.Local, location: Location) -> None:
        if local == self.result or local not in self.owned:
            self._fire(location)

    def _own(self, local: p.Local, kind: str) -> None:
        """Before a change in place: copy what this evaluation may not own; a wrong type is a conflict."""
        if local in self.owned or self.facts.get(local) == kind:
            return
        self.emit(f"l{local} = own_{kind}({self.read(local)})")
        self.note(local, None)

    def _merge(self, s: p.ObjectMerge) -> None:
        self._set(s.target, f"merge({self.read(s.a)}, {self.read(s.b)})")

    # ── blocks ─────────────────────────────────────────────────────────────────────────────────

    def _nested(self, s: p.Nested) -> None:
        for block in s.blocks:
            before = self.facts.copy()
            self.settle(self.once(block))
            self.forget(before, (block,))

    def _negate(self, s: p.Not) -> None:
        before = self.facts.copy()
        if shape.is_condition(s.block):
            holds = self._condition(s.block)
            self.leave_if(holds, f"not ({holds})")
        else:
            self.settle(self.once(s.block, last=lambda: self.leave(1)))
        self.forget(before, (s.block,))

    def _condition(self, block: p.Block) -> str:
        """Write the lines that a block needs, and return the expression for its being defined."""
        outer, self.asked = self.asked, []
        self.statements(block)
        asked, self.asked = self.asked, outer
        return " and ".join(asked) or "True"

    def _leave_blocks(self, s: p.Break) -> bool:
        self.leave(s.index)
        return False

    def _replaced(self, s: p.With) -> None:
        number = len(self.temporaries)
        saved, memo, undefined = (f"s{number}", f"n{number}", f"w{number}")
        self.temporaries += [saved, memo, undefined]
        self._count_step()
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
        self.leave_if(undefined, f"not {undefined}")

    # ── scans ──────────────────────────────────────────────────────────────────────────────────

    def _scan(self, s: p.Scan) -> None:
        if self._is_copied(s):
            self._copy_set(s)
            return
        orderless = shape.is_orderless(s.block, self._read_outside(s), self.final_target)
        changed = flow.rebound((s.block,)) | {s.key, s.value}
        before = {local: fact for local, fact in self.facts.items() if local not in changed}
        source = self._scanned(s, orderless=orderless)
        self.facts = before.copy()
        frame = Frame(scan=True)
        self.frames.append(frame)
        outer, self.out = self.out, []
        with self.nesting() as outlined:
            self.depth += 1
            if self.statements(s.block) and self._is_decided(s):
                self.emit("break")
            self.depth -= 1
        body, self.out = self.out, outer
        self.frames.pop()
        self.where = s.location
        loop: Lines = [(self._loop_head(s), s.location), body or [("pass", None)]]
        head: Lines = [(f"x = {source}", s.location)]
        self.place([*head, ("if x:", None), [*self._budget(s.location), *loop]], outlined=outlined)
        self.facts = before
        self.settle(frame.passing)

    @staticmethod
    def _budget(location: Location) -> Lines:
        """Return lines that take a scan's steps off the budget."""
        return [("t[0] = c = t[0] - len(x)", location), ("if c < 0: exhausted()", location)]

    def _is_copied(self, s: p.Scan) -> bool:
        """Tell a scan that does nothing but put a set's members into a set."""
        match s.block.statements:
            case (p.SetAdd(value=value, set=target),):
                ours = target in self.owned or self.facts.get(target) == "set"
                return value == s.value and s.key not in self.live and self._kind(s.source) == "set" and ours
            case _:
                return False

    def _copy_set(self, s: p.Scan) -> None:
        added: Any = s.block.statements[0]
        self.emit(f"x = {self.read(s.source)}.members")
        self.emit("if x:")
        with self.indented():
            self.out.extend(self._budget(s.location))
            self._made_now(added.set)
            self.emit(f"l{added.set}.members.update(x)")
            self.where = added.location
            self._fire_change(added.set, added.location)

    def _is_decided(self, s: p.Scan) -> bool:
        """Tell a scan whose end, once reached, says all: `every` has found a member that fails, and asks no other."""
        match s.block.statements[-1:]:
            case (p.AssignVar(source=bool(), target=target),):
                outside = self._read_outside(s)
                effects = [
                    inner
                    for inner in flow.walk((s.block,))
                    if isinstance(inner, _EFFECTS) or any(local in outside for local in flow.writes(inner))
                ]
                return len(effects) == 1 and target in flow.writes(effects[0])
            case _:
                return False

    def _read_outside(self, s: p.Scan) -> set[p.Local]:
        """Return the locals that a scan's body sets and that something outside it reads."""
        inside = Counter(local for statement in flow.walk((s.block,)) for local in flow.reads(statement))
        return {local for local in flow.written((s.block,)) if self.read_times[local] > inside[local]}

    def _scanned(self, s: p.Scan, *, orderless: bool) -> str:
        """Return an expression for the list that a scan runs over."""
        name, kind = self.read(s.source), self._kind(s.source)
        if s.key in self.live:
            return f"pairs({name})"
        if kind == "set":
            return f"{name}.members.values()" if orderless else f"{name}.sorted()"
        # What a body appends to a foreign array must not lengthen the array that it runs over.
        grows = any(isinstance(inner, p.ArrayAppend) for inner in flow.walk((s.block,)))
        array = f"{name}{'[:]' if grows else ''}"
        if kind == "list":
            return array
        return f"{array} if type({name}) is list else {'members' if orderless else 'items'}({name})"

    def _loop_head(self, s: p.Scan) -> str:
        return f"for l{s.key}, l{s.value} in x:" if s.key in self.live else f"for l{s.value} in x:"

    # ── calls ──────────────────────────────────────────────────────────────────────────────────

    def _call(self, s: p.Call) -> bool:
        known = self.scope.function(s.func, len(s.args))
        if known is None:
            self._call_builtin(s)
            return True
        if len(known[1].params) != len(s.args):  # a function is no part of a document
            self.leave_if("True", "False")
            return False
        self._call_function(s)
        found = self.scope.returns(s.func)
        self.note(s.result, found.kind)
        if not found.defined:
            self._leave_if_undefined(s.result)
        return True

    def _call_function(self, s: p.Call) -> None:
        """Write the call of a function of the plan, up to its value."""
        number, function = self.scope.function(s.func, len(s.args)) or (0, None)
        args = ", ".join(map(self.read, s.args))
        if not self._is_ours(
            s.args
        ):  # answers about another input or other data are not remembered among ours
            self._count_step()
            self._set(s.result, f"f{number}({args}, [N] * len(m), t, w)")
        elif function is not None and len(function.params) == 2:  # noqa: PLR2004 - the input and the data: memoised
            self._set(s.result, f"m[{number}]")
            self.emit(f"if l{s.result} is N: l{s.result} = f{number}({args}, m, t, w)")
        else:
            self._count_step()
            self._set(s.result, f"f{number}({args}, m, t, w)")

    def _is_asked(self, s: p.Call, following: p.Statement | None) -> bool:
        """Tell a call whose value is only asked for not being false, and that gives nothing but booleans."""
        match following:
            case p.NotEqual(a=asked, b=False) if asked == s.result and type(asked) is int:
                return self.read_times[asked] == 1 and self._gives_boolean(s)
            case _:
                return False

    def _gives_boolean(self, s: p.Call) -> bool:
        known = self.scope.function(s.func, len(s.args))
        if known is not None:
            return len(known[1].params) == len(s.args) and self.scope.returns(s.func).kind == "bool"
        found = self._inline(s)
        return found is not None and found.kind == "bool" and (found.when is None or self.scope.strict)

    def _ask(self, s: p.Call) -> None:
        """Write a call whose value is only asked for being true."""
        if self.scope.function(s.func, len(s.args)) is None:
            found, call = self._inline(s), self._builtin(s)
            if found is not None and found.when is None:
                self.leave_if(f"not ({found.expression})", f"({found.expression})")
                return
            if found is not None:
                test = f"({found.expression} if {found.when} else {call})"
                self.leave_if(f"not {test}", test)
                return
        self._call_function(s)
        self.leave_if(f"l{s.result} is not True", f"l{s.result} is True")

    def _is_ours(self, args: tuple[p.Operand, ...]) -> bool:
        """Tell whether a call is about the input and the data that the memo is about."""
        return self.memo_fits and args[:2] == self.params[:2]

    def _count_step(self) -> None:
        """Where work is not bounded by the plan's size, take a step off the budget."""
        self.emit("t[0] = c = t[0] - 1")
        self.emit("if c < 0: exhausted()")

    def _call_builtin(self, s: p.Call) -> None:
        found, call = self._inline(s), self._builtin(s)
        if call is None:
            return
        if found is None:
            self._set(s.result, call)
        elif found.when is None:
            self._set(s.result, found.expression, found.kind)
            return
        else:
            kind = found.kind if self.scope.strict else None
            self._set(s.result, f"{found.expression} if {found.when} else {call}", kind)
            if kind is not None:
                return
        self._leave_if_undefined(s.result)

    def _builtin(self, s: p.Call) -> str | None:
        """Return an expression for a builtin's call; write it where it has no value."""
        name, void, contextual = self.scope.builtin(s.func, len(s.args))
        args = map(self.read, s.args)
        call = f"{name}({', '.join(['t[1]', *args] if contextual else args)})"
        if void:
            self.emit(call)
        return None if void else call

    def _inline(self, s: p.Call) -> Inline | None:
        return self.scope.inline(s.func, [*map(self.read, s.args)], [*map(self._kind, s.args)])

    def _refer(self, s: nodes.Reference) -> None:
        call: Any = s.dynamic.statements[0]
        self.emit(f"c = {self._rule_at(call)}")
        self.emit("if c is not None:")
        with self.indented():
            self._call_rule(call)
        self.emit("else:")
        before = self.facts.copy()
        with self.indented():
            self._set(s.target, "U", "undefined")
            self.settle(self.once(s.base))
        self.forget(before, (s.dynamic, s.base))
        self._leave_if_undefined(s.target)

    def _rule_at(self, s: p.CallDynamic) -> str:
        """Return an expression for the rule that a dynamic call is about, or None."""
        known = tuple(self._known_text(step) for step in s.path)
        open_ = [self.read(step) for step, text in zip(s.path, known, strict=True) if text is None]
        key = open_[0] if len(open_) == 1 else f"({''.join(f'{step}, ' for step in open_)})"
        asked = " and ".join(f"type({step}) is str" for step in open_)
        return f"{self.scope.rules_at(known)}.get({key})" + (f" if {asked} else None" if asked else "")

    def _known_text(self, operand: p.Operand) -> str | None:
        known = type(operand) is not int or operand in self.constants
        value = self._known(operand) if known else None
        return value if type(value) is str else None

    def _call_rule(self, s: p.CallDynamic) -> None:
        """Write the call of the rule that `c` holds."""
        args = ", ".join(map(self.read, s.args))
        if self._is_ours(s.args):
            self._set(s.result, "m[c[0]]")
            self.emit(f"if l{s.result} is N: l{s.result} = c[1]({args}, m, t, w)")
        else:
            self._set(s.result, f"c[1]({args}, [N] * len(m), t, w)")

    def _call_dynamic(self, s: p.CallDynamic) -> None:
        self.emit(f"c = {self._rule_at(s)}")
        self.leave_if("c is None", "c is not None")
        self._call_rule(s)
        # The rule exists, so its having no value counts: leave everything up to the reference.
        self.emit(f"if l{s.result} is U:")
        with self.indented():
            self.leave(shape.DYNAMIC_LEVELS)

    def _result_add(self, s: p.ResultSetAdd) -> None:
        self.emit(f"t[2].append({self.read(s.value)})")

    def _return_local(self, s: p.ReturnLocal) -> bool:
        self.give_back(self.read(s.source))
        return False

    def _nop(self, _: p.Nop) -> None:
        return

    WRITERS: ClassVar[Mapping[type[p.Statement], Callable[[Any, Any], bool | None]]] = {
        p.ArrayAppend: _array_append, p.AssignInt: _assign_int, p.AssignVar: _assign_var,
        p.AssignVarOnce: _assign_once, p.Nested: _nested, p.Break: _leave_blocks, p.CallDynamic: _call_dynamic,
        p.Call: _call, p.Dot: _dot, p.Equal: _equal, p.IsArray: _is_array, nodes.IsCollection: _is_collection, nodes.IsText: _is_text,
        p.IsDefined: _is_defined, p.IsObject: _is_object, p.IsSet: _is_set, p.IsUndefined: _is_undefined,
        p.Len: _length, nodes.Lookup: _look_up, nodes.Reference: _refer, p.MakeArray: _make_array, p.MakeNull: _make_null,
        p.MakeNumberInt: _assign_int, p.MakeNumberRef: _make_number, p.MakeObject: _make_object,
        p.MakeSet: _make_set, p.Nop: _nop, p.NotEqual: _not_equal, p.Not: _negate,
        p.ObjectInsertOnce: _object_insert_once, p.ObjectInsert: _object_insert, p.ObjectMerge: _merge,
        p.ResetLocal: _reset, p.ResultSetAdd: _result_add, p.ReturnLocal: _return_local, p.Scan: _scan,
        p.SetAdd: _set_add, p.With: _replaced,
    }  # fmt: skip


def _late(blocks: tuple[p.Block, ...], result: p.Local | None) -> set[p.Local]:
    """Return the function's result where it is a set that nothing looks at before it is returned.

    Most of a policy's sets of reasons stay empty: those share one empty set.
    """
    looked_at = any(
        result in flow.reads(s)
        for s in flow.walk(blocks)
        if not isinstance(s, p.ReturnLocal) and not (isinstance(s, p.SetAdd) and s.value != result)
    )
    return set() if result is None or looked_at else {result}


def _steps_from_data(blocks: tuple[p.Block, ...], data: p.Local) -> set[p.Local]:
    """Return the locals that only ever hold what `data` holds at a path: OPA reads those from its store."""
    found = {data}
    other: set[p.Local] = set()
    statements = list(flow.walk(blocks))
    for _ in range(2):
        for s in statements:
            if isinstance(s, p.Dot | nodes.Lookup) and type(s.source) is int and s.source in found:
                found.add(s.target)
            else:
                other.update(flow.writes(s))
    return (found - other) | {data}
