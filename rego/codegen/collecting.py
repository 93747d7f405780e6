"""How steps into collections, changes of them and loops over them are written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rego import flow, nodes
from rego import plan as p
from rego.codegen import shape
from rego.codegen.blocks import Frame, Lines
from rego.codegen.calls import CallWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.errors import Location

#: Statements that leave something behind besides the locals that they set.
_EFFECTS: Final = (
    p.ArrayAppend, p.AssignVarOnce, p.ObjectInsert, p.ObjectInsertOnce, p.ResultSetAdd, p.ReturnLocal,
    p.SetAdd,
)  # fmt: skip


class CollectionWriter(CallWriter):
    """Writes what has to do with collections."""

    def _look_up(self, s: nodes.Lookup) -> None:
        slot = self.scope.slot(self.params.index(s.source), s.path) if self.memo_fits else None
        target = self.local(s.target)
        if slot is not None:
            self.emit(f"{target} = m[{slot}]")
            if not (self.scope.steady and s.source == self.params[1]):
                self.emit(f"if {target} is N: {target} = q{slot}({self.local(s.source)}, m)")
        else:
            source = self.local(s.source)
            index = "data_index" if s.source == self.params[1] else "index"
            for step in s.path:
                key = repr(step)
                found = f"{source}.get({key}, U) if type({source}) is dict else {index}({source}, {key})"
                self.emit(f"{target} = {found}")
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
        self.emit(f"{self.local(s.array)}.append({self.read(s.value)})")

    def _object_insert(self, s: p.ObjectInsert) -> None:
        self._own(s.object, "dict")
        self.emit(f"{self.local(s.object)}[{self._key(s.key)}] = {self.read(s.value)}")

    def _object_insert_once(self, s: p.ObjectInsertOnce) -> None:
        self._own(s.object, "dict")
        self.emit(f"insert_once({self.local(s.object)}, {self._key(s.key)}, {self.read(s.value)})")
        self._fire_change(s.object, s.location)

    def _set_add(self, s: p.SetAdd) -> None:
        self._own(s.set, "set")
        self._made_now(s.set)
        # what `RegoSet.add` does, without the call
        self.emit(f"{self.local(s.set)}.members[{self._member(s.value)}] = {self.read(s.value)}")
        self._fire_change(s.set, s.location)

    def _make_set(self, s: p.MakeSet) -> None:
        self.emit(f"{self.local(s.target)} = E" if s.target in self.late else self._new_set(s.target))
        self.note(s.target, "set")

    def _made_now(self, local: p.Local) -> None:
        """Make a set that is made only with its first member."""
        if local in self.late:
            self.emit(f"if {self.local(local)} is E: {self._new_set(local)}")

    def _new_set(self, local: p.Local) -> str:
        name = self.local(local)
        return f"{name} = new(RegoSet); {name}.members = {{}}; {name}.order = None"

    def _own(self, local: p.Local, kind: str) -> None:
        """Before a change in place: copy what this evaluation may not own; a wrong type is a conflict."""
        if local in self.owned or self.facts.get(local) == kind:
            return
        self.emit(f"{self.local(local)} = own_{kind}({self.read(local)})")
        self.note(local, None)

    def _merge(self, s: p.ObjectMerge) -> None:
        self._set(s.target, f"merge({self.read(s.a)}, {self.read(s.b)})")

    def _scan(self, s: p.Scan) -> None:
        if self._is_copied(s):
            self._copy_set(s)
            return
        orderless = shape.is_orderless(s.block, self._read_outside(s), self.final_target)
        changed = flow.rebound((s.block,)) | {s.key, s.value}
        before = {local: fact for local, fact in self.facts.items() if local not in changed}
        source = self._scanned(s, orderless=orderless)
        self.facts = before.copy()
        frame = Frame(scan=True, member=s.value)
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

    def _budget(self, location: Location) -> Lines:
        """Return lines that take a scan's steps off the budget.

        Only loops in loops can take more steps than what they run over has members: only there it is checked.
        """
        if not self.in_scan and not any(frame.scan for frame in self.frames):
            return [("t[0] -= len(x)", location)]
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
            self.emit(f"{self.local(added.set)}.members.update(x)")
            self.where = added.location
            self._fire_change(added.set, added.location)

    def _is_decided(self, s: p.Scan) -> bool:
        """Tell a scan whose end, once reached, says all: `every` has found a member that fails."""
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
        if kind == "dict" and orderless:
            return f"{name}.values()"
        # What a body appends to a foreign array must not lengthen the array that it runs over.
        grows = any(isinstance(inner, p.ArrayAppend) for inner in flow.walk((s.block,)))
        array = f"{name}{'[:]' if grows else ''}"
        if kind == "list":
            return array
        return f"{array} if type({name}) is list else {'members' if orderless else 'items'}({name})"

    def _loop_head(self, s: p.Scan) -> str:
        return (
            f"for {self.local(s.key)}, {self.local(s.value)} in x:"
            if s.key in self.live
            else f"for {self.local(s.value)} in x:"
        )

    WRITERS: ClassVar[Mapping[type[p.Statement], Callable[[Any, Any], bool | None]]] = {
        **CallWriter.WRITERS,
        nodes.Lookup: _look_up, p.Dot: _dot, p.Len: _length, p.ArrayAppend: _array_append,
        p.ObjectInsert: _object_insert, p.ObjectInsertOnce: _object_insert_once, p.SetAdd: _set_add,
        p.ObjectMerge: _merge, p.Scan: _scan, p.MakeSet: _make_set,
    }  # fmt: skip
