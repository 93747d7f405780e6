"""Which method writes which type of statement; assignments and blocks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from rego import plan as p
from rego.codegen import shape
from rego.codegen.collecting import CollectionWriter
from rego.codegen.operands import is_small

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class StatementWriter(CollectionWriter):
    """Writes the statements of one function."""

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

    def _assign_var(self, s: p.AssignVar) -> None:
        if s.target in self.live:
            self._set(s.target, self.read(s.source), self._kind(s.source))

    def _assign_int(self, s: p.AssignInt | p.MakeNumberInt) -> None:
        self._set(s.target, repr(s.value), "int")

    def _make_number(self, s: p.MakeNumberRef) -> None:
        if is_small(s.value):
            self._set(s.target, repr(s.value), "int")
        else:
            self._set(s.target, self.scope.constant(s.value))

    def _make_null(self, s: p.MakeNull) -> None:
        self._set(s.target, "None", "null")

    def _make_array(self, s: p.MakeArray) -> None:
        self._set(s.target, "[]", "list")

    def _make_object(self, s: p.MakeObject) -> None:
        self._set(s.target, "{}", "dict")

    def _reset(self, s: p.ResetLocal) -> None:
        if self.facts.get(s.target) != "undefined" and s.target in self.live:
            self._set(s.target, "U", "undefined")

    def _assign_once(self, s: p.AssignVarOnce) -> bool:
        target, source = self.local(s.target), self.read(s.source)
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
        self.emit(f"{saved} = {self.local(s.local)}; {memo} = m; {undefined} = True")
        value = self.read(s.value)
        path = ", ".join(map(repr, s.path))
        self.emit(
            f"{self.local(s.local)} = upsert({self.local(s.local)}, ({path},), {value})"
            if s.path
            else f"{self.local(s.local)} = {value}"
        )
        self.emit("m = [N] * len(m)")
        before = self.facts.copy()
        self.note(s.local, None)
        passing = self.once(s.block, last=lambda: self.emit(f"{undefined} = False"))
        self.emit(f"{self.local(s.local)} = {saved}; m = {memo}")
        self.forget(before, (s.block,))
        self.note(s.local, None)
        self.settle(passing)
        self.leave_if(undefined, f"not {undefined}")

    def _result_add(self, s: p.ResultSetAdd) -> None:
        self.emit(f"t[2].append({self.read(s.value)})")

    def _return_local(self, s: p.ReturnLocal) -> bool:
        self.give_back(self.read(s.source))
        return False

    def _nop(self, _: p.Nop) -> None:
        return

    WRITERS: ClassVar[Mapping[type[p.Statement], Callable[[Any, Any], bool | None]]] = {
        **CollectionWriter.WRITERS,
        p.AssignInt: _assign_int, p.AssignVar: _assign_var, p.AssignVarOnce: _assign_once,
        p.Break: _leave_blocks, p.MakeArray: _make_array, p.MakeNull: _make_null,
        p.MakeNumberInt: _assign_int, p.MakeNumberRef: _make_number, p.MakeObject: _make_object,
        p.Nested: _nested, p.Nop: _nop, p.Not: _negate, p.ResetLocal: _reset,
        p.ResultSetAdd: _result_add, p.ReturnLocal: _return_local, p.With: _replaced,
    }  # fmt: skip
